import { ownText, ownValue } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";

import { openHostReader } from "./host.ts";
import type { LedgerPlace } from "./ledger.ts";

/** How a question ended, as `approval.answered` has it. */
export interface AnswerOnRecord {
  readonly answer: string;
  /** Null where nobody did, as when its time was over. */
  readonly by: string | null;
  readonly surface: string | null;
  readonly wallMs: number;
}

/**
 * How the question ended whose id ends so: "open" where it was asked in a log that somebody writes and
 * its end is not on record yet; null where there is no such question, more than one, or its host is dead.
 */
export const findAnswer = async (
  place: LedgerPlace,
  ending: string,
  signal: AbortSignal,
): Promise<Result<AnswerOnRecord | "open" | null, Fault<string>>> => {
  const reader = await openHostReader(place);
  if (!reader.ok) return reader;
  const logs = await reader.value.logs();
  if (!logs.ok) return logs;
  const live = new Set(logs.value.filter((one) => one.live).map(({ log }) => log));
  const found = new Map<string, AnswerOnRecord | "open" | null>();
  for (const type of ["approval.asked", "approval.answered"] as const) {
    for await (const bunch of reader.value.entries({ type }, signal)) {
      if (!bunch.ok) return bunch;
      for (const { log, entry } of bunch.value) {
        const approval = entry === null ? "" : ownText(entry.public, "approval");
        if (entry === null || !approval.endsWith(ending)) continue;
        const open = live.has(log) ? "open" : null;
        found.set(approval, type === "approval.asked" ? open : answerIn(entry));
      }
    }
  }
  return ok(found.size === 1 ? ([...found.values()][0] ?? null) : null);
};

const answerIn = ({ public: fields, time }: LedgerEntry): AnswerOnRecord => {
  const [by, surface] = [ownValue(fields, "by"), ownValue(fields, "surface")];
  return {
    answer: ownText(fields, "answer"),
    by: typeof by === "string" ? by : null,
    surface: typeof surface === "string" ? surface : null,
    wallMs: time.wallMs,
  };
};
