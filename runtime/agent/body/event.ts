import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { ok } from "#kernel/result.ts";
import type { Span } from "#protocol/source.ts";
import type { Labels } from "../labels.ts";
import type { BodyFault, Evaluated } from "./failure.ts";
import { refuse } from "./failure.ts";
import type { BodyLimits } from "./limits.ts";
import { kindOf, recordOf, textOf } from "./values.ts";

/** Why a body stopped for now. `labels` are those of everything that the event says. */
export type BodyEvent =
  /** The slice of steps is used up; it goes on from here. */
  | { readonly k: "paused" }
  /** It goes on from here. */
  | { readonly k: "printed"; readonly printed: Printed; readonly labels: Labels }
  /** It waits for the call's value. */
  | {
      readonly k: "tool-wanted";
      readonly tool: string;
      readonly arguments: JsonObject;
      readonly labels: Labels;
      readonly span: Span;
    }
  /** It waits for the loop's result. */
  | {
      readonly k: "reason-wanted";
      readonly reason: ReasonWanted;
      readonly labels: Labels;
      readonly span: Span;
    }
  | { readonly k: "returned"; readonly value: JsonValue; readonly labels: Labels }
  | { readonly k: "failed"; readonly fault: BodyFault; readonly labels: Labels; readonly span: Span };

export interface Printed {
  /** Null for `print`. */
  readonly level: LogLevel | null;
  readonly text: string;
}

export interface ReasonWanted {
  /** Null where the agent's own instructions stand alone. */
  readonly system: string | null;
  readonly user: string;
  readonly iterationsMax: number | null;
  readonly tokensMax: number | null;
}

export type LogLevel = (typeof LOG_LEVELS)[number];

const LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const;

/** The values of `print`, with a space between them and cut at the bound. */
export const printedValues = (values: readonly JsonValue[], limits: BodyLimits): Printed => {
  let text = "";
  for (const [index, value] of values.entries()) {
    text += (index === 0 ? "" : " ") + textOf(value);
    if (text.length > limits.printLengthMax) break;
  }
  return { level: null, text: cut(text, limits.printLengthMax) };
};

export const logged = (level: JsonValue, text: JsonValue, limits: BodyLimits): Evaluated<Printed> => {
  const known = LOG_LEVELS.find((name) => name === level);
  if (known === undefined) return refuse("BODY_TEXT", `\`log\` takes a level of ${LOG_LEVELS.join(", ")}`);
  return typeof text === "string"
    ? ok({ level: known, text: cut(text, limits.printLengthMax) })
    : refuse("BODY_KIND", `\`log\` takes a string, not a ${kindOf(text)}`);
};

/** What `error(text)` ends the run with. */
export const ended = (text: JsonValue, limits: BodyLimits): BodyFault =>
  typeof text === "string"
    ? refuse("BODY_ERROR", cut(text, limits.printLengthMax)).fault
    : refuse("BODY_KIND", `\`error\` takes a string, not a ${kindOf(text)}`).fault;

/** The arguments of a tool call; an optional one that is null is left out. */
export const toolArguments = (
  names: readonly string[],
  values: readonly JsonValue[],
  optional: readonly string[],
): JsonObject =>
  recordOf(
    names
      .map((name, index) => [name, values[index] ?? null] as const)
      .filter(([name, value]) => value !== null || !optional.includes(name)),
  );

export const reasonWanted = (
  names: readonly string[],
  values: readonly JsonValue[],
): Evaluated<ReasonWanted> => {
  const given = (name: string): JsonValue | undefined => values[names.indexOf(name)];
  const [system, user] = [given("system"), given("user")];
  if (typeof user !== "string" || (system !== undefined && typeof system !== "string")) {
    return refuse("BODY_KIND", "`reason` takes its texts as strings");
  }
  const [iterationsMax, tokensMax] = [given("max_iterations"), given("max_tokens")];
  if (!isLimit(iterationsMax) || !isLimit(tokensMax)) {
    return refuse("BODY_KIND", "`reason` takes its limits as whole numbers above 0");
  }
  return ok({
    system: system ?? null,
    user,
    iterationsMax: iterationsMax ?? null,
    tokensMax: tokensMax ?? null,
  });
};

const isLimit = (value: JsonValue | undefined): value is number | undefined =>
  value === undefined || (typeof value === "number" && Number.isSafeInteger(value) && value > 0);

const cut = (text: string, lengthMax: number): string =>
  text.length <= lengthMax ? text : `${text.slice(0, lengthMax).toWellFormed()}…`;
