import type { EntryId } from "#kernel/ids.ts";
import type { JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownValue } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import type { ToolChange, ToolFault, ToolResult } from "#ports/executor.ts";
import type { Authority } from "../capability.ts";
import type { CallStatus } from "../contract.ts";
import type { Stopping } from "../deadline.ts";
import { untilStopped } from "../deadline.ts";
import { frozenJsonObject } from "../frozen-json.ts";
import { isLabels } from "../labels.ts";
import { createOutputRelay } from "../output-relay.ts";
import type { Identity } from "../subject.ts";
import { supposeFor } from "../supposed-calls.ts";
import { readToolFault } from "../tool-fault.ts";
import type { World } from "../world.ts";
import { elapsedMs } from "../world.ts";
import type { GiveHow, Intended, ToolHow } from "./intended.ts";
import { Phase } from "./phase.ts";

export interface ExecutedContent {
  readonly identity: Identity;
  /** `action.intended`. */
  readonly cause: EntryId;
  readonly ending: Ending;
  readonly wallMs: number;
  /** The run was cancelled before there was a result. */
  readonly cancelled: boolean;
}

/** What an executed action came to, before anything of it is recorded. */
export interface Ending {
  readonly status: Extract<CallStatus, "done" | "failed" | "unknown">;
  /** Null for `done`. */
  readonly code: string | null;
  readonly text: string;
  readonly value: JsonValue;
  readonly labels: readonly string[];
  readonly changes: readonly ToolChange[];
}

const RESULT_DEPTH_MAX = 64;

/** It was done, or was not, or nobody knows; in any case it is over. */
export class Executed extends Phase<ExecutedContent> {
  protected readonly name = "executed";

  private constructor(content: ExecutedContent) {
    super(content);
  }

  /** Has the tool do what was intended, under a right that is over when this resolves. Never rejects. */
  static async execute(
    world: World,
    authority: Authority,
    intended: Intended<ToolHow>,
    signal: AbortSignal,
  ): Promise<Executed> {
    const { authorized, intended: content } = authority.grant(intended);
    const { identity } = content.subject;
    const { executor, suppose } = content.how;
    const startedAtMs = world.clock.monotonicMs();
    const { deadlineGraceMs, settleMsMax, streamedCharactersMax } = world.run.limits;
    const relay = createOutputRelay(world.recorder, "tool.progress", streamedCharactersMax);
    const run: Stopping<Result<ToolResult, ToolFault>> = signal.aborted
      ? { k: "late", stopped: "cancelled" }
      : await untilStopped(
          world.clock,
          { timeoutMs: content.timeoutMs + deadlineGraceMs, settleMs: settleMsMax },
          signal,
          (inner) =>
            executor.execute(authorized, {
              callId: identity.callId,
              timeoutMs: content.timeoutMs,
              signal: inner,
              wouldAllow: supposeFor(suppose, content.agreed),
              onOutput: (stream, text) => relay.send(text, { callId: identity.callId, stream }),
            }),
        );
    relay.close();
    const spent = authority.end(authorized) === "spent";
    const ending = endingOf(run, { spent, idempotent: executor.descriptor.idempotent });
    return new Executed({
      identity,
      cause: content.entry,
      ending,
      wallMs: elapsedMs(world, startedAtMs),
      cancelled: run.stopped === "cancelled" && ending.status !== "done",
    });
  }

  /** Hands over what was decided about: there is nothing that could fail. */
  static give(intended: Intended<GiveHow>): Executed {
    const { subject, entry } = intended.consume();
    const ending: Ending = {
      status: "done",
      code: null,
      text: "",
      value: ownValue(subject.call.arguments, "value") ?? null,
      labels: [],
      changes: [],
    };
    return new Executed({ identity: subject.identity, cause: entry, ending, wallMs: 0, cancelled: false });
  }
}

/**
 * What became of a call. Without a result three things decide: whether the right was spent (if
 * not, nothing was done and nothing can be any more), whether the tool promises that nothing
 * changed, and whether a repeat does harm.
 */
const endingOf = (
  run: Stopping<Result<ToolResult, ToolFault>>,
  { spent, idempotent }: { readonly spent: boolean; readonly idempotent: boolean },
): Ending => {
  const lost = (code: string, why: string): Ending =>
    spent && !idempotent
      ? without("unknown", code, unknownText(why))
      : without("failed", code, `Failed: ${why}.`);
  if (run.k === "settled") {
    const settled = readSettled(run.value);
    if (settled === null) return lost("TOOL_RESULT_MALFORMED", BROKE_DOWN);
    if (settled.k === "fault") {
      return settled.code === UNKNOWN_CODE
        ? lost(UNKNOWN_CODE, settled.message)
        : without("failed", settled.code, `Failed: ${settled.message}.`);
    }
    // An executor that does not spend its right may have done anything.
    return spent ? settled.ending : without("unknown", "GATE_CAPABILITY_UNSPENT", unknownText(BROKE_DOWN));
  }
  if (run.stopped === "cancelled") return lost("CANCELLED", "the run was cancelled");
  if (run.stopped === "deadline") {
    return lost("TOOL_DEADLINE", "the call took longer than it may and was ended");
  }
  return lost("TOOL_CRASHED", BROKE_DOWN);
};

const UNKNOWN_CODE: ToolFault["code"] = "TOOL_OUTCOME_UNKNOWN";
const BROKE_DOWN = "the tool broke down";
const unknownText = (why: string): string =>
  `It is not known whether this was done: ${why}. Do not try it again.`;

const without = (status: "failed" | "unknown", code: string, text: string): Ending => ({
  status,
  code,
  text,
  value: null,
  labels: [],
  changes: [],
});

type Settled =
  | { readonly k: "result"; readonly ending: Ending }
  | { readonly k: "fault"; readonly code: string; readonly message: string };

/** What an executor gave as frozen data, or null when it gave something else: by now it may have acted. */
const readSettled = (given: Result<ToolResult, ToolFault>): Settled | null => {
  const copy = frozenJsonObject(given, RESULT_DEPTH_MAX);
  if (copy?.["ok"] === true && isJsonObject(copy["value"])) {
    const { text, value = null, labels, changes } = copy["value"];
    if (typeof text !== "string" || !isLabels(labels) || !Array.isArray(changes)) return null;
    const ending = {
      status: "done" as const,
      code: null,
      text,
      value,
      labels,
      changes: changes as ToolChange[],
    };
    return { k: "result", ending };
  }
  const fault = copy?.["ok"] === false ? readToolFault(copy["fault"]) : undefined;
  return fault === undefined ? null : { k: "fault", ...fault };
};
