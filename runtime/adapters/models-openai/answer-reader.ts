import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownValue } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { ModelToolCall, ModelUsage } from "#ports/language-model.ts";
import type { OpenAiLimits } from "./limits.ts";

type Finish = "stop" | "tool-calls" | "length" | "refused";

/** Why a chunk is none of this protocol, for people; holds no text of the provider. */
type NotOfTheProtocol = string;

export interface ReadAnswer {
  readonly reason: Finish;
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  /** Null where the provider reported none that counts. */
  readonly usage: ModelUsage | null;
}

interface CallSoFar {
  callId: string;
  tool: string;
  argumentsText: string;
}

const FINISHES: Readonly<Record<string, Finish>> = {
  stop: "stop",
  tool_calls: "tool-calls",
  length: "length",
  content_filter: "refused",
};

/**
 * Puts an answer together from the chunks of a chat completion. The chunks are of unknown origin: each
 * is read as what it is and not as what its type promises. Tool calls come out only behind a finish
 * reason, and not at all where the answer was cut by its length or refused, for then the last of them
 * may be half of one.
 */
export class AnswerReader {
  readonly #limits: OpenAiLimits;
  readonly #calls = new Map<number, CallSoFar>();
  #text = "";
  /** The first half of a character whose second half comes with the next chunk. */
  #half = "";
  #finish: Finish | null = null;
  #refused = false;
  #usage: ModelUsage | null = null;

  constructor(limits: OpenAiLimits) {
    this.#limits = limits;
  }

  /** Whether the provider said why it finished: from then on only usage follows. */
  get isFinished(): boolean {
    return this.#finish !== null;
  }

  /** Takes the next chunk; the text that it adds, never with half of a character. */
  take(chunk: JsonValue): Result<string, NotOfTheProtocol> {
    if (!isJsonObject(chunk)) return failed("a chunk is not an object");
    this.#usage = usageIn(ownValue(chunk, "usage")) ?? this.#usage;
    const choices = ownValue(chunk, "choices") ?? [];
    if (!isList(choices)) return failed("`choices` is not a list");
    if (choices.length > 1) return failed("it holds several answers and one was asked for");
    const [choice] = choices;
    if (choice === undefined) return ok("");
    if (!isJsonObject(choice)) return failed("a choice is not an object");
    if ((ownValue(choice, "index") ?? 0) !== 0)
      return failed("it holds several answers and one was asked for");
    const delta = ownValue(choice, "delta") ?? {};
    if (!isJsonObject(delta)) return failed("a delta is not an object");
    const added = this.#delta(delta);
    if (!added.ok) return added;
    const finish = ownValue(choice, "finish_reason") ?? null;
    if (finish === null) return added;
    const known =
      typeof finish === "string" && Object.hasOwn(FINISHES, finish) ? FINISHES[finish] : undefined;
    if (known === undefined) return failed("it finished for a reason that is not known");
    this.#finish = known;
    return ok(added.value + this.#lastHalf());
  }

  /** The whole answer; only behind a finish reason. */
  answer(): Result<ReadAnswer, NotOfTheProtocol> {
    const said = this.#finish;
    if (said === null) return failed("it ended without a reason to finish");
    const text = this.#text;
    const usage = this.#usage;
    if (this.#refused || said === "refused") return ok({ reason: "refused", text, toolCalls: [], usage });
    if (said === "length") return ok({ reason: "length", text, toolCalls: [], usage });
    const calls = [...this.#calls].sort(([left], [right]) => left - right).map(([, call]) => call);
    if (calls.some(({ tool }) => tool === "")) return failed("a tool call has no name");
    const reason = calls.length > 0 ? "tool-calls" : "stop";
    return ok({ reason, text, toolCalls: wholeCalls(calls), usage });
  }

  #delta(delta: JsonObject): Result<string, NotOfTheProtocol> {
    const [content, refusal, calls] = ["content", "refusal", "tool_calls"].map(
      (name) => ownValue(delta, name) ?? null,
    );
    if (content !== null && typeof content !== "string") return failed("`content` is not a text");
    if (refusal !== null && typeof refusal !== "string") return failed("`refusal` is not a text");
    if ((ownValue(delta, "function_call") ?? null) !== null) {
      return failed("it calls a function in a form that this protocol gave up");
    }
    const words = `${content ?? ""}${refusal ?? ""}`;
    if (this.isFinished && (words !== "" || (isList(calls) && calls.length > 0))) {
      return failed("it goes on behind its end");
    }
    if (refusal !== null && refusal !== undefined && refusal !== "") this.#refused = true;
    if (calls !== null && calls !== undefined) {
      if (!isList(calls)) return failed("`tool_calls` is not a list");
      for (const call of calls) {
        const wrong = this.#call(call);
        if (wrong !== null) return failed(wrong);
      }
    }
    return ok(this.#add(words));
  }

  #call(value: JsonValue): NotOfTheProtocol | null {
    if (!isJsonObject(value)) return "a tool call is not an object";
    const given = ownValue(value, "function") ?? {};
    if (!isJsonObject(given)) return "the function of a tool call is not an object";
    const [callId, tool, argumentsText] = [
      ownValue(value, "id") ?? "",
      ownValue(given, "name") ?? "",
      ownValue(given, "arguments") ?? "",
    ];
    if (typeof callId !== "string" || typeof tool !== "string" || typeof argumentsText !== "string") {
      return "a part of a tool call is not a text";
    }
    const { toolCallsMax, argumentsLengthMax, nameLengthMax } = this.#limits;
    // Some servers send each call whole and without a number.
    const index = ownValue(value, "index") ?? this.#calls.size;
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0) {
      return "the number of a tool call is none";
    }
    if (index >= toolCallsMax) return `it makes more than ${toolCallsMax} tool calls`;
    const call = this.#calls.get(index) ?? { callId: "", tool: "", argumentsText: "" };
    this.#calls.set(index, call);
    if (callId !== "" && call.callId !== "" && callId !== call.callId) {
      return "two tool calls have the same number";
    }
    if (callId !== "") call.callId = callId;
    // A server may repeat the name with each piece.
    if (tool !== call.tool) call.tool += tool;
    call.argumentsText += argumentsText;
    if (call.argumentsText.length > argumentsLengthMax) {
      return `the arguments of a tool call have more than ${argumentsLengthMax} characters`;
    }
    return call.callId.length > nameLengthMax || call.tool.length > nameLengthMax
      ? `the id or name of a tool call has more than ${nameLengthMax} characters`
      : null;
  }

  #add(words: string): string {
    const whole = this.#half + words;
    this.#half = HIGH_HALF_AT_END.test(whole) ? whole.slice(-1) : "";
    const ready = whole.slice(0, whole.length - this.#half.length);
    this.#text += ready;
    return ready;
  }

  /** A half that never got its other one: shown as the replacement character. */
  #lastHalf(): string {
    const last = this.#half.toWellFormed();
    this.#half = "";
    this.#text += last;
    return last;
  }
}

const HIGH_HALF_AT_END = /[\ud800-\udbff]$/;

const isList = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);

/** Calls as the port has them, each with an id of its own: one that is missing or taken gets another. */
const wholeCalls = (calls: readonly CallSoFar[]): readonly ModelToolCall[] => {
  const taken = new Set<string>(calls.map(({ callId }) => callId));
  const used = new Set<string>();
  return calls.map(({ callId, tool, argumentsText }) => {
    let id = callId;
    for (let number = 1; id === "" || used.has(id); number += 1) {
      const next = `call-${number}`;
      if (!taken.has(next)) id = next;
      taken.add(next);
    }
    used.add(id);
    // Some servers send nothing where a call has no arguments.
    return { callId: id, tool, argumentsText: argumentsText === "" ? "{}" : argumentsText };
  });
};

/** Counts that are none are no report. */
const usageIn = (value: JsonValue | undefined): ModelUsage | null => {
  if (!isJsonObject(value)) return null;
  const [inputTokens, outputTokens] = ["prompt_tokens", "completion_tokens"].map((name) =>
    ownValue(value, name),
  );
  if (!isCount(inputTokens) || !isCount(outputTokens)) return null;
  const details = ownValue(value, "prompt_tokens_details");
  const cached = isJsonObject(details) ? ownValue(details, "cached_tokens") : undefined;
  return {
    inputTokens,
    outputTokens,
    source: "reported",
    ...(isCount(cached) && cached <= inputTokens ? { cachedInputTokens: cached } : {}),
  };
};

const isCount = (value: JsonValue | undefined): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
