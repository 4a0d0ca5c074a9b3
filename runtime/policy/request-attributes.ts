import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { ownValue } from "#kernel/json.ts";
import { agentOfEntityId, entityText } from "#protocol/entity-id.ts";
import type {
  AttributeDescriptor,
  AttributeType,
  PrincipalType,
  ResourceType,
} from "#protocol/policy-vocabulary.ts";
import { PRINCIPAL_ATTRIBUTES, RESOURCE_ATTRIBUTES } from "#protocol/policy-vocabulary.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { foldedExtension, foldedPath } from "./folded-path.ts";

/** Attributes of principals and resources: what the id says, and what the request adds. */

export type Attributes =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly why: string };

/** All attributes of a principal, or why the id is none. */
export const principalAttributes = (type: PrincipalType, id: string): Attributes => {
  const known = derivedOfName(type, id);
  return known === undefined
    ? refuse(`the ${type} id is not in the form of the vocabulary`)
    : { ok: true, value: pick({ ...known, labels: [] }, PRINCIPAL_ATTRIBUTES[type]) };
};

/** All attributes of a resource: those of the request, checked, and those that its id gives. */
export const resourceAttributes = (
  type: ResourceType,
  id: string,
  given: JsonObject,
  tools: readonly ToolDescriptor[],
): Attributes => {
  const derived = derivedOf(type, id, tools);
  if (derived === undefined) return refuse(`the ${type} id is not in the form of the vocabulary`);
  const descriptors = RESOURCE_ATTRIBUTES[type];
  for (const name of Object.keys(given)) {
    if (!descriptors.some((one) => one.name === name))
      return refuse(`a ${type} has no attribute of that name`);
  }
  const all: Record<string, JsonValue> = {};
  for (const { name, type: kind, from } of descriptors) {
    const value = ownValue(given, name);
    const computed = ownValue(derived, name);
    if (value === undefined) {
      if (from === "given") return refuse(`the ${type} lacks its attribute \`${name}\``);
      if (from === "derived") all[name] = computed ?? "";
      else if (from === "defaulted") all[name] = [];
    } else {
      if (!isOfType(value, kind)) return refuse(`the attribute \`${name}\` of the ${type} has another type`);
      if (from === "derived" && !sameScalar(value, computed)) {
        return refuse(`the attribute \`${name}\` of the ${type} contradicts its id`);
      }
      all[name] = value;
    }
  }
  return { ok: true, value: all };
};

const refuse = (why: string): Attributes => ({ ok: false, why });

const pick = (from: JsonObject, descriptors: readonly AttributeDescriptor[]): JsonObject =>
  Object.fromEntries(descriptors.map(({ name }) => [name, ownValue(from, name) ?? ""]));

const derivedOf = (
  type: ResourceType,
  id: string,
  tools: readonly ToolDescriptor[],
): JsonObject | undefined => {
  switch (type) {
    case "Tool": {
      const tool = tools.find(({ name }) => name === id);
      if (tool === undefined) return undefined;
      const { name, effects, risk, idempotent } = tool;
      return { name, server: "builtin", verified: true, effects, risk, idempotent };
    }
    case "File": {
      const path = entityText(id);
      const folded = path === undefined ? undefined : foldedPath(path);
      if (path === undefined || folded === undefined) return undefined;
      return {
        path,
        folded_path: folded,
        name: path.slice(path.lastIndexOf("/") + 1),
        extension: foldedExtension(folded),
      };
    }
    case "Host":
      return originOf(id);
    case "Model": {
      const text = entityText(id);
      const colon = text?.indexOf(":") ?? -1;
      return text === undefined || colon < 1
        ? undefined
        : { provider: text.slice(0, colon), name: text.slice(colon + 1) };
    }
    case "Agent":
    case "Topic":
    case "Memory":
    case "Run":
      return derivedOfName(type, id);
  }
};

const derivedOfName = (type: PrincipalType | ResourceType, id: string): JsonObject | undefined => {
  if (type === "Agent") return agentOfEntityId(id);
  const name = entityText(id);
  return name === undefined ? undefined : { name };
};

const ORIGIN = /^(https?):\/\/([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?$/;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** An origin in its one form: lower case, no default port, no path (WHATWG URL, serialised origin). */
const originOf = (id: string): JsonObject | undefined => {
  const [, scheme = "", host = "", written] = ORIGIN.exec(id) ?? [];
  const port = written === undefined ? DEFAULT_PORTS[scheme] : Number(written);
  if (port === undefined || port > 65_535 || (written !== undefined && port === DEFAULT_PORTS[scheme])) {
    return undefined;
  }
  return { scheme, host, port };
};

const isOfType = (value: JsonValue, type: AttributeType): boolean => {
  switch (type) {
    case "string":
      return typeof value === "string" && value.isWellFormed();
    case "long":
      return typeof value === "number" && Number.isSafeInteger(value);
    case "boolean":
      return typeof value === "boolean";
    case "string-set":
      return isList(value) && value.every((item) => typeof item === "string" && item.isWellFormed());
  }
};

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

const sameScalar = (one: JsonValue, other: JsonValue | undefined): boolean =>
  isList(one) && other !== undefined && isList(other)
    ? one.length === other.length && one.every((item) => other.includes(item))
    : one === other;
