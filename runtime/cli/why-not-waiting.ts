import { setTimeout as sleep } from "node:timers/promises";

import type { Fault } from "#kernel/result.ts";
import { fault } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { AnswerOnRecord } from "#host/compose/answered-approvals.ts";
import { findAnswer } from "#host/compose/answered-approvals.ts";
import type { LedgerPlace } from "#host/compose/ledger.ts";

import { dateText, timeText } from "./audit-text.ts";

/** A fault with how the host would have answered. */
export type AnsweredFault = Fault<string> & { readonly error: string };

/** How often, and behind what wait, an answer is looked for that somebody gave this moment. */
const LOOKS_MAX = 30;
const LOOK_AGAIN_MS = 100;

/**
 * What the ledger has of a question that no host waits for: most often somebody else answered it. A
 * question stops waiting a moment before its answer is on record, so it is looked for more than once.
 */
export const whyNotWaiting = async (
  place: LedgerPlace,
  id: string,
  signal: AbortSignal,
): Promise<AnsweredFault> => {
  for (let looksLeft = LOOKS_MAX; ; looksLeft -= 1) {
    const found = await findAnswer(place, id.toLowerCase(), signal);
    if (!found.ok) return { ...found.fault, error: "unavailable" };
    if (found.value === null) return NO_SUCH;
    if (found.value !== "open") return answered(found.value);
    if (looksLeft === 0) return UNRECORDED;
    await sleep(LOOK_AGAIN_MS, undefined, { signal });
  }
};

const answered = ({ answer, by, surface, wallMs }: AnswerOnRecord): AnsweredFault => {
  const who =
    by === null ? "" : ` by ${visibleText(by)}${surface === null ? "" : ` (${visibleText(surface)})`}`;
  const when = `${dateText(wallMs)} ${timeText(wallMs).slice(0, 8)} UTC`;
  return {
    ...fault("APPROVAL_ANSWERED", `the question is over: ${visibleText(answer)}${who} at ${when}`, {
      help: "a question is answered once; `writ approvals list` shows what waits",
    }),
    error: "conflict",
  };
};

const NO_SUCH: AnsweredFault = {
  ...fault("APPROVAL_UNKNOWN", "no such question waits for an answer", {
    help: "`writ approvals list` shows what waits",
  }),
  error: "not-found",
};
const UNRECORDED: AnsweredFault = {
  ...fault("APPROVAL_ANSWERED", "the question waits no longer, and what became of it is not on record yet", {
    help: "`writ audit list --type approval.answered` shows it as soon as it is",
  }),
  error: "conflict",
};
