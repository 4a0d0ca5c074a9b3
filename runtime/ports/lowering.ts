import type { Fault, Result } from "#kernel/result.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import type { Checked } from "#protocol/problem.ts";

/**
 * Makes AgentSpecs of agent files, behind a wall: whatever the text does to the parser, the caller
 * lives on. One text at a time; further calls wait for their turn, which does not count against
 * their deadline.
 *
 * Not promised: that anything is remembered from one call to the next.
 */
export interface Lowering {
  /** Rejects with an AbortError when aborted; every other end is a result. */
  lower(input: LoweringInput, signal: AbortSignal): Promise<Result<Checked<AgentSpec | null>, LoweringFault>>;
  /** Ends what runs; calls that still wait fail. Safe to call twice. */
  close(): Promise<void>;
}

export interface LoweringInput {
  /** Workspace-relative, `/`-separated, NFC, without empty, `.` or `..` parts. */
  readonly path: string;
  /** The file as it stands on disk. */
  readonly bytes: Uint8Array;
}

/** No text that is within the language's own limits should ever come to either. */
export type LoweringFault = Fault<"LOWERING_TIMEOUT" | "LOWERING_CRASHED">;
