import type { Sha256 } from "#kernel/digest.ts";
import type { EntryId } from "#kernel/ids.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import { isAbort } from "#kernel/abort.ts";
import type { ApprovalAnswer, ApprovalQuestion, WhoMayAnswer } from "#ports/approver.ts";
import type { Surface } from "#protocol/consent.ts";
import type { Decision } from "#protocol/policy-vocabulary.ts";
import { readAnswer } from "./approval-answer.ts";
import type { GateFault } from "./contract.ts";
import { untilStopped } from "./deadline.ts";
import { asJson } from "./frozen-json.ts";
import { names } from "./decided-entry.ts";
import type { Subject } from "./subject.ts";
import type { World } from "./world.ts";
import { elapsedMs, newId, record, remainingMs } from "./world.ts";

export interface Asking {
  readonly subject: Subject;
  readonly fingerprint: Sha256;
  readonly decision: Decision;
  readonly cause: EntryId;
  readonly who: WhoMayAnswer;
  /** The rules that want a person. */
  readonly rules: readonly string[];
}

/** What an answer comes to. `refused` and the two below it are never a yes. */
export type Answer =
  | { readonly k: "approved"; readonly by: string; readonly surface: Surface }
  | { readonly k: "refused"; readonly by: string; readonly surface: Surface; readonly reason: string | null }
  | { readonly k: "expired" }
  | { readonly k: "unavailable"; readonly by: string | null; readonly reason: string }
  | { readonly k: "cancelled" };

const REASON_CHARACTERS_MAX = 2_000;
const USER_CHARACTERS_MAX = 512;

/**
 * Asks one person about one call and records question and answer. The answer belongs to this
 * question: it is taken from this call of the approver, within its time, and a yes counts only
 * from whom the rules accept and for the fingerprint that was asked about.
 */
export const askPerson = async (
  world: World,
  asking: Asking,
  signal: AbortSignal,
): Promise<Result<{ readonly answer: Answer; readonly entry: EntryId }, GateFault>> => {
  const { identity } = asking.subject;
  const question = questionOf(world, asking);
  const about = { approval: question.id, callId: identity.callId, fingerprint: asking.fingerprint };
  const asked = await record(
    world,
    {
      type: "approval.asked",
      cause: asking.cause,
      public: { ...about, rules: names(asking.rules), expiresInMs: question.expiresInMs },
      // What was asked about stands in the decision; this is who was asked.
      content: { question: { who: asJson(asking.who) } },
      labels: identity.labels,
      feeds: false,
    },
    "none",
  );
  if (!asked.ok) return asked;
  const askedAtMs = world.clock.monotonicMs();
  const answer = await answerTo(world, question, signal);
  const { by, surface, reason } = { by: null, surface: null, reason: null, ...answer };
  const answered = await record(
    world,
    {
      type: "approval.answered",
      cause: asked.value.id,
      public: {
        ...about,
        // The format knows no cancelled question: nobody was there any more.
        answer: answer.k === "cancelled" ? "unavailable" : answer.k,
        by,
        surface,
        waitedMs: elapsedMs(world, askedAtMs),
      },
      content: reasonPart(answer.k === "cancelled" ? "the run was cancelled" : reason),
      feeds: false,
    },
    "none",
  );
  return answered.ok ? ok({ answer, entry: answered.value.id }) : answered;
};

const questionOf = (world: World, { subject, fingerprint, decision, who }: Asking): ApprovalQuestion => ({
  id: newId(world),
  run: world.recorder.run,
  principal: `${subject.request.principal.type}::${JSON.stringify(subject.request.principal.id)}`,
  tool: subject.identity.tool ?? subject.identity.action,
  arguments: subject.call.arguments,
  preview: subject.call.preview,
  decision,
  fingerprint,
  expiresInMs: Math.min(world.run.limits.approvalMsMax, remainingMs(world)),
  who,
});

const answerTo = async (world: World, question: ApprovalQuestion, signal: AbortSignal): Promise<Answer> => {
  if (signal.aborted) return { k: "cancelled" };
  const asked = await untilStopped(
    world.clock,
    { timeoutMs: question.expiresInMs, settleMs: 0 },
    signal,
    async (inner) => readAnswer(await world.approver.ask(question, inner)),
  );
  if (asked.stopped === "cancelled") return { k: "cancelled" };
  if (asked.stopped === "deadline") return { k: "expired" };
  if (asked.k === "settled") return judge(question, asked.value);
  return unavailable(
    null,
    asked.k === "threw" && isAbort(asked.error) ? "the surface was closed" : "the surface failed",
  );
};

const judge = (question: ApprovalQuestion, answer: ApprovalAnswer | null): Answer => {
  if (answer === null) return unavailable(null, "the surface gave no answer of the format");
  switch (answer.k) {
    case "expired":
      return { k: "expired" };
    case "unavailable":
      return unavailable(null, answer.why);
    case "refused":
      return isUser(answer.by)
        ? { k: "refused", by: answer.by, surface: answer.surface, reason: answer.reason }
        : unavailable(null, "the surface did not say who refused");
    case "approved":
      if (!isUser(answer.by)) return unavailable(null, "the surface did not say who agreed");
      if (answer.fingerprint !== question.fingerprint) {
        return unavailable(answer.by, "the answer is about another call");
      }
      return mayAnswer(question.who, answer.by)
        ? { k: "approved", by: answer.by, surface: answer.surface }
        : unavailable(answer.by, "the rules do not accept this person's agreement");
  }
};

const unavailable = (by: string | null, reason: string): Answer => ({ k: "unavailable", by, reason });

const isUser = (by: string): boolean => by.length > 0 && by.length <= USER_CHARACTERS_MAX;

const mayAnswer = ({ approvers, except }: WhoMayAnswer, by: string): boolean =>
  (approvers.length === 0 || approvers.includes(by)) && !except.includes(by);

const reasonPart = (reason: string | null): JsonObject =>
  reason === null ? {} : { reason: visibleExcerpt(reason, REASON_CHARACTERS_MAX) };
