import { isJsonObject, type JsonValue } from "#kernel/json.ts";

import { facetsBesideNull, itemRefsOf, propertiesOf } from "../schema/facets.ts";
import type { SchemaJudge } from "../schema/judge.ts";
import type { SchemaRef, SchemaRegistry } from "../schema/registry.ts";
import { readingsOfText, textOfScalar } from "./text-values.ts";

/** What is left of a value when it has become text: types are gone, structure is as the style keeps it. */
export type TextShape =
  | { readonly k: "one"; readonly text: string }
  | { readonly k: "list"; readonly texts: readonly string[] }
  | { readonly k: "record"; readonly members: readonly (readonly [string, readonly string[]])[] };

/** Undefined where text cannot carry the value: null, nested values, an empty list, which is nothing at all. */
export const shapeOf = (value: JsonValue): TextShape | undefined => {
  if (Array.isArray(value)) {
    const texts = (value as readonly JsonValue[]).map(textOfScalar);
    if (texts.length === 0 || texts.includes(undefined)) return undefined;
    return { k: "list", texts: texts.filter((text) => text !== undefined) };
  }
  if (!isJsonObject(value)) {
    const text = textOfScalar(value);
    return text === undefined ? undefined : { k: "one", text };
  }
  const members: (readonly [string, readonly string[]])[] = [];
  for (const [name, member] of Object.entries(value)) {
    const inner = shapeOf(member);
    if (inner === undefined || inner.k === "record") return undefined;
    members.push([name, inner.k === "one" ? [inner.text] : inner.texts]);
  }
  return members.length === 0 ? undefined : { k: "record", members };
};

/**
 * Whether some reading of the text is valid. Each part is read in the way that suits the schema best, as a
 * server that knows the schema does; only if even that is invalid is the request wrong beyond doubt.
 */
export const isReadableAs = (
  schemas: SchemaRegistry,
  judge: SchemaJudge,
  ref: SchemaRef,
  shape: TextShape,
): boolean => {
  const candidates = readingsOf(schemas, judge, [ref], shape);
  return candidates.some((value) => judge.isValid(ref, value));
};

const readingsOf = (
  schemas: SchemaRegistry,
  judge: SchemaJudge,
  refs: readonly SchemaRef[],
  shape: TextShape,
): readonly JsonValue[] => {
  const facets = facetsBesideNull(schemas, ...refs) ?? [];
  const bestOf = (part: readonly SchemaRef[], texts: readonly string[]): JsonValue => {
    const [only] = texts;
    const scalars = texts.length === 1 && only !== undefined ? readingsOfText(only) : [];
    const asList = texts.map((text) =>
      bestScalar(judge, itemRefsOf(facetsBesideNull(schemas, ...part) ?? [], 0), text),
    );
    return (
      [...scalars, asList].find((value) => part.every((each) => judge.isValid(each, value))) ?? only ?? null
    );
  };
  switch (shape.k) {
    case "one":
      // A reader of lists takes a single text apart, or for a list of one.
      return [
        ...readingsOfText(shape.text),
        [shape.text].map((text) => bestScalar(judge, itemRefsOf(facets, 0), text)),
        shape.text.split(",").map((text, index) => bestScalar(judge, itemRefsOf(facets, index), text)),
      ];
    case "list": {
      const texts = shape.texts.map((text, index) => bestScalar(judge, itemRefsOf(facets, index), text));
      const split = shape.texts.flatMap((text) => text.split(","));
      return [
        texts,
        split.map((text, index) => bestScalar(judge, itemRefsOf(facets, index), text)),
        // A reader of single values takes the first, the last, or all of them as one.
        ...[shape.texts[0] ?? "", shape.texts.at(-1) ?? "", shape.texts.join(",")].flatMap(readingsOfText),
      ];
    }
    case "record": {
      const properties = propertiesOf(facets);
      return [
        Object.fromEntries(
          shape.members.map(([name, texts]) => [name, bestOf(properties.get(name) ?? [], texts)] as const),
        ),
      ];
    }
  }
};

const bestScalar = (judge: SchemaJudge, refs: readonly SchemaRef[], text: string): JsonValue =>
  readingsOfText(text).find((value) => refs.every((ref) => judge.isValid(ref, value))) ?? text;
