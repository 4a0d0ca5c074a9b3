import { utf8Text } from "#kernel/bytes.ts";
import type { ScopeId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { LedgerFault, LedgerStore } from "#ports/ledger.ts";
import { contentTextOf } from "./line-text.ts";
import { readLines } from "./read-lines.ts";

/** How many entries of all logs have content under a scope. */
export const countScopeEntries = async (
  store: LedgerStore,
  scope: ScopeId,
): Promise<Result<number, LedgerFault>> => {
  const logs = await store.logs();
  if (!logs.ok) return logs;
  let count = 0;
  for (const log of logs.value) {
    const files = await store.files(log);
    if (!files.ok) return files;
    for await (const stretch of readLines(store, log, files.value)) {
      if (!stretch.ok) return stretch;
      for (const { bytes } of stretch.value.lines) {
        if (contentTextOf(utf8Text(bytes) ?? "").includes(`"scope":"${scope}"`)) count += 1;
      }
    }
  }
  return ok(count);
};
