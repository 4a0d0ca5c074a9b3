import { isJsonObject } from "#kernel/json.ts";

import type { Node } from "../load/document-set.ts";
import { childOf, itemsOf, membersOf, textAt } from "../load/document-set.ts";
import { API_PROBLEM_CODES } from "../load/problems.ts";
import type { SchemaRef, SchemaRegistry } from "../schema/registry.ts";
import { isTransportHeader } from "#ports/http-transport.ts";
import { isOverride } from "./overrides.ts";
import { isJsonType } from "./media-type.ts";
import type { Parameter, ParameterPlace, ParameterStyle } from "./operation.ts";
import type { ModelContext } from "./context.ts";

const PLACES: readonly ParameterPlace[] = ["path", "query", "header", "cookie"];

/** Headers that OpenAPI says are not parameters. */
const NOT_PARAMETERS: readonly string[] = ["accept", "content-type", "authorization"];

const DEFAULT_STYLE: Readonly<Record<ParameterPlace, ParameterStyle>> = {
  path: "simple",
  query: "form",
  header: "simple",
  cookie: "form",
};

/** Parameters of a path and its operation; undefined when a request cannot be made without one that is not understood. */
export const readParameters = (
  path: string,
  item: Node,
  operation: Node,
  context: ModelContext,
): readonly Parameter[] | undefined => {
  const { documents, log } = context;
  const byName = new Map<string, Parameter | "left-out">();
  let isCallable = true;
  // Those of the operation replace those of the path.
  for (const node of [
    ...itemsOf(childOf(item, "parameters")),
    ...itemsOf(childOf(operation, "parameters")),
  ]) {
    const followed = documents.follow(node);
    if (!followed.ok) {
      log.lost(followed.lost);
      isCallable = false;
      continue;
    }
    const read = readParameter(followed.node, context);
    if (read === "not-one") continue;
    if (read.k === "left-out") {
      byName.set(read.key, "left-out");
      if (read.required) isCallable = false;
    } else byName.set(`${read.parameter.place} ${read.parameter.name}`, read.parameter);
  }
  const parameters = [...byName.values()].filter((each) => each !== "left-out");
  for (const [, name = ""] of path.matchAll(/\{([^{}]*)\}/g)) {
    if (byName.has(`path ${name}`)) continue;
    log.say(
      API_PROBLEM_CODES.shape,
      operation,
      "the path names a parameter that the operation does not have",
    );
    isCallable = false;
  }
  return isCallable
    ? parameters.filter(({ place, name }) => place !== "path" || path.includes(`{${name}}`))
    : undefined;
};

type ReadParameter =
  | { readonly k: "parameter"; readonly parameter: Parameter }
  | { readonly k: "left-out"; readonly key: string; readonly required: boolean }
  | "not-one";

const readParameter = (node: Node, { log, schemas }: ModelContext): ReadParameter => {
  const name = textAt(node, "name");
  const place = PLACES.find((each) => each === textAt(node, "in"));
  if (!isJsonObject(node.value) || name === undefined || name === "" || place === undefined) {
    log.say(
      API_PROBLEM_CODES.shape,
      node,
      "a parameter has to have a `name` and an `in` of path, query, header or cookie",
    );
    return "not-one";
  }
  if (place === "header" && NOT_PARAMETERS.includes(name.toLowerCase())) {
    log.say(API_PROBLEM_CODES.notTested, node, "OpenAPI ignores a header parameter of this name");
    return "not-one";
  }
  const required = place === "path" || childOf(node, "required")?.value === true;
  const leaveOut = (message: string, at: Node = node): ReadParameter => {
    log.say(API_PROBLEM_CODES.notTested, at, message);
    return { k: "left-out", key: `${place} ${name}`, required };
  };
  if (!isNameSendable(place, name)) return leaveOut("a parameter of this name cannot be sent");
  if (isOverride(place, name)) {
    return leaveOut("it may change the method or the path that rules are asked about, so it is not sent");
  }
  const content = membersOf(childOf(node, "content"))[0];
  const schemaNode = content === undefined ? childOf(node, "schema") : childOf(content[1], "schema");
  if (schemaNode === undefined) return leaveOut("a parameter without a schema is not tested");
  const schema = schemas.add(schemaNode, "request");
  const parameter = { node, name, place, required, schema };
  if (content !== undefined) {
    if (place !== "query" || !isJsonType(content[0])) {
      return leaveOut("a parameter with `content` is sent only as JSON in the query", content[1]);
    }
    return { k: "parameter", parameter: { ...parameter, style: "json", explode: false } };
  }
  const style = textAt(node, "style") ?? DEFAULT_STYLE[place];
  const explode = childOf(node, "explode")?.value ?? (style === "form" || style === "deepObject");
  const shape = shapeOf(schemas, schema);
  if (!isSupported(place, style, explode === true, shape)) {
    const at = childOf(node, "style") ?? node;
    return leaveOut("this kind of parameter in this style is not tested", at);
  }
  return {
    k: "parameter",
    parameter: { ...parameter, style: style as ParameterStyle, explode: explode === true },
  };
};

type Shape = "scalar" | "array" | "object";

/** What a parameter's schema is of, as far as its `type` says; anything unsaid is a single text. */
const shapeOf = (schemas: SchemaRegistry, ref: SchemaRef): Shape => {
  const resolved = schemas.resolve(ref);
  const schema = resolved === undefined ? true : schemas.at(resolved);
  if (typeof schema === "boolean") return "scalar";
  const types = [schema["type"]].flat();
  if (types.includes("array") || schema["items"] !== undefined) return "array";
  return types.includes("object") || schema["properties"] !== undefined ? "object" : "scalar";
};

const isSupported = (place: ParameterPlace, style: string, explode: boolean, shape: Shape): boolean => {
  switch (place) {
    case "path":
    case "header":
      return style === "simple" && shape !== "object";
    case "cookie":
      return style === "form" && shape === "scalar";
    case "query":
      if (shape === "object") return style === "deepObject" && explode;
      if (style === "form") return true;
      return shape === "array" && !explode && (style === "spaceDelimited" || style === "pipeDelimited");
  }
};

/** RFC 9110 token for headers and cookies, but no header that the transport sets; in a URL every name is encoded. */
const isNameSendable = (place: ParameterPlace, name: string): boolean => {
  if (place === "path" || place === "query") return name.isWellFormed();
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && !(place === "header" && isTransportHeader(name));
};
