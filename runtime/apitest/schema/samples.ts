import type { JsonObject, JsonValue } from "#kernel/json.ts";
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
import type { Gap, GapReason } from "./gap.ts";
import { guessType } from "./guess-type.ts";
import type { SchemaJudge } from "./judge.ts";
import { NO_PARTS, type Parts, plainestOf, withPart, withParts } from "./object-parts.ts";
import type { SchemaRef, SchemaRegistry } from "./registry.ts";
import { onBound, plain, type Sample } from "./sample.ts";
import { numberSamples } from "./sample-number.ts";
import { textSamples } from "./sample-text.ts";
import { widestOf } from "./width.ts";

const SAMPLES_MAX = 60;
/** Levels of a value, below the outermost, whose objects still get their optional parts. */
export const OPTIONAL_DEPTH_MAX = 2;
/** Deeper than this only a schema that never ends goes. */
const DEPTH_MAX = 10;
const ITEMS_MAX = 1000;
/** Items of an ordinary list that has more than its fewest. */
const ROOMY_ITEMS_MAX = 10;
/** Places that are filled in one value, as far as its parts share them evenly. */
const WIDTH_MAX = 400;
/** Values that are put together for one schema, judged or not. */
const WORK_MAX = 4000;

/**
 * Values that a schema allows, worked out rather than guessed: ordinary ones first, then one for each end of
 * each range, each member of an enumeration, each branch and each optional part. Every value has been judged
 * valid by `SchemaJudge`; a schema for which nothing is found gives nothing. What is left out on the way, at
 * any depth, is told to `onGap`.
 */
export const samplesOf = (
  schemas: SchemaRegistry,
  judge: SchemaJudge,
  ref: SchemaRef,
  draws: Draws,
  onGap: (gap: Gap) => void,
): readonly Sample[] => {
  const byValue = new Map<string, Sample>();
  for (const sample of new Enumerator(schemas, judge, onGap).samples([ref], draws, 0)) {
    const key = canonicalJson(sample.value);
    const known = byValue.get(key);
    // A default or an example may stand on a bound, of which a refusal says more.
    if (known === undefined || (known.bound === null && sample.bound !== null)) byValue.set(key, sample);
  }
  return [...byValue.values()].slice(0, SAMPLES_MAX);
};

class Enumerator {
  private readonly schemas: SchemaRegistry;
  private readonly judge: SchemaJudge;
  private readonly onGap: (gap: Gap) => void;
  /** Schemas that a value is being made for, from the outside in. */
  private readonly within: string[] = [];
  private work = 0;

  constructor(schemas: SchemaRegistry, judge: SchemaJudge, onGap: (gap: Gap) => void) {
    this.schemas = schemas;
    this.judge = judge;
    this.onGap = onGap;
  }

  samples(refs: readonly SchemaRef[], draws: Draws, depth: number): readonly Sample[] {
    this.work += 1;
    const facets = depth > DEPTH_MAX || this.work > WORK_MAX ? null : facetsOf(this.schemas, ...refs);
    if (facets === null) return [];
    const isValid = ({ value }: Sample): boolean => this.isValid(refs, value);
    const all = choicesOf(this.schemas, facets).flatMap((chosen, index) => {
      const made = this.ofFacets(refs, chosen, draws.at("choice", index), depth).filter(isValid);
      const branch = chosen.find(({ ref }) => facets.every((facet) => facet.ref.pointer !== ref.pointer));
      if (made.length === 0 && branch !== undefined) this.lacks([branch.ref], "this alternative");
      return made;
    });
    return [...this.examples(facets, depth).filter(isValid), ...all];
  }

  private isValid(refs: readonly SchemaRef[], value: JsonValue): boolean {
    return refs.every((ref) => this.judge.isValid(ref, value));
  }

  private lacks([ref]: readonly SchemaRef[], what: string, why: GapReason = "no-value"): void {
    if (ref !== undefined) this.onGap({ ref, why: this.work > WORK_MAX ? "too-much" : why, what });
  }

  /** What the author wrote says more about what the server knows than anything that is made up. */
  private examples(facets: Facets, depth: number): readonly Sample[] {
    if (depth > OPTIONAL_DEPTH_MAX) return [];
    return rulesOf(facets, "examples").flatMap(({ value }) =>
      Array.isArray(value) ? value.map((each: JsonValue) => plain(each, "the document's example")) : [],
    );
  }

  private ofFacets(
    refs: readonly SchemaRef[],
    facets: Facets,
    draws: Draws,
    depth: number,
  ): readonly Sample[] {
    const fixed = rulesOf(facets, "const");
    if (fixed.length > 0) return fixed.map(({ value }) => plain(value, "its only value"));
    const [members] = rulesOf(facets, "enum");
    if (members !== undefined && Array.isArray(members.value)) {
      const { value } = members;
      return value.map((each: JsonValue) => onBound(each, members, `the listed value ${shortened(each)}`));
    }
    return (typesOf(facets) ?? [guessType(facets)]).flatMap((type) =>
      this.ofType(type, refs, facets, draws, depth),
    );
  }

  private ofType(
    type: string,
    refs: readonly SchemaRef[],
    facets: Facets,
    draws: Draws,
    depth: number,
  ): readonly Sample[] {
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
        return this.objects(refs, facets, draws, depth);
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
    // Beside its bounds where there is room: of a plainest request that is refused for one, others prove nothing.
    const besideFewest = fewest !== undefined && fewest.value > 0 && tuple === 0 ? least + 1 : least;
    const isRoomy = besideFewest < (most?.value ?? Infinity) && besideFewest <= ROOMY_ITEMS_MAX;
    const usual = isRoomy ? Math.max(besideFewest, 1) : Math.max(least, Math.min(1, most?.value ?? 1));
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
      if (!isFound) {
        // A list of different items may run out of them, which is nothing that lacks.
        if (index === 0) this.lacks(refs, "an item of this list");
        return undefined;
      }
    }
    return items;
  }

  private objects(
    refs: readonly SchemaRef[],
    facets: Facets,
    draws: Draws,
    depth: number,
  ): readonly Sample[] {
    const properties = propertiesOf(facets);
    const required = [...requiredOf(facets)];
    const parts = new Map<string, readonly Sample[]>();
    const partsOf = (name: string): readonly Sample[] => {
      const known = parts.get(name);
      if (known !== undefined) return known;
      // A required name that no schema describes may have any value.
      const schemas = properties.get(name) ?? [];
      const made = this.samples(schemas, draws.at("property", name), depth + 1);
      if (made.length === 0) this.lacks(schemas, `\`${name}\``);
      parts.set(name, made);
      return made;
    };
    const names = facets.map(({ ref }) => ref.pointer);
    // Inside a value of the same schema only what has to be there is: the optional parts were varied outside.
    const isInsideItself = names.some((name) => this.within.includes(name));
    this.within.push(...names);
    try {
      const bare = new Map(required.map((name) => [name, partsOf(name)] as const));
      if ([...bare.values()].some((samples) => samples.length === 0)) return [];
      const optional = [...properties.keys()].filter((name) => !required.includes(name));
      const base = withParts(NO_PARTS, bare, plainestOf);
      const samples = [
        plain(base, optional.length === 0 ? "an ordinary value" : "with its required parts only"),
      ];
      if (isInsideItself) return samples;
      if (depth > OPTIONAL_DEPTH_MAX) {
        const [first] = optional;
        if (first !== undefined) this.lacks(refs, `the optional parts, such as \`${first}\`,`, "too-deep");
        return samples;
      }
      const extra = new Map(optional.map((name) => [name, partsOf(name)] as const));
      return [...samples, ...this.variants(refs, facets, base, bare, extra)];
    } finally {
      this.within.length -= names.length;
    }
  }

  /** The fullest value, and the plainest one with each value of each part in turn. */
  private variants(
    refs: readonly SchemaRef[],
    facets: Facets,
    base: JsonObject,
    required: Parts,
    optional: Parts,
  ): readonly Sample[] {
    const possible = new Map([...optional].filter(([, samples]) => samples.length > 0));
    if (required.size + possible.size === 0) return [];
    const fullest = this.fullest(refs, base, required, possible);
    const samples = [plain(fullest, "with all its parts")];
    for (const [name, values] of possible) {
      const isSent =
        Object.hasOwn(fullest, name) ||
        values.some(({ value }) => this.isValid(refs, withPart(base, name, value)));
      if (!isSent) this.lacks(propertiesOf(facets).get(name) ?? [], `\`${name}\` beside the other parts`);
    }
    for (const [name, values] of [
      ...[...required].map(([each, all]) => [each, all.slice(1)] as const),
      ...possible,
    ]) {
      for (const { value, bound, what } of values) {
        const inBase = withPart(base, name, value);
        // What another value of one part asks for may be among the others.
        const isEnough = this.isValid(refs, inBase);
        const inWhole = isEnough ? inBase : withPart(fullest, name, value);
        samples.push({ value: inWhole, bound, what: `with \`${name}\` ${what}` });
      }
    }
    return samples;
  }

  /**
   * Every part that can be filled, each with the most in it. Where parts exclude each other, those are taken
   * that can stand beside the ones before them; what depends on a later part gets in in the second round.
   */
  private fullest(
    refs: readonly SchemaRef[],
    base: JsonObject,
    required: Parts,
    optional: Parts,
  ): JsonObject {
    const widthMax = Math.max(1, Math.floor(WIDTH_MAX / Math.max(1, required.size + optional.size)));
    const widest = (samples: readonly Sample[]): Sample | undefined => widestOf(samples, widthMax);
    const whole = withParts(withParts(base, required, widest), optional, widest);
    if (this.isValid(refs, whole)) return whole;
    let grown = base;
    let isGrownValid = this.isValid(refs, grown);
    for (const [name, samples] of [...required, ...optional, ...optional]) {
      const next = withParts(grown, new Map([[name, samples]]), widest);
      const isNextValid = this.isValid(refs, next);
      if (isGrownValid && !isNextValid) continue;
      grown = next;
      isGrownValid = isNextValid;
    }
    return grown;
  }
}

const shortened = (value: JsonValue): string => {
  const text = canonicalJson(value);
  return text.length <= 40 ? text : `${text.slice(0, 40).toWellFormed()}…`;
};
