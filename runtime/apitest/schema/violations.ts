import { canonicalJson } from "#kernel/canonical-json.ts";
import { isJsonObject, type JsonValue } from "#kernel/json.ts";

import { pointerTo } from "../load/pointer.ts";
import type { Draws } from "./draws.ts";
import {
  type Facets,
  facetsOf,
  isNullUnsure,
  itemRefsOf,
  knownNames,
  numberRulesOf,
  propertiesOf,
  requiredOf,
  type Rule,
  rulesOf,
  strictest,
  textsOf,
  typesOf,
} from "./facets.ts";
import type { BrokenRule, SchemaJudge } from "./judge.ts";
import { compilePattern } from "./pattern.ts";
import type { SchemaRef, SchemaRegistry } from "./registry.ts";
import { numbersOutside } from "./sample-number.ts";
import { lengthsOf, textOf } from "./sample-text.ts";
import type { Claim, Violation } from "./violation.ts";

const DEPTH_MAX = 5;
/** Values that are made of one valid value. */
export const VIOLATIONS_MAX = 120;
const ITEMS_MAX = 1000;
const TEXT_LENGTH_MAX = 20_000;

/**
 * Values that break one rule each, made of a valid value by changing one part of it.
 *
 * A candidate counts only if the judge finds that rule broken at that place and no other rule anywhere:
 * what breaks two rules says nothing about either. Rules inside `oneOf`, `anyOf`, `not` and `if` are not
 * tried, as breaking one branch need not break the schema. With `mayAdd`, parts that the valid value does not
 * have are added with a wrong type: in the fullest value those are the ones for which nothing valid was found.
 */
export const violationsOf = (
  schemas: SchemaRegistry,
  judge: SchemaJudge,
  ref: SchemaRef,
  valid: JsonValue,
  draws: Draws,
  { mayAdd }: { readonly mayAdd: boolean },
): readonly Violation[] => {
  const found: Violation[] = [];
  const seen = new Set<string>();
  for (const candidate of candidatesOf(schemas, [ref], valid, "", false, draws, 0)) {
    if (found.length >= VIOLATIONS_MAX) break;
    if (candidate.isAdded && !mayAdd) continue;
    const value = replaced(valid, candidate.path, candidate.part);
    if (value === undefined) continue;
    const key = `${candidate.keyword} ${candidate.at} ${canonicalJson(value)}`;
    if (seen.has(key) || !breaksOnly(judge.brokenRules(ref, value), candidate)) continue;
    // A reader that puts a single value into a list must not make it valid again.
    if (candidate.keyword === "type" && candidate.part !== ABSENT) {
      const wrapped = replaced(valid, candidate.path, [candidate.part]);
      if (wrapped !== undefined && judge.isValid(ref, wrapped)) continue;
    }
    seen.add(key);
    const { keyword, rule, at, claim, what } = candidate;
    found.push({ value, keyword, rule, at, claim, what: at === "" ? what : `\`${at}\` ${what}` });
  }
  return found;
};

const breaksOnly = (broken: readonly BrokenRule[], candidate: Candidate): boolean =>
  broken.length > 0 &&
  broken.every(
    ({ keyword, at, name }) =>
      keyword === candidate.keyword &&
      at === candidate.at &&
      (candidate.name === undefined || name === candidate.name),
  );

/** Stands for a part that is taken away. */
const ABSENT = Symbol("absent");

interface Candidate {
  readonly keyword: string;
  readonly rule: SchemaRef;
  /** Pointer of what breaks the rule. */
  readonly at: string;
  readonly name?: string;
  readonly claim: Claim;
  readonly what: string;
  /** Keys from the root to the part that is replaced. */
  readonly path: readonly (string | number)[];
  readonly part: JsonValue | typeof ABSENT;
  /** Whether the valid value has nothing in this place. */
  readonly isAdded: boolean;
}

function* candidatesOf(
  schemas: SchemaRegistry,
  refs: readonly SchemaRef[],
  value: JsonValue | typeof ABSENT,
  at: string,
  isOptional: boolean,
  draws: Draws,
  depth: number,
  path: readonly (string | number)[] = [],
): Generator<Candidate> {
  const facets = depth > DEPTH_MAX ? null : facetsOf(schemas, ...refs);
  if (facets === null) return;
  const candidate = (
    rule: Rule,
    part: JsonValue | typeof ABSENT,
    what: string,
    claim: Claim = "refused",
  ): Candidate => ({
    keyword: rule.keyword,
    rule: rule.ref,
    at,
    claim,
    what,
    path,
    part,
    isAdded: value === ABSENT,
  });

  for (const rule of rulesOf(facets, "type")) {
    for (const part of wrongTypes(facets)) {
      // Many readers take null for "not there", which an optional part may be.
      const claim = part === null && (isOptional || isNullUnsure(facets)) ? "survived" : "refused";
      yield candidate(
        rule,
        part,
        `is ${nameOf(part)} where the type is ${textsOf(rule.value).join(" or ")}`,
        claim,
      );
    }
  }
  // Where no value was found the type is all that is surely broken.
  if (value === ABSENT) return;
  for (const rule of [...rulesOf(facets, "enum"), ...rulesOf(facets, "const")]) {
    for (const part of unlisted(value)) yield candidate(rule, part, "is none of the listed values");
  }
  if (typeof value === "number") {
    const isInteger = typesOf(facets)?.every((type) => type === "integer") ?? Number.isInteger(value);
    for (const outside of numbersOutside(facets, isInteger, value)) {
      yield candidate(outside.rule, outside.value, `is ${outside.value}: ${outside.what}`);
    }
  }
  if (typeof value === "string") yield* textCandidates(facets, value, draws.at("text", at), candidate);
  if (Array.isArray(value)) {
    yield* arrayCandidates(facets, value as readonly JsonValue[], candidate);
    const [first = ABSENT] = value as readonly JsonValue[];
    const items = itemRefsOf(facets, 0);
    yield* candidatesOf(schemas, items, first, pointerTo(at, 0), false, draws, depth + 1, [...path, 0]);
  }
  if (!isJsonObject(value)) return;
  const required = requiredOf(facets);
  for (const rule of rulesOf(facets, "required")) {
    for (const name of textsOf(rule.value)) {
      const missing = candidate(rule, ABSENT, `lacks \`${name}\`, which is required`);
      yield { ...missing, name, path: [...path, name] };
    }
  }
  for (const rule of rulesOf(facets, "additionalProperties")) {
    if (rule.value !== false) continue;
    const name = ["unexpected", "unexpected_name"].find((each) => !knownNames(facets).has(each));
    if (name === undefined) continue;
    const extra = candidate(rule, "x", `has \`${name}\`, and no properties but its own are allowed`);
    yield { ...extra, name, path: [...path, name] };
  }
  for (const [name, properties] of propertiesOf(facets)) {
    const part = Object.hasOwn(value, name) ? (value[name] ?? null) : ABSENT;
    const inner = pointerTo(at, name);
    yield* candidatesOf(schemas, properties, part, inner, !required.has(name), draws, depth + 1, [
      ...path,
      name,
    ]);
  }
}

type Make = (rule: Rule, part: JsonValue, what: string, claim?: Claim) => Candidate;

function* textCandidates(facets: Facets, value: string, draws: Draws, make: Make): Generator<Candidate> {
  const { shortest, longest } = lengthsOf(facets);
  if (shortest !== undefined && shortest.value > 0) {
    const text = textOf(facets, shortest.value - 1, draws.at("short"));
    if (text !== undefined)
      yield make(shortest, text, `is one shorter than its least length, ${shortest.value}`);
  }
  if (longest !== undefined && longest.value < TEXT_LENGTH_MAX) {
    const text = textOf(facets, longest.value + 1, draws.at("long"));
    if (text !== undefined)
      yield make(longest, text, `is one longer than its greatest length, ${longest.value}`);
  }
  for (const rule of rulesOf(facets, "pattern")) {
    const engine = typeof rule.value === "string" ? compilePattern(rule.value) : undefined;
    const mutant = mutantsOf(value).find((text) => engine?.test(text) === false);
    if (mutant !== undefined) yield make(rule, mutant, "does not match its pattern");
  }
  for (const rule of rulesOf(facets, "format")) {
    // OpenAPI leaves it to the server whether a format is a rule or a remark.
    const [format = ""] = textsOf(rule.value);
    yield make(rule, `not a ${format}`, `is no ${format}`, "survived");
  }
}

/** The same length each, so that no rule about lengths is touched. */
const mutantsOf = (text: string): readonly string[] => {
  const signs = Array.from(text);
  return ["!", "Z", "z", "7", "_", "~", "-"].flatMap((sign) => [
    [sign, ...signs.slice(1)].join(""),
    [...signs.slice(0, -1), sign].join(""),
    sign.repeat(signs.length),
  ]);
};

function* arrayCandidates(facets: Facets, value: readonly JsonValue[], make: Make): Generator<Candidate> {
  const fewest = strictest(numberRulesOf(facets, "minItems"), "largest");
  const most = strictest(numberRulesOf(facets, "maxItems"), "smallest");
  if (fewest !== undefined && fewest.value > 0 && value.length >= fewest.value - 1) {
    yield make(
      fewest,
      value.slice(0, fewest.value - 1),
      `has one item less than its fewest, ${fewest.value}`,
    );
  }
  const [first] = value;
  if (most !== undefined && most.value < ITEMS_MAX && first !== undefined) {
    const isUnique = rulesOf(facets, "uniqueItems").some((rule) => rule.value === true);
    const more = Array.from(
      { length: most.value + 1 },
      (_, index) => value[index] ?? (isUnique ? different(first, index) : first),
    );
    yield make(most, more, `has one item more than its most, ${most.value}`);
  }
  const unique = rulesOf(facets, "uniqueItems").find((rule) => rule.value === true);
  if (unique !== undefined && first !== undefined) {
    yield make(unique, [...(value.length > 1 ? value.slice(0, -1) : value), first], "has an item twice");
  }
}

const different = (item: JsonValue, index: number): JsonValue =>
  typeof item === "number" ? item + index : typeof item === "string" ? `${item}${index}` : item;

/**
 * One value for each way to be of another type. None of them is what a lenient reader would convert: no
 * `"123"` for a number, no `1` for a flag.
 */
const wrongTypes = (facets: Facets): readonly JsonValue[] => {
  const types = typesOf(facets) ?? [];
  const isOf = (...names: readonly string[]): boolean => names.some((name) => types.includes(name));
  const wrong: JsonValue[] = [];
  if (!isOf("string"))
    wrong.push(isOf("object", "array") ? "neither list nor object" : "not a value of this type");
  if (isOf("integer") && !isOf("number")) wrong.push(1.5);
  if (!isOf("object")) wrong.push({ unexpected: "object" });
  if (!isOf("null")) wrong.push(null);
  return wrong;
};

const unlisted = (value: JsonValue): readonly JsonValue[] => {
  switch (typeof value) {
    case "string":
      return ["none-of-these"];
    case "number":
      return [Math.round(Math.abs(value)) + 4711];
    case "boolean":
      return [!value];
    default:
      return [];
  }
};

const nameOf = (part: JsonValue | typeof ABSENT): string => {
  if (part === null) return "null";
  if (Array.isArray(part)) return "a list";
  if (part === 1.5) return "1.5";
  return typeof part === "object" ? "an object" : typeof part === "string" ? "a text" : `a ${typeof part}`;
};

/** The value with one part changed or taken away; undefined when that part has no parent. */
const replaced = (
  value: JsonValue,
  path: readonly (string | number)[],
  part: JsonValue | typeof ABSENT,
): JsonValue | undefined => {
  const [key, ...rest] = path;
  if (key === undefined) return part === ABSENT ? undefined : part;
  if (Array.isArray(value)) {
    const items = [...(value as readonly JsonValue[])];
    const inner = replaced(items[Number(key)] ?? null, rest, part);
    if (inner === undefined) return undefined;
    items[Number(key)] = inner;
    return items;
  }
  if (!isJsonObject(value)) return undefined;
  const copy = Object.assign(Object.create(null) as Record<string, JsonValue>, value);
  if (rest.length === 0 && part === ABSENT) {
    delete copy[key];
    return copy;
  }
  const inner = replaced(copy[key] ?? null, rest, part);
  if (inner === undefined) return undefined;
  copy[key] = inner;
  return copy;
};
