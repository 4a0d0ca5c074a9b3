import { utf8Text } from "#kernel/bytes.ts";
import type { LogId, WorkspaceId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { LedgerFault, LedgerStore } from "#ports/ledger.ts";
import { segmentFile } from "#protocol/ledger-format.ts";
import { structureOf } from "#protocol/ledger-line.ts";
import { OPENING_LINES } from "./limits.ts";
import { parseLine } from "./parse-line.ts";

/** Bytes of a log in which its opening is looked for; ours takes less than two thousand. */
const OPENING_BYTES_MAX = 8_192;

/** What tells a workspace's logs from those of others beside them. */
export interface LogOwner {
  readonly workspace: WorkspaceId;
  /** False where nothing but this workspace's logs may lie. */
  readonly isShared: boolean;
  /** Logs that this workspace has an anchor of in this place. */
  readonly anchored: readonly LogId[];
}

/**
 * Whose a log is: in a place of its own the workspace's, in a shared one by its anchor, else by what
 * its opening says. Nothing vouches for the opening here; who changes it cannot make a log disappear
 * that way, because the anchor comes first and verification looks at all of them.
 */
export const whoseLog = async (
  store: LedgerStore,
  { workspace, isShared, anchored }: LogOwner,
  log: LogId,
): Promise<Result<"ours" | "another's" | "unsaid", LedgerFault>> => {
  if (!isShared || anchored.includes(log)) return ok("ours");
  const said = await workspaceInOpening(store, log);
  if (!said.ok) return said;
  if (said.value === null) return ok("unsaid");
  return ok(said.value === workspace ? "ours" : "another's");
};

const workspaceInOpening = async (
  store: LedgerStore,
  log: LogId,
): Promise<Result<string | null, LedgerFault>> => {
  const read = await store.read(log, segmentFile(1, "jsonl"), 0, OPENING_BYTES_MAX);
  if (!read.ok) return read;
  let from = 0;
  for (let line = 0; line < OPENING_LINES; line += 1) {
    const to = read.value.indexOf(LINE_FEED, from);
    if (to === -1) break;
    const entry = parseLine(utf8Text(read.value.subarray(from, to)) ?? "");
    if (typeof entry !== "string" && entry.type === "log.opened") {
      return ok(structureOf(entry, "log.opened").workspace);
    }
    from = to + 1;
  }
  return ok(null);
};

const LINE_FEED = 0x0a;
