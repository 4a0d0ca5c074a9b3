import type { JsonValue } from "#kernel/json.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";

import type { Draws } from "./draws.ts";
import {
  choicesOf,
  type Facets,
  facetsOf,
  itemRefsOf,
  numberRulesOf,
  propertiesOf,
  requiredOf,
  rulesOf,
  strictest,
  typesOf,
} from "./facets.ts";
import type { SchemaJudge } from "./judge.ts";
import type { SchemaRef, SchemaRegistry } from "./registry.ts";
import { onBound, plain, type Sample } from "./sample.ts";
import { numberSamples } from "./sample-number.ts";
import { textSamples } from "./sample-text.ts";

const SAMPLES_MAX = 60;
/** Objects within objects that still get their optional parts. */
const OPTIONAL_DEPTH_MAX = 2;
/** Deeper than this only a schema that never ends goes. */
const DEPTH_MAX = 10;
const ITEMS_MAX = 1000;
/** Values that are put together for one schema, judged or not. */
const WORK_MAX = 4000;

/**
 * Values that a schema allows, worked out rather than guessed: ordinary ones first, then one for each end of
 * each range, each member of an enumeration, each branch and each optional part. Every value has been judged
 * valid by `SchemaJudge`; a schema for which nothing is found gives nothing.
 */
export const samplesOf = (
  schemas: SchemaRegistry,
  judge: SchemaJudge,
  ref: SchemaRef,
  draws: Draws,
): readonly Sample[] => {
  const seen = new Set<string>();
  const enumerator = new Enumerator(schemas);
  return enumerator
    .samples([ref], draws, 0)
    .filter(({ value }) => {
      const key = canonicalJson(value);
      if (seen.has(key)) return false;
      seen.add(key);
      return judge.isValid(ref, value);
    })
    .slice(0, SAMPLES_MAX);
};

class Enumerator {
  private readonly schemas: SchemaRegistry;
  /** Schemas that a value is being made for, from the outside in. */
  private readonly within: string[] = [];
  private work = 0;

  constructor(schemas: SchemaRegistry) {
    this.schemas = schemas;
  }

  samples(refs: readonly SchemaRef[], draws: Draws, depth: number): readonly Sample[] {
    this.work += 1;
    const facets = depth > DEPTH_MAX || this.work > WORK_MAX ? null : facetsOf(this.schemas, ...refs);
    if (facets === null) return [];
    const choices = choicesOf(this.schemas, facets);
    const all = choices.flatMap((chosen, index) => this.ofFacets(chosen, draws.at("choice", index), depth));
    return [...this.examples(facets, depth), ...all];
  }

  /** What the author wrote says more about what the server knows than anything that is made up. */
  private examples(facets: Facets, depth: number): readonly Sample[] {
    if (depth > OPTIONAL_DEPTH_MAX) return [];
    return rulesOf(facets, "examples").flatMap(({ value }) =>
      Array.isArray(value) ? value.map((each: JsonValue) => plain(each, "the document's example")) : [],
    );
  }

  private ofFacets(facets: Facets, draws: Draws, depth: number): readonly Sample[] {
    const fixed = rulesOf(facets, "const");
    if (fixed.length > 0) return fixed.map(({ value }) => plain(value, "its only value"));
    const [members] = rulesOf(facets, "enum");
    if (members !== undefined && Array.isArray(members.value)) {
      const { value } = members;
      return value.map((each: JsonValue) => onBound(each, members, `the listed value ${shortened(each)}`));
    }
    return (typesOf(facets) ?? [guessType(facets)]).flatMap((type) =>
      this.ofType(type, facets, draws, depth),
    );
  }

  private ofType(type: string, facets: Facets, draws: Draws, depth: number): readonly Sample[] {
    switch (type) {
      case "null":
        return [plain(null, "null")];
      case "boolean":
        return [plain(true, "true"), plain(false, "false")];
      case "integer":
      case "number":
        return numberSamples(facets, type === "integer", draws.at("number"));
      case "string":
        return textSamples(facets, draws.at("text"));
      case "array":
        return this.arrays(facets, draws, depth);
      default:
        return this.objects(facets, draws, depth);
    }
  }

  private arrays(facets: Facets, draws: Draws, depth: number): readonly Sample[] {
    const fewest = strictest(numberRulesOf(facets, "minItems"), "largest");
    const most = strictest(numberRulesOf(facets, "maxItems"), "smallest");
    const isUnique = rulesOf(facets, "uniqueItems").some(({ value }) => value === true);
    const tuple = Math.max(0, ...rulesOf(facets, "prefixItems").map(({ value }) => [value].flat().length));
    const least = Math.max(fewest?.value ?? 0, tuple > 0 && fewest === undefined ? tuple : 0);
    const make = (length: number): readonly JsonValue[] | undefined =>
      length > ITEMS_MAX ? undefined : this.items(facets, length, isUnique, draws, depth);
    const samples: Sample[] = [];
    const add = (length: number, toSample: (value: JsonValue) => Sample): void => {
      const value = length < least || length > (most?.value ?? Infinity) ? undefined : make(length);
      if (value !== undefined) samples.push(toSample(value));
    };
    const usual = Math.max(least, Math.min(1, most?.value ?? 1));
    add(usual, (value) => plain(value));
    if (fewest === undefined) add(0, (value) => plain(value, "empty"));
    else {
      add(fewest.value, (value) => onBound(value, fewest, `with its fewest items, ${fewest.value}`));
      add(fewest.value + 1, (value) => onBound(value, fewest, "with one item more than its fewest"));
    }
    if (most === undefined) add(usual + 1, (value) => plain(value, `with ${usual + 1} items`));
    else {
      add(most.value, (value) => onBound(value, most, `with its most items, ${most.value}`));
      add(most.value - 1, (value) => onBound(value, most, "with one item less than its most"));
    }
    if (usual > 0 && depth <= OPTIONAL_DEPTH_MAX) {
      const rest = make(usual)?.slice(1) ?? [];
      const firsts = this.samples(itemRefsOf(facets, 0), draws.at("item", 0), depth + 1).slice(1);
      samples.push(
        ...firsts.map((item) => ({
          ...item,
          value: [item.value, ...rest],
          what: `with an item ${item.what}`,
        })),
      );
    }
    return samples;
  }

  private items(
    facets: Facets,
    length: number,
    isUnique: boolean,
    draws: Draws,
    depth: number,
  ): readonly JsonValue[] | undefined {
    const items: JsonValue[] = [];
    const seen = new Set<string>();
    for (let index = 0; index < length; index += 1) {
      const refs = itemRefsOf(facets, index);
      // The first try repeats the first item, so that an array is as simple as its rules let it be.
      let isFound = false;
      for (let attempt = 0; attempt < 8 && !isFound; attempt += 1) {
        const at = isUnique ? draws.at("item", index, attempt) : draws.at("item", 0);
        const samples = this.samples(refs, at, depth + 1);
        const value = samples.find((sample) => !isUnique || !seen.has(canonicalJson(sample.value)))?.value;
        if (value === undefined) continue;
        seen.add(canonicalJson(value));
        items.push(value);
        isFound = true;
      }
      if (!isFound) return undefined;
    }
    return items;
  }

  private objects(facets: Facets, draws: Draws, depth: number): readonly Sample[] {
    const properties = propertiesOf(facets);
    const required = [...requiredOf(facets)];
    const parts = new Map<string, readonly Sample[]>();
    const partsOf = (name: string): readonly Sample[] => {
      const known = parts.get(name);
      if (known !== undefined) return known;
      // A required name that no schema describes may have any value.
      const made = this.samples(properties.get(name) ?? [], draws.at("property", name), depth + 1);
      parts.set(name, made);
      return made;
    };
    const build = (names: readonly string[]): Record<string, JsonValue> | undefined => {
      const built: Record<string, JsonValue> = Object.create(null) as Record<string, JsonValue>;
      for (const name of names) {
        const [first] = partsOf(name);
        if (first === undefined) return undefined;
        built[name] = first.value;
      }
      return built;
    };
    const names = facets.map(({ ref }) => ref.pointer);
    // Inside a value of the same schema only what has to be there is: the optional parts were varied outside.
    const isInsideItself = names.some((name) => this.within.includes(name));
    this.within.push(...names);
    try {
      return this.variants(
        properties,
        required,
        isInsideItself || depth > OPTIONAL_DEPTH_MAX,
        partsOf,
        build,
      );
    } finally {
      this.within.length -= names.length;
    }
  }

  private variants(
    properties: ReadonlyMap<string, readonly SchemaRef[]>,
    required: readonly string[],
    isPlain: boolean,
    partsOf: (name: string) => readonly Sample[],
    build: (names: readonly string[]) => Record<string, JsonValue> | undefined,
  ): readonly Sample[] {
    const optional = [...properties.keys()].filter((name) => !required.includes(name));
    const base = build(required);
    if (base === undefined) return [];
    const samples: Sample[] = [
      plain(base, optional.length === 0 ? "an ordinary value" : "with its required parts only"),
    ];
    if (isPlain) return samples;
    const possible = optional.filter((name) => partsOf(name).length > 0);
    if (possible.length > 0) {
      const whole = build([...required, ...possible]);
      if (whole !== undefined) samples.push(plain(whole, "with all its parts"));
    }
    for (const name of [...required, ...possible]) {
      const values = required.includes(name) ? partsOf(name).slice(1) : partsOf(name);
      for (const part of values) {
        const value = Object.assign(Object.create(null) as Record<string, JsonValue>, base, {
          [name]: part.value,
        });
        samples.push({ value, bound: part.bound, what: `with \`${name}\` ${part.what}` });
      }
    }
    return samples;
  }
}

const shortened = (value: JsonValue): string => {
  const text = canonicalJson(value);
  return text.length <= 40 ? text : `${text.slice(0, 40).toWellFormed()}…`;
};

/** Without a `type` every type is allowed; the one that the other rules speak of is worth sending. */
const guessType = (facets: Facets): string => {
  const says = (...keywords: readonly string[]): boolean =>
    keywords.some((keyword) => rulesOf(facets, keyword).length > 0);
  if (says("properties", "required", "additionalProperties", "minProperties")) return "object";
  if (says("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains")) return "array";
  return says("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum")
    ? "number"
    : "string";
};
