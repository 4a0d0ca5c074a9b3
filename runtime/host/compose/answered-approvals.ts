import { ownText, ownValue } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";

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

/** How the question ended whose id ends so; null where none did, or more than one. */
export const findAnswer = async (
  place: LedgerPlace,
  ending: string,
  signal: AbortSignal,
): Promise<Result<AnswerOnRecord | null, Fault<string>>> => {
  const reader = await openHostReader(place);
  if (!reader.ok) return reader;
  const found: AnswerOnRecord[] = [];
  for await (const bunch of reader.value.entries({ type: "approval.answered" }, signal)) {
    if (!bunch.ok) return bunch;
    for (const { entry } of bunch.value) {
      if (entry === null || !ownText(entry.public, "approval").endsWith(ending)) continue;
      const [by, surface] = [ownValue(entry.public, "by"), ownValue(entry.public, "surface")];
      found.push({
        answer: ownText(entry.public, "answer"),
        by: typeof by === "string" ? by : null,
        surface: typeof surface === "string" ? surface : null,
        wallMs: entry.time.wallMs,
      });
    }
  }
  return ok(found.length === 1 ? (found[0] ?? null) : null);
};
