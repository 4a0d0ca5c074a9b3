import { byCodeUnits, canonicalJson } from "#kernel/canonical-json.ts";
import { isJsonObject, JSON_LIMITS_DEFAULT, readJson } from "#kernel/json.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { ok } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { Evaluated } from "./failure.ts";
import { refuse } from "./failure.ts";
import type { BodyLimits } from "./limits.ts";
import { concatenated, equal, isList, kindOf, lengthOf, textOf } from "./values.ts";

/** Most integers that `range` gives; part of the language. */
export const RANGE_MAX = 100_000;

export interface PureBuiltin {
  readonly evaluate: (given: readonly JsonValue[], limits: BodyLimits) => Evaluated<JsonValue>;
  /** Whether its work grows with its arguments or its result. */
  readonly linear: boolean;
}

const constant = (evaluate: PureBuiltin["evaluate"]): PureBuiltin => ({ evaluate, linear: false });
const linear = (evaluate: PureBuiltin["evaluate"]): PureBuiltin => ({ evaluate, linear: true });

const length = constant(([value = null]) =>
  typeof value === "string" || isList(value) || isJsonObject(value)
    ? ok(lengthOf(value))
    : refuse("BODY_KIND", `a ${kindOf(value)} has no length`),
);

/**
 * The builtins that compute, by name: exactly those of the protocol's table without `print`,
 * `log` and `error`, which are instructions of their own. Their number of arguments was checked.
 */
export const PURE_BUILTINS: ReadonlyMap<string, PureBuiltin> = new Map(
  Object.entries({
    len: length,
    length,
    upper: linear(([text]) => onText("upper", text, (known) => ok(known.toUpperCase()))),
    lower: linear(([text]) => onText("lower", text, (known) => ok(known.toLowerCase()))),
    trim: linear(([text]) => onText("trim", text, (known) => ok(known.trim()))),
    split: linear(([text, separator], limits) =>
      onTexts("split", [text, separator], ([whole = "", part = ""]) => split(whole, part, limits)),
    ),
    join: linear(([list, separator], limits) => join(list, separator, limits)),
    contains: linear(([whole = null, part = null]) => contains(whole, part)),
    starts_with: linear(([text, start]) =>
      onTexts("starts_with", [text, start], ([whole = "", part = ""]) => ok(whole.startsWith(part))),
    ),
    ends_with: linear(([text, end]) =>
      onTexts("ends_with", [text, end], ([whole = "", part = ""]) => ok(whole.endsWith(part))),
    ),
    replace: linear(([text, part, by], limits) =>
      onTexts("replace", [text, part, by], ([whole = "", old = "", fresh = ""]) =>
        old === ""
          ? refuse("BODY_TEXT", "`replace` of an empty text would never end")
          : joined(whole.split(old), fresh, limits),
      ),
    ),
    format: linear(([template, ...values], limits) =>
      onText("format", template, (known) => format(known, values, limits)),
    ),
    to_string: linear(([value = null]) => ok(textOf(value))),
    to_number: linear(([text]) => onText("to_number", text, (known) => ok(numberOf(known)))),
    parse_json: linear(([text], limits) => onText("parse_json", text, (known) => parse(known, limits))),
    to_json: linear(([value = null]) => ok(canonicalJson(value))),
    keys: linear(([record]) => onRecord("keys", record, (known) => ok(Object.keys(known).sort(byCodeUnits)))),
    values: linear(([record]) =>
      onRecord("values", record, (known) =>
        ok(
          Object.keys(known)
            .sort(byCodeUnits)
            .map((key) => known[key] as JsonValue),
        ),
      ),
    ),
    range: linear((given) => range(given)),
    append: linear(([list, item = null]) =>
      onList("append", list, (known) => ok(concatenated(known, [item]))),
    ),
    sort: linear(([list]) => onList("sort", list, sort)),
    min: linear((given) => extreme("min", given, (left, right) => Math.min(left, right))),
    max: linear((given) => extreme("max", given, (left, right) => Math.max(left, right))),
    abs: constant(([number]) => onNumber("abs", number, Math.abs)),
    round: constant(([number]) => onNumber("round", number, awayFromZero)),
    floor: constant(([number]) => onNumber("floor", number, Math.floor)),
    type_of: constant(([value = null]) => ok(kindOf(value))),
  } satisfies Readonly<Record<string, PureBuiltin>>),
);

/* ---- what an argument must be ---- */

const wants = (name: string, kind: string, given: JsonValue | undefined): Evaluated<never> =>
  refuse("BODY_KIND", `\`${name}\` takes ${kind}, not a ${kindOf(given ?? null)}`);

const onText = (
  name: string,
  given: JsonValue | undefined,
  use: (text: string) => Evaluated<JsonValue>,
): Evaluated<JsonValue> => (typeof given === "string" ? use(given) : wants(name, "a string", given));

const onTexts = (
  name: string,
  given: readonly (JsonValue | undefined)[],
  use: (texts: readonly string[]) => Evaluated<JsonValue>,
): Evaluated<JsonValue> => {
  const wrong = given.findIndex((text) => typeof text !== "string");
  return wrong === -1 ? use(given as readonly string[]) : wants(name, "strings", given[wrong]);
};

const onList = (
  name: string,
  given: JsonValue | undefined,
  use: (list: readonly JsonValue[]) => Evaluated<JsonValue>,
): Evaluated<JsonValue> => (given !== undefined && isList(given) ? use(given) : wants(name, "a list", given));

const onRecord = (
  name: string,
  given: JsonValue | undefined,
  use: (record: JsonObject) => Evaluated<JsonValue>,
): Evaluated<JsonValue> => (isJsonObject(given) ? use(given) : wants(name, "a record", given));

const onNumber = (
  name: string,
  given: JsonValue | undefined,
  compute: (number: number) => number,
): Evaluated<JsonValue> =>
  typeof given === "number" ? ok(compute(given) + 0) : wants(name, "a number", given);

/* ---- texts ---- */

const split = (text: string, separator: string, limits: BodyLimits): Evaluated<JsonValue> => {
  if (separator === "") return refuse("BODY_TEXT", "`split` needs a separator that is not empty");
  const parts = text.split(separator, limits.itemsMax + 1);
  return parts.length <= limits.itemsMax
    ? ok(parts)
    : refuse("BODY_BOUND", `a list of more than ${limits.itemsMax} items`);
};

const join = (
  list: JsonValue | undefined,
  separator: JsonValue | undefined,
  limits: BodyLimits,
): Evaluated<JsonValue> =>
  onList("join", list, (items) =>
    onText("join", separator, (between) => onTexts("join", items, (texts) => joined(texts, between, limits))),
  );

/** Joins only after the length is known to be within the bound, so that no flood is ever made. */
const joined = (texts: readonly string[], separator: string, limits: BodyLimits): Evaluated<string> => {
  let characters = separator.length * Math.max(0, texts.length - 1);
  for (const text of texts) characters += text.length;
  return characters <= limits.stringLengthMax
    ? ok(texts.join(separator))
    : refuse("BODY_BOUND", `a text of more than ${limits.stringLengthMax} characters`);
};

const contains = (whole: JsonValue, part: JsonValue): Evaluated<JsonValue> => {
  if (isList(whole)) return ok(whole.some((item) => equal(item, part)));
  if (typeof part !== "string") return wants("contains", "the part of a text or record as a string", part);
  if (typeof whole === "string") return ok(whole.includes(part));
  return onRecord("contains", whole, (record) => ok(Object.hasOwn(record, part)));
};

const format = (template: string, values: readonly JsonValue[], limits: BodyLimits): Evaluated<JsonValue> => {
  const pieces = template.split("{}");
  if (pieces.length - 1 !== values.length) {
    return refuse(
      "BODY_TEXT",
      `\`format\` has ${pieces.length - 1} places and ${values.length} values to put there`,
    );
  }
  let text = pieces[0] ?? "";
  for (const [index, value] of values.entries()) {
    text += textOf(value) + (pieces[index + 1] ?? "");
    if (text.length > limits.stringLengthMax) {
      return refuse("BODY_BOUND", `a text of more than ${limits.stringLengthMax} characters`);
    }
  }
  return ok(text);
};

const DECIMAL = /^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

const numberOf = (text: string): number | null => {
  if (!DECIMAL.test(text)) return null;
  const number = Number(text);
  return Number.isFinite(number) ? number + 0 : null;
};

const parse = (text: string, limits: BodyLimits): Evaluated<JsonValue> => {
  const reading = readJson(text, { ...JSON_LIMITS_DEFAULT, depthMax: limits.depthMax });
  if (reading.ok) return ok(withoutNegativeZero(reading.value));
  const bound = reading.reason === "too-deep" || reading.reason === "too-many-values";
  return refuse(
    bound || reading.reason === "too-long" ? "BODY_BOUND" : "BODY_TEXT",
    `the text is not JSON that can be read: ${visibleExcerpt(reading.detail, 200)}`,
  );
};

const withoutNegativeZero = (value: JsonValue): JsonValue => {
  if (typeof value === "number") return value + 0;
  if (isList(value)) return value.map(withoutNegativeZero);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutNegativeZero(inner)]));
};

/* ---- numbers and lists ---- */

const range = (given: readonly JsonValue[]): Evaluated<JsonValue> => {
  const [start, end] = given.length === 1 ? [0, given[0]] : given;
  if (!isWhole(start) || !isWhole(end)) return refuse("BODY_KIND", "`range` takes whole numbers");
  const count = Math.max(0, end - start);
  return count <= RANGE_MAX
    ? ok(Array.from({ length: count }, (_, index) => start + index))
    : refuse("BODY_NUMBER", `\`range\` gives at most ${RANGE_MAX} numbers`);
};

const isWhole = (value: JsonValue | undefined): value is number => Number.isSafeInteger(value);

const sort = (list: readonly JsonValue[]): Evaluated<JsonValue> => {
  if (list.every((item) => typeof item === "number")) return ok(list.toSorted((left, right) => left - right));
  if (list.every((item) => typeof item === "string")) return ok(list.toSorted(byCodeUnits));
  return refuse("BODY_KIND", "`sort` takes a list of numbers or a list of strings");
};

const extreme = (
  name: string,
  given: readonly JsonValue[],
  choose: (left: number, right: number) => number,
): Evaluated<JsonValue> => {
  const [first = null] = given;
  const numbers = given.length === 1 && isList(first) ? first : given;
  if (given.length === 1 && !isList(first)) return wants(name, "a list or two numbers", first);
  const wrong = numbers.find((number) => typeof number !== "number");
  if (wrong !== undefined) return wants(name, "numbers", wrong);
  const [start, ...rest] = numbers as readonly number[];
  return start === undefined
    ? refuse("BODY_MISSING", `\`${name}\` of an empty list is no number`)
    : ok(rest.reduce(choose, start));
};

const awayFromZero = (number: number): number => {
  const whole = Math.trunc(number);
  return Math.abs(number - whole) >= 0.5 ? whole + Math.sign(number) : whole;
};
