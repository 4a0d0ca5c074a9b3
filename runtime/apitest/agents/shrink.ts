import { canonicalJson } from "#kernel/canonical-json.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#kernel/json.ts";

import { breaksOnly } from "../schema/breaks-only.ts";
import { formattedTexts, partsUnder } from "../schema/formatted.ts";
import type { SchemaRef } from "../schema/registry.ts";
import type { AgentContext } from "./context.ts";
import type { Deviation, Draft, PartName } from "./draft.ts";
import { partsOf } from "./parts.ts";

const CANDIDATES_MAX = 60;

/**
 * Smaller requests that still say the same: a valid one stays valid, and a broken one breaks the same rule in
 * the same place and no other, in every reading. So a failure that is shrunk is never another failure.
 */
export const smallerDrafts = (draft: Draft, context: AgentContext): readonly Draft[] => {
  const { operation, values, deviation } = draft;
  const parts = partsOf(operation);
  const smaller: Draft[] = [];
  for (const part of parts) {
    const value = values.get(part.name);
    if (value === undefined) continue;
    if (!part.required && part.name !== deviation?.part) {
      smaller.push({ ...draft, values: new Map([...values].filter(([name]) => name !== part.name)) });
    }
    for (const less of smallerValues(value))
      smaller.push({ ...draft, values: replaceIn(values, part.name, less) });
  }
  return smaller
    .filter((each) => isSameTest(each, context) && keepsWords(draft, each, context))
    .slice(0, CANDIDATES_MAX);
};

const replaceIn = (
  values: ReadonlyMap<PartName, JsonValue>,
  name: PartName,
  value: JsonValue,
): ReadonlyMap<PartName, JsonValue> =>
  new Map([...values].map(([key, old]) => [key, key === name ? value : old]));

const isSameTest = ({ operation, values, deviation }: Draft, { schemas, judge }: AgentContext): boolean =>
  partsOf(operation).every((part) => {
    const value = values.get(part.name);
    if (value === undefined)
      return !part.required || (deviation?.k === "missing" && deviation.part === part.name);
    if (!part.isSendable(value)) return false;
    if (deviation?.k !== "broken" || deviation.part !== part.name) return judge.isValid(part.schema, value);
    const { keyword, at } = deviation;
    return (
      breaksOnly({ schemas, judge }, part.schema, value, { keyword, at }) &&
      !part.mayBeValid(schemas, judge, value)
    );
  });

/** Keywords whose cases say in words how far from a bound a value is. */
const MEASURED: readonly string[] = [
  "enum",
  "exclusiveMaximum",
  "exclusiveMinimum",
  "maxItems",
  "maxLength",
  "maximum",
  "minItems",
  "minLength",
  "minimum",
  "multipleOf",
];

/**
 * Whether the words of a case are still true of a smaller one: what was put at a bound is there as it was. And
 * half of a text that has to look like something is no such text any more, which no judge may know.
 */
const keepsWords = (before: Draft, after: Draft, { schemas }: AgentContext): boolean =>
  partsOf(before.operation).every(({ name, schema }) => {
    const textsIn = ({ values }: Draft): readonly string[] =>
      formattedTexts(schemas, schema, values.get(name) ?? null).map(({ text }) => text);
    const rule = before.deviation?.part === name ? measuredBy(before.deviation) : undefined;
    const measuredIn = ({ values }: Draft): readonly string[] =>
      rule === undefined
        ? []
        : partsUnder(schemas, schema, values.get(name) ?? null, rule).map(canonicalJson);
    const [texts, measured, left] = [textsIn(before), measuredIn(before), measuredIn(after)];
    return (
      textsIn(after).every((text) => texts.includes(text)) &&
      left.every((each) => measured.includes(each)) &&
      (measured.length === 0 || left.length > 0)
    );
  });

const measuredBy = (deviation: Deviation): SchemaRef | undefined => {
  const rule = deviation.k === "valid" ? deviation.rule : deviation.k === "broken" ? deviation : undefined;
  return rule !== undefined && rule !== null && MEASURED.includes(rule.keyword) ? rule.ref : undefined;
};

/** One step smaller each: a part less, a shorter text, a rounder number. Boldest first. */
const smallerValues = (value: JsonValue): readonly JsonValue[] => {
  if (typeof value === "string") return shorter(value);
  if (typeof value === "number")
    return [0, 1, Math.trunc(value)].filter((less) => less !== value && Math.abs(less) <= Math.abs(value));
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    return [
      ...(items.length > 1 ? [items.slice(0, Math.ceil(items.length / 2))] : []),
      ...(items.length > 0 ? [items.slice(0, -1)] : []),
      ...items
        .slice(0, 4)
        .flatMap((item, index) => smallerValues(item).map((less) => items.with(index, less))),
    ];
  }
  if (!isJsonObject(value)) return [];
  const object: JsonObject = value;
  return Object.keys(object).flatMap((name) => [
    withMember(object, name, undefined),
    ...smallerValues(object[name] ?? null).map((less) => withMember(object, name, less)),
  ]);
};

const shorter = (text: string): readonly string[] => {
  const signs = Array.from(text);
  return signs.length < 2 ? [] : [signs[0] ?? "", signs.slice(0, Math.ceil(signs.length / 2)).join("")];
};

const withMember = (object: JsonObject, name: string, value: JsonValue | undefined): JsonObject => {
  const copy = Object.assign(Object.create(null) as Record<string, JsonValue>, object);
  if (value === undefined) delete copy[name];
  else copy[name] = value;
  return copy;
};
