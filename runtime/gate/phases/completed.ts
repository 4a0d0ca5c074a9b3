import { utf8 } from "#kernel/bytes.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { EntryDraft } from "#ports/run-recorder.ts";
import type { ToolChange } from "#ports/executor.ts";
import type { CallOutcome, CallResult, GateFault } from "../contract.ts";
import { asJson } from "../frozen-json.ts";
import { joinLabels } from "../labels.ts";
import { isPersonsRefusal, refusalCode } from "../refusal-text.ts";
import type { Identity } from "../subject.ts";
import type { World } from "../world.ts";
import { record } from "../world.ts";
import type { Executed } from "./executed.ts";
import type { Stopped } from "./stopped.ts";

export interface Completed {
  readonly outcome: CallOutcome;
  /** The run was cancelled before there was a result. */
  readonly cancelled: boolean;
}

/** Records what became of an executed action: the only way from there to an outcome. */
export const completeExecuted = async (
  world: World,
  executed: Executed,
): Promise<Result<Completed, GateFault>> => {
  const { identity, cause, ending, wallMs, cancelled } = executed.consume();
  const result: CallResult = {
    reference: identity.reference,
    status: ending.status,
    refusal: null,
    text: boundedText(ending.text, world.run.limits.resultCharactersMax),
    value: ending.value,
    labels: joinLabels(identity.labels, ending.labels),
  };
  const named = { ...publicNames(identity), code: ending.code };
  const draft: Pick<EntryDraft, "type" | "public" | "content"> =
    ending.status === "unknown"
      ? {
          type: "effect.unknown",
          public: { ...named, wallMs },
          content: { explanation: asJson(result) },
        }
      : {
          type: "action.completed",
          public: {
            ...named,
            status: ending.status,
            resultBytes: utf8(result.text).length,
            changes: ending.changes.length,
            wallMs,
          },
          content: { result: asJson(result), changes: ending.changes.map(asJson) },
        };
  const recorded = await record(world, { ...draft, cause, labels: result.labels, feeds: true }, "possible");
  if (!recorded.ok) return recorded;
  return ok({ outcome: outcomeOf(identity, result, ending.changes, recorded.value), cancelled });
};

/** Records that an action was not executed. */
export const completeStopped = async (
  world: World,
  stopped: Stopped,
): Promise<Result<CallOutcome, GateFault>> => {
  const { identity, refusal, text, cause } = stopped;
  const result: CallResult = {
    reference: identity.reference,
    status: refusal === null ? "failed" : isPersonsRefusal(refusal) ? "refused" : "denied",
    refusal,
    text,
    value: null,
    labels: identity.labels,
  };
  const recorded = await record(
    world,
    {
      type: "action.completed",
      cause,
      public: {
        ...publicNames(identity),
        status: result.status,
        code: stopped.refusal === null ? stopped.code : refusalCode(stopped.refusal),
        resultBytes: utf8(text).length,
        changes: 0,
        wallMs: 0,
      },
      content: { result: asJson(result), changes: [] },
      labels: result.labels,
      feeds: true,
    },
    "none",
  );
  return recorded.ok ? ok(outcomeOf(identity, result, [], recorded.value)) : recorded;
};

const publicNames = (identity: Identity) => ({
  callId: identity.callId,
  action: identity.action,
  tool: identity.tool,
});

const outcomeOf = (
  identity: Identity,
  result: CallResult,
  changes: readonly ToolChange[],
  entry: CallOutcome["entry"],
): CallOutcome => Object.freeze({ ...result, callId: identity.callId, changes, entry });

/** The text with what is beyond the bound replaced by a note, so that a model knows it saw a part. */
const boundedText = (text: string, charactersMax: number): string =>
  (text.length <= charactersMax
    ? text
    : `${text.slice(0, charactersMax)}\n[${text.length - charactersMax} more characters were left out]`
  ).toWellFormed();
