import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { ModelFault, ModelUsage } from "#ports/language-model.ts";

/*
 * The script of a model that is none: what it will answer, turn by turn. The specification with
 * examples is docs/scripted-models.md. A script is user text, so reading it never throws.
 */

export interface Script {
  readonly turns: readonly ScriptedTurn[];
}

export interface ScriptedTurn {
  readonly text: ScriptedText;
  readonly toolCalls: readonly ScriptedCall[];
  readonly finish: FinishReason;
  /** Null means that the model estimates. */
  readonly usage: Omit<ModelUsage, "source"> | null;
  /** Into how many pieces the text is streamed; 0 streams none of it. */
  readonly deltas: number;
  /** The fault that the turn ends with instead of an answer, after its deltas. */
  readonly fail: ModelFault["code"] | null;
  readonly delayMs: number;
  readonly expect: Expectation;
}

/** A text once, or the same text many times, so that a hostile flood fits into a small file. */
export interface ScriptedText {
  readonly text: string;
  readonly times: number;
}

export interface ScriptedCall {
  readonly tool: string;
  readonly argumentsText: ScriptedText;
  /** Null means that the model makes one. */
  readonly callId: string | null;
  /** How many such calls stand in a row. */
  readonly times: number;
}

/** What must be true of the request; anything else is a script that does not fit its run. */
export interface Expectation {
  readonly lastMessageContains: string | null;
  readonly toolsOffered: readonly string[] | null;
}

type FinishReason = "stop" | "tool-calls" | "length" | "refused";

export const SCRIPT_BYTES_MAX = 4 * 1024 * 1024;
export const SCRIPT_TURNS_MAX = 10_000;
/** Longest text that `repeat` may make, in UTF-16 code units. */
export const SCRIPT_TEXT_LENGTH_MAX = 64 * 1024 * 1024;
export const SCRIPT_CALLS_MAX = 100_000;
export const SCRIPT_DELAY_MS_MAX = 3_600_000;

export type ScriptFault = Fault<"SCRIPT_UNREADABLE" | "SCRIPT_INVALID" | "SCRIPT_CHANGED">;

/** The script that a JSON text says; the fault names the first place that is wrong. */
export const readScript = (text: string): Result<Script, ScriptFault> => {
  const reading = readJson(text);
  if (!reading.ok) return invalid("the script", `is not readable as JSON: ${reading.detail}`);
  try {
    return ok(scriptOf(reading.value));
  } catch (error) {
    if (error instanceof Wrong) return invalid(error.place, error.message);
    throw error;
  }
};

const invalid = (place: string, why: string): Result<never, ScriptFault> =>
  failed(
    fault("SCRIPT_INVALID", `${place} ${why}`, { help: "docs/scripted-models.md describes the format" }),
  );

/** Thrown and caught inside this file only. */
class Wrong extends Error {
  readonly place: string;
  constructor(place: string, why: string) {
    super(why);
    this.place = place;
  }
}

const scriptOf = (value: JsonValue): Script => {
  const object = fields(value, "the script", ["turns"]);
  const turns = list(required(object, "turns", "the script"), "turns", SCRIPT_TURNS_MAX);
  return { turns: turns.map((turn, index) => turnOf(turn, `turns[${index}]`)) };
};

const TURN_FIELDS = ["text", "toolCalls", "finish", "usage", "deltas", "fail", "delayMs", "expect"];

const turnOf = (value: JsonValue, place: string): ScriptedTurn => {
  const object = fields(value, place, TURN_FIELDS);
  const text = optional(object, "text", (given) => textOf(given, `${place}.text`)) ?? { text: "", times: 1 };
  const toolCalls =
    optional(object, "toolCalls", (given) =>
      list(given, `${place}.toolCalls`, SCRIPT_CALLS_MAX).map((call, index) =>
        callOf(call, `${place}.toolCalls[${index}]`),
      ),
    ) ?? [];
  if (toolCalls.reduce((sum, call) => sum + call.times, 0) > SCRIPT_CALLS_MAX) {
    throw new Wrong(`${place}.toolCalls`, `makes more than ${SCRIPT_CALLS_MAX} calls`);
  }
  return {
    text,
    toolCalls,
    finish:
      optional(object, "finish", (given) => oneOf(given, `${place}.finish`, FINISH_REASONS)) ??
      (toolCalls.length > 0 ? "tool-calls" : "stop"),
    usage: optional(object, "usage", (given) => usageOf(given, `${place}.usage`)),
    deltas: optional(object, "deltas", (given) => integer(given, `${place}.deltas`, 10_000)) ?? 1,
    fail: optional(object, "fail", (given) => oneOf(given, `${place}.fail`, FAULT_CODES)),
    delayMs:
      optional(object, "delayMs", (given) => integer(given, `${place}.delayMs`, SCRIPT_DELAY_MS_MAX)) ?? 0,
    expect: optional(object, "expect", (given) => expectationOf(given, `${place}.expect`)) ?? {
      lastMessageContains: null,
      toolsOffered: null,
    },
  };
};

const FINISH_REASONS = ["stop", "tool-calls", "length", "refused"] as const;

const FAULT_CODES = [
  "MODEL_UNAVAILABLE",
  "MODEL_REFUSED",
  "MODEL_BAD_ANSWER",
  "MODEL_TIMEOUT",
  "MODEL_EXHAUSTED",
] as const satisfies readonly ModelFault["code"][];

const textOf = (value: JsonValue, place: string): ScriptedText => {
  if (typeof value === "string") return { text: value, times: 1 };
  const repeat = fields(required(fields(value, place, ["repeat"]), "repeat", place), `${place}.repeat`, [
    "text",
    "times",
  ]);
  const text = string(required(repeat, "text", `${place}.repeat`), `${place}.repeat.text`);
  const times = integer(
    required(repeat, "times", `${place}.repeat`),
    `${place}.repeat.times`,
    SCRIPT_TEXT_LENGTH_MAX,
  );
  if (text.length * times > SCRIPT_TEXT_LENGTH_MAX) {
    throw new Wrong(`${place}.repeat`, `makes a text longer than ${SCRIPT_TEXT_LENGTH_MAX} characters`);
  }
  return { text, times };
};

const callOf = (value: JsonValue, place: string): ScriptedCall => {
  const object = fields(value, place, ["tool", "arguments", "argumentsText", "callId", "times"]);
  const given = ownValue(object, "arguments");
  const givenText = optional(object, "argumentsText", (text) => textOf(text, `${place}.argumentsText`));
  if (given !== undefined && givenText !== null) {
    throw new Wrong(place, "has both `arguments` and `argumentsText`");
  }
  return {
    tool: string(required(object, "tool", place), `${place}.tool`),
    argumentsText: givenText ?? { text: canonicalJson(given ?? {}), times: 1 },
    callId: optional(object, "callId", (id) => string(id, `${place}.callId`)),
    times: optional(object, "times", (times) => integer(times, `${place}.times`, SCRIPT_CALLS_MAX)) ?? 1,
  };
};

const usageOf = (value: JsonValue, place: string): Omit<ModelUsage, "source"> => {
  const object = fields(value, place, ["inputTokens", "outputTokens"]);
  return {
    inputTokens: integer(
      required(object, "inputTokens", place),
      `${place}.inputTokens`,
      Number.MAX_SAFE_INTEGER,
    ),
    outputTokens: integer(
      required(object, "outputTokens", place),
      `${place}.outputTokens`,
      Number.MAX_SAFE_INTEGER,
    ),
  };
};

const expectationOf = (value: JsonValue, place: string): Expectation => {
  const object = fields(value, place, ["lastMessageContains", "toolsOffered"]);
  return {
    lastMessageContains: optional(object, "lastMessageContains", (text) =>
      string(text, `${place}.lastMessageContains`),
    ),
    toolsOffered: optional(object, "toolsOffered", (names) =>
      list(names, `${place}.toolsOffered`, 1_000).map((name, index) =>
        string(name, `${place}.toolsOffered[${index}]`),
      ),
    ),
  };
};

/* ---- readers of one value each; every one says where it stood ---- */

const fields = (value: JsonValue, place: string, known: readonly string[]): JsonObject => {
  if (!isJsonObject(value)) throw new Wrong(place, "is not an object");
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new Wrong(place, `has a field that is not known; known are ${known.join(", ")}`);
  }
  return value;
};

const required = (object: JsonObject, key: string, place: string): JsonValue => {
  const value = ownValue(object, key);
  if (value === undefined) throw new Wrong(place, `has no \`${key}\``);
  return value;
};

const optional = <T>(object: JsonObject, key: string, read: (value: JsonValue) => T): T | null => {
  const value = ownValue(object, key);
  return value === undefined ? null : read(value);
};

const list = (value: JsonValue, place: string, countMax: number): readonly JsonValue[] => {
  if (!Array.isArray(value)) throw new Wrong(place, "is not a list");
  if (value.length > countMax) throw new Wrong(place, `has more than ${countMax} items`);
  return value as readonly JsonValue[];
};

const string = (value: JsonValue, place: string): string => {
  if (typeof value !== "string") throw new Wrong(place, "is not a text");
  return value;
};

const integer = (value: JsonValue, place: string, max: number): number => {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) {
    throw new Wrong(place, `is not a whole number from 0 to ${max}`);
  }
  return value;
};

const oneOf = <T extends string>(value: JsonValue, place: string, allowed: readonly T[]): T => {
  const found = allowed.find((item) => item === value);
  if (found === undefined) throw new Wrong(place, `is none of ${allowed.join(", ")}`);
  return found;
};
