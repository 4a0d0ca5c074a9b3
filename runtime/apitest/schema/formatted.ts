import { isJsonObject, type JsonValue } from "#kernel/json.ts";

import { choicesOf, type Facets, facetsOf, itemRefsOf, propertiesOf, rulesOf, textsOf } from "./facets.ts";
import { FORMAT_TEXTS, FREE_FORMATS } from "./format-texts.ts";
import type { SchemaRef, SchemaRegistry } from "./registry.ts";

/** A text of a value and the formats that some schema, also one of its alternatives, gives it. */
export interface FormattedText {
  readonly text: string;
  readonly formats: readonly string[];
  /** Whether the document itself has the text: as an example or as the one or one of those that are allowed. */
  readonly isListed: boolean;
}

/** The texts of a value that have to look like something. */
export const formattedTexts = (
  schemas: SchemaRegistry,
  ref: SchemaRef,
  value: JsonValue,
): readonly FormattedText[] =>
  partsIn(schemas, [ref], value).flatMap(({ facets, part }) => {
    const formats = typeof part === "string" ? formatsOf(facets) : [];
    return typeof part !== "string" || formats.length === 0
      ? []
      : [{ text: part, formats, isListed: isListed(facets, part) }];
  });

/** The parts of a value that a rule is about. */
export const partsUnder = (
  schemas: SchemaRegistry,
  ref: SchemaRef,
  value: JsonValue,
  rule: SchemaRef,
): readonly JsonValue[] => {
  const schema = rule.pointer.slice(0, rule.pointer.lastIndexOf("/"));
  return partsIn(schemas, [ref], value)
    .filter(({ facets }) => facets.some((facet) => facet.ref.pointer === schema))
    .map(({ part }) => part);
};

/** A value and all that is in it, each with what holds for it in one alternative or another. */
const partsIn = (
  schemas: SchemaRegistry,
  refs: readonly SchemaRef[],
  value: JsonValue,
): readonly { readonly facets: Facets; readonly part: JsonValue }[] => {
  const facets = choicesOf(schemas, facetsOf(schemas, ...refs) ?? []).flat();
  const properties = propertiesOf(facets);
  const inner = Array.isArray(value)
    ? (value as readonly JsonValue[]).flatMap((item, index) =>
        partsIn(schemas, itemRefsOf(facets, index), item),
      )
    : isJsonObject(value)
      ? Object.entries(value).flatMap(([name, member]) =>
          partsIn(schemas, properties.get(name) ?? [], member),
        )
      : [];
  return [{ facets, part: value }, ...inner];
};

/** Formats that say how a text has to look. */
export const formatsOf = (facets: Facets): readonly string[] =>
  rulesOf(facets, "format").flatMap(({ value }) =>
    textsOf(value).filter((format) => !FREE_FORMATS.has(format)),
  );

/** Whether a text was made without knowing what its format wants, so that to refuse it proves nothing. */
export const isGuess = ({ text, formats, isListed: isSure }: FormattedText): boolean =>
  !isSure && formats.some((format) => FORMAT_TEXTS.get(format)?.(Array.from(text).length) !== text);

const isListed = (facets: Facets, text: string): boolean =>
  ["examples", "enum", "const"].some((keyword) =>
    rulesOf(facets, keyword).some(({ value }) => [value].flat().includes(text)),
  );
