import { canonicalJson } from "#kernel/canonical-json.ts";
import { isJsonObject, type JsonValue } from "#kernel/json.ts";

import type { RequestBody } from "../model/operation.ts";
import type { SchemaJudge } from "../schema/judge.ts";
import type { SchemaRegistry } from "../schema/registry.ts";
import { encodePart } from "./encode.ts";
import { isReadableAs, shapeOf } from "./text-shape.ts";

/** The text of a body, or undefined where its media type cannot carry the value. */
export const sentBody = (body: RequestBody, value: JsonValue): string | undefined => {
  // Keys in one order, so that equal bodies are equal bytes.
  if (body.form === "json") return canonicalJson(value);
  if (!isJsonObject(value)) return undefined;
  const shape = shapeOf(value);
  if (shape?.k !== "record") return undefined;
  if (shape.members.some(([, texts]) => texts.includes(""))) return undefined;
  return shape.members
    .flatMap(([name, texts]) => texts.map((text) => `${encodePart(name)}=${encodePart(text)}`))
    .join("&");
};

export const mayBodyBeValid = (
  schemas: SchemaRegistry,
  judge: SchemaJudge,
  body: RequestBody,
  value: JsonValue,
): boolean => {
  if (judge.isValid(body.schema, value)) return true;
  if (body.form === "json") return false;
  const shape = shapeOf(value);
  return shape !== undefined && isReadableAs(schemas, judge, body.schema, shape);
};
