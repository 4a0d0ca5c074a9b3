import type { SandboxLimits } from "#ports/sandbox.ts";

const MEBIBYTE = 1024 * 1024;

/** What a session of the embedded tier gets where nobody says otherwise. */
export const WASM_LIMITS_DEFAULT: SandboxLimits = {
  memoryBytesMax: 256 * MEBIBYTE,
  // Twice what a workspace's snapshot may have, so that a full one leaves room to work in.
  fileBytesMax: 128 * MEBIBYTE,
  filesMax: 20_000,
  // Recorded with every result, where each byte may take six.
  outputBytesMax: MEBIBYTE / 4,
};

/** Longest that one program runs where nobody says otherwise. */
export const PROGRAM_TIMEOUT_MS_DEFAULT = 30_000;
