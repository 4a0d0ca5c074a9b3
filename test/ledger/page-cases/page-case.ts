import type { LogToVerify } from "../second-verifier.ts";
import type { Fault, FaultKind } from "../second-verifier/rows.ts";
import type { StrangeLog } from "./strange-log.ts";
import { begunLog, LOG, workspace } from "./strange-log.ts";

/** A log of which the page says what a verifier must say of it. */
export interface PageCase {
  readonly name: string;
  readonly log: () => LogToVerify;
  /** The first fault. */
  readonly expected: Fault | null;
}

type Options = Omit<LogToVerify, "files">;

/** A begun log (lines 0 to 2), or another, and what is done to it. */
export const logCase = (
  name: string,
  expected: Fault | null,
  write: (log: StrangeLog) => Options | void,
  begin: () => StrangeLog = begunLog,
): PageCase => ({
  name,
  expected,
  log: () => {
    const log = begin();
    const options = write(log) ?? {};
    return { files: log.files, log: LOG, workspaceKey: workspace.publicKey, ...options };
  },
});

export const fault = (kind: FaultKind, index: number): Fault => ({ kind, index });
export const LIVE: Options = { live: true };
