import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonValue } from "#kernel/json.ts";

import type { Parameter } from "../model/operation.ts";
import type { SchemaJudge } from "../schema/judge.ts";
import type { SchemaRegistry } from "../schema/registry.ts";
import { cookieValue, encodePart, headerValue, pathSegment } from "./encode.ts";
import { isReadableAs, shapeOf, type TextShape } from "./text-shape.ts";

/** A parameter as it goes into a request: a path segment, `name=value` pairs of a query, or a value. */
export type SentParameter = readonly string[];

/** The texts of a value, or undefined where this place cannot carry it unambiguously. */
export const sentParameter = (parameter: Parameter, value: JsonValue): SentParameter | undefined => {
  const name = encodePart(parameter.name);
  if (parameter.style === "json") return [`${name}=${encodePart(canonicalJson(value))}`];
  const shape = shapeOf(value);
  if (shape === undefined || !isPlain(parameter, shape)) return undefined;
  switch (parameter.place) {
    case "path":
      return shape.k === "record" ? undefined : joined(textsOf(shape).map(pathSegment), ",");
    case "header":
      return shape.k === "record" ? undefined : joined(textsOf(shape).map(headerValue), ",");
    case "cookie":
      return shape.k === "one" ? joined([cookieValue(shape.text)], "") : undefined;
    case "query":
      return queryPairs(parameter, name, shape);
  }
};

const queryPairs = (parameter: Parameter, name: string, shape: TextShape): SentParameter | undefined => {
  switch (shape.k) {
    case "one":
      // `filter` is no name of a parameter that lives in `filter[..]`: a server sees an unknown one there.
      if (parameter.style === "deepObject") return undefined;
      return [`${name}=${encodePart(shape.text)}`];
    case "list":
      if (parameter.style === "deepObject") return undefined;
      return parameter.explode
        ? shape.texts.map((text) => `${name}=${encodePart(text)}`)
        : [`${name}=${shape.texts.map(encodePart).join(SEPARATORS[parameter.style] ?? ",")}`];
    case "record":
      if (parameter.style !== "deepObject") return undefined;
      return shape.members.every(([, texts]) => texts.length === 1)
        ? shape.members.map(([key, texts]) => `${name}%5B${encodePart(key)}%5D=${encodePart(texts[0] ?? "")}`)
        : undefined;
  }
};

const SEPARATORS: Readonly<Record<string, string>> = {
  form: ",",
  spaceDelimited: "%20",
  pipeDelimited: "%7C",
};

const joined = (parts: readonly (string | undefined)[], separator: string): SentParameter | undefined =>
  parts.includes(undefined) ? undefined : [parts.join(separator)];

const textsOf = (shape: Exclude<TextShape, { k: "record" }>): readonly string[] =>
  shape.k === "one" ? [shape.text] : shape.texts;

/** An empty text is "missing" to many servers, and an item with a separator in it is two. */
const isPlain = ({ place, explode, style }: Parameter, shape: TextShape): boolean => {
  if (shape.k === "record") return shape.members.every(([, texts]) => !texts.includes(""));
  const texts = textsOf(shape);
  if (texts.includes("") || texts.some((text) => !text.isWellFormed() || text.includes("\u0000")))
    return false;
  if (shape.k === "one") return true;
  return (
    (explode && place === "query") || style === "deepObject" || texts.every((text) => !/[,|\s]/.test(text))
  );
};

/** Whether some server may read what is sent as a valid value. JSON keeps its types, text does not. */
export const mayBeValid = (
  schemas: SchemaRegistry,
  judge: SchemaJudge,
  parameter: Parameter,
  value: JsonValue,
): boolean => {
  if (judge.isValid(parameter.schema, value)) return true;
  if (parameter.style === "json") return false;
  const shape = shapeOf(value);
  return shape !== undefined && isReadableAs(schemas, judge, parameter.schema, shape);
};
