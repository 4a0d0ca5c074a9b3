import { utf8Text } from "#kernel/bytes.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { entriesMax } from "#sandbox/container-profile.ts";
import type { LeftFiles, ProgramJob } from "#sandbox/file-session.ts";
import type { SandboxLimits } from "#ports/sandbox.ts";
import { readTar } from "#sandbox/tar-read.ts";
import { TAR_BLOCK_BYTES } from "#sandbox/tar-write.ts";

import { VALUE_FILE } from "./image-layout.ts";

/** Longest archive that holds no more than a program may leave. */
export const archiveBytesMax = (limits: SandboxLimits): number =>
  limits.fileBytesMax +
  limits.outputBytesMax +
  entriesMax(limits) * 4 * TAR_BLOCK_BYTES +
  64 * TAR_BLOCK_BYTES;

export interface Left {
  readonly left: LeftFiles;
  readonly value: string | null;
}

/** What a program left in its archive, as it differs from what it was given; or one sentence on why it cannot be kept. */
export const leftOf = (archive: Uint8Array, job: ProgramJob): Result<Left, string> => {
  const found = readTar(archive, { entriesMax: entriesMax(job.limits) });
  if (!found.ok) return found;
  const written = new Map<string, Uint8Array>();
  let value: string | null = null;
  for (const { path, bytes } of found.value) {
    if (path === VALUE_FILE.slice(1)) {
      if (bytes.length > job.limits.outputBytesMax) return failed("its value is too long");
      value = utf8Text(bytes) ?? "";
      continue;
    }
    if (!path.startsWith("work/")) return failed("the archive of its files names what is none of them");
    const name = path.slice("work/".length);
    if (written.has(name)) return failed("the archive of its files has one of them twice");
    // A copy, so that what is kept of an archive does not keep all of it.
    written.set(name, bytes.slice());
  }
  const removed = job.files.filter(({ path }) => !written.has(path)).map(({ path }) => path);
  return ok({ left: { written: Array.from(written, ([path, bytes]) => ({ path, bytes })), removed }, value });
};
