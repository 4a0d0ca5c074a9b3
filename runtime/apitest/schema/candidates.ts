import { isJsonObject, type JsonObject, type JsonValue, ownValue } from "#kernel/json.ts";

import { pointerTo } from "../load/pointer.ts";
import type { Draws } from "./draws.ts";
import {
  type Facets,
  facetsBesideNull,
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
import { compilePattern } from "./pattern.ts";
import type { SchemaRef, SchemaRegistry } from "./registry.ts";
import { ABSENT, replaced } from "./replaced.ts";
import { numbersOutside } from "./sample-number.ts";
import { lengthsOf, textOf } from "./sample-text.ts";
import type { Claim } from "./violation.ts";
import { different, mutantsOf, nameOf, unlisted, wrongTypes } from "./wrong-values.ts";

const DEPTH_MAX = 5;
const ITEMS_MAX = 1000;
const TEXT_LENGTH_MAX = 20_000;

/** One change of a valid value that may break one rule of its schema. */
export interface Candidate {
  readonly keyword: string;
  readonly rule: SchemaRef;
  /** Pointer of what breaks the rule. */
  readonly at: string;
  readonly name?: string;
  readonly claim: Claim;
  readonly what: string;
  /** The valid value that is changed. */
  readonly whole: JsonValue;
  /** Keys from its root to the part that is replaced. */
  readonly path: readonly (string | number)[];
  readonly part: JsonValue | typeof ABSENT;
  /** Whether the valid value has nothing in this place. */
  readonly isAdded: boolean;
  /** Whether it is of use only where none before it breaks the same rule in the same place. */
  readonly isSpare: boolean;
}

/** What stays the same wherever in a value its parts are changed. */
export interface CandidateSource {
  readonly schemas: SchemaRegistry;
  readonly draws: Draws;
  readonly isValid: (whole: JsonValue) => boolean;
  readonly plainest: JsonValue;
}

/** A part of a valid value. */
interface Spot {
  readonly refs: readonly SchemaRef[];
  readonly whole: JsonValue;
  readonly path: readonly (string | number)[];
  readonly value: JsonValue | typeof ABSENT;
  readonly isOptional: boolean;
}

/**
 * Ways to break a rule of a valid value, from the outside in. Around what is changed there is only what has to be
 * there: a server that refuses another part, for whatever reason, would hide that it takes the broken one.
 */
export function* candidatesOf(source: CandidateSource, spot: Spot): Generator<Candidate> {
  const { schemas, draws } = source;
  const { refs, whole, path, value, isOptional } = spot;
  const at = pointerTo("", ...path);
  const facets = path.length > DEPTH_MAX ? null : heldBy(schemas, value, refs);
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
    whole,
    path,
    part,
    isAdded: value === ABSENT,
    isSpare: false,
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
    for (const [index, part] of unlisted(value).entries()) {
      yield { ...candidate(rule, part, "is none of the listed values"), isSpare: index > 0 };
    }
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
    yield* candidatesOf(source, { refs: items, whole, path: [...path, 0], value: first, isOptional: false });
  }
  if (!isJsonObject(value)) return;
  const required = requiredOf(facets);
  const plainer = plainerWhole(source, spot, value, required);
  for (const rule of rulesOf(facets, "required")) {
    for (const name of textsOf(rule.value)) {
      const missing = candidate(rule, ABSENT, `lacks \`${name}\`, which is required`);
      yield { ...missing, name, whole: plainer(), path: [...path, name] };
      // Without its only member an object may be nothing that can be sent.
      yield { ...missing, name, path: [...path, name], isSpare: true };
    }
  }
  for (const rule of rulesOf(facets, "additionalProperties")) {
    if (rule.value !== false) continue;
    const name = ["unexpected", "unexpected_name"].find((each) => !knownNames(facets).has(each));
    if (name === undefined) continue;
    const extra = candidate(rule, "x", `has \`${name}\`, and no properties but its own are allowed`);
    yield { ...extra, name, whole: plainer(), path: [...path, name] };
  }
  for (const [name, properties] of propertiesOf(facets)) {
    yield* candidatesOf(source, {
      refs: properties,
      whole: plainer(name),
      path: [...path, name],
      value: Object.hasOwn(value, name) ? (value[name] ?? null) : ABSENT,
      isOptional: !required.has(name),
    });
  }
}

const heldBy = (schemas: SchemaRegistry, value: Spot["value"], refs: readonly SchemaRef[]): Facets | null =>
  value === null ? facetsOf(schemas, ...refs) : facetsBesideNull(schemas, ...refs);

/** The whole value with no optional members of an object in it but one, or as it is where that is not valid. */
const plainerWhole =
  (
    { isValid, plainest }: CandidateSource,
    { whole, path }: Spot,
    object: JsonObject,
    required: ReadonlySet<string>,
  ) =>
  (kept?: string): JsonValue => {
    const bare = Object.assign(Object.create(null) as Record<string, JsonValue>, object);
    for (const name of Object.keys(object)) {
      if (name === kept) continue;
      if (!required.has(name)) delete bare[name];
      else if (path.length === 0 && isJsonObject(plainest))
        bare[name] = ownValue(plainest, name) ?? bare[name] ?? null;
    }
    const plainer = replaced(whole, path, bare);
    return plainer !== undefined && isValid(plainer) ? plainer : whole;
  };

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
