import { isJsonObject, type JsonObject, type JsonValue } from "#kernel/json.ts";

import { pointerTo } from "../load/pointer.ts";
import { branchBesideNull } from "./null-branch.ts";
import { NEVER_SENT, NULL_UNSURE, type SchemaRef, type SchemaRegistry } from "./registry.ts";

/**
 * What holds for one value together: a schema, what its `$ref` leads to and all of its `allOf`, none of
 * them repeated. Alternatives are not followed; `choicesOf` and `facetsBesideNull` do that.
 */
export type Facets = readonly Facet[];

export interface Facet {
  readonly ref: SchemaRef;
  readonly schema: JsonObject;
}

/** The texts of a keyword that holds one or several. */
export const textsOf = (value: JsonValue): readonly string[] =>
  [value].flat().filter((each): each is string => typeof each === "string");

/** A keyword's value with the place that says it. */
export interface Rule<T extends JsonValue = JsonValue> {
  readonly keyword: string;
  readonly ref: SchemaRef;
  readonly value: T;
}

/** Null for a schema that allows nothing. */
export const facetsOf = (schemas: SchemaRegistry, ...refs: readonly SchemaRef[]): Facets | null => {
  const found = new Map<string, Facet>();
  const queue = [...refs];
  for (let ref = queue.shift(); ref !== undefined; ref = queue.shift()) {
    if (found.has(ref.pointer)) continue;
    const schema = schemas.at(ref);
    if (schema === false) return null;
    if (schema === true) continue;
    found.set(ref.pointer, { ref, schema });
    const target = schema["$ref"];
    if (typeof target === "string") queue.push({ ...ref, pointer: target.slice(1) });
    const all = schema["allOf"];
    if (Array.isArray(all)) queue.push(...all.map((_, index) => below(ref, "allOf", index)));
  }
  return [...found.values()];
};

/**
 * The same for a value that is not null: where alternatives say only that it may be null too, it is the other
 * branch that holds for it.
 */
export const facetsBesideNull = (schemas: SchemaRegistry, ...refs: readonly SchemaRef[]): Facets | null => {
  const followed = new Map(refs.map((ref) => [ref.pointer, ref]));
  for (;;) {
    const facets = facetsOf(schemas, ...followed.values());
    const more = (facets ?? []).flatMap(branchesBesideNull).filter(({ pointer }) => !followed.has(pointer));
    if (more.length === 0) return facets;
    for (const ref of more) followed.set(ref.pointer, ref);
  }
};

const branchesBesideNull = ({ ref, schema }: Facet): readonly SchemaRef[] =>
  (["oneOf", "anyOf"] as const).flatMap((keyword) => {
    const index = branchBesideNull(schema[keyword]);
    return index === undefined ? [] : [below(ref, keyword, index)];
  });

/** The facets with each branch of the first `oneOf` or `anyOf` in turn; the facets alone where there is none. */
export const choicesOf = (schemas: SchemaRegistry, facets: Facets): readonly Facets[] => {
  for (const { ref, schema } of facets) {
    for (const keyword of ["oneOf", "anyOf"] as const) {
      const branches = schema[keyword];
      if (!Array.isArray(branches)) continue;
      // What may be null too is something else as a rule.
      const first = branchBesideNull(branches);
      const indexes = branches.map((_, index) => (first === 1 ? 1 - index : index));
      return indexes.flatMap((index) => {
        const chosen = facetsOf(schemas, below(ref, keyword, index));
        if (chosen === null) return [];
        const { [keyword]: dropped, ...rest } = schema;
        void dropped;
        // The branch is chosen here; one inside it, or beside it, is chosen in the next round.
        const others = facets.map((facet) => (facet.ref === ref ? { ref, schema: rest } : facet));
        return choicesOf(schemas, [...others, ...chosen]).slice(0, BRANCHES_MAX);
      });
    }
  }
  return [facets];
};

const BRANCHES_MAX = 8;

export const rulesOf = (facets: Facets, keyword: string): readonly Rule[] =>
  facets.flatMap(({ ref, schema }) => {
    const value = schema[keyword];
    return value === undefined ? [] : [{ keyword, ref: below(ref, keyword), value }];
  });

export const numberRulesOf = (facets: Facets, keyword: string): readonly Rule<number>[] =>
  rulesOf(facets, keyword).filter((rule): rule is Rule<number> => typeof rule.value === "number");

/** The strictest of lower bounds is the largest, of upper bounds the smallest. */
export const strictest = (
  rules: readonly Rule<number>[],
  which: "largest" | "smallest",
): Rule<number> | undefined =>
  rules.reduce<Rule<number> | undefined>((best, rule) => {
    if (best === undefined) return rule;
    return (which === "largest") === rule.value > best.value && rule.value !== best.value ? rule : best;
  }, undefined);

/** JSON types that all facets allow; undefined where none says any. */
export const typesOf = (facets: Facets): readonly string[] | undefined => {
  const said = rulesOf(facets, "type").map(({ value }) => textsOf(value));
  const [first, ...others] = said;
  if (first === undefined) return undefined;
  return others.reduce<readonly string[]>(
    (types, next) =>
      types.flatMap((type) => {
        if (next.includes(type)) return [type];
        if (type === "integer" && next.includes("number")) return ["integer"];
        return type === "number" && next.includes("integer") ? ["integer"] : [];
      }),
    first,
  );
};

/** Declared properties, each with all schemas that hold for it; those that belong to the server are left out. */
export const propertiesOf = (facets: Facets): ReadonlyMap<string, readonly SchemaRef[]> => {
  const properties = new Map<string, SchemaRef[]>();
  for (const { ref, schema } of facets) {
    const declared = schema["properties"];
    if (!isJsonObject(declared)) continue;
    for (const [name, property] of Object.entries(declared)) {
      if (isJsonObject(property) && property[NEVER_SENT] === true) continue;
      properties.set(name, [...(properties.get(name) ?? []), below(ref, "properties", name)]);
    }
  }
  return properties;
};

/** Every name that some facet declares, also those that are never sent. */
export const knownNames = (facets: Facets): ReadonlySet<string> =>
  new Set(
    facets.flatMap(({ schema }) =>
      isJsonObject(schema["properties"]) ? Object.keys(schema["properties"]) : [],
    ),
  );

/** Whether readers differ about null here. */
export const isNullUnsure = (facets: Facets): boolean =>
  facets.some(({ schema }) => schema[NULL_UNSURE] === true);

export const requiredOf = (facets: Facets): ReadonlySet<string> =>
  new Set(rulesOf(facets, "required").flatMap(({ value }) => textsOf(value)));

/** Schemas that hold for the item at an index. */
export const itemRefsOf = (facets: Facets, index: number): readonly SchemaRef[] =>
  facets.flatMap(({ ref, schema }) => {
    const tuple = schema["prefixItems"];
    if (Array.isArray(tuple) && index < tuple.length) return [below(ref, "prefixItems", index)];
    return schema["items"] === undefined ? [] : [below(ref, "items")];
  });

export const below = (ref: SchemaRef, ...keys: readonly (string | number)[]): SchemaRef => ({
  direction: ref.direction,
  pointer: pointerTo(ref.pointer, ...keys),
});
