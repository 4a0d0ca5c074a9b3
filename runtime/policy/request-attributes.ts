import { byCodeUnits } from "#kernel/canonical-json.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { ownValue } from "#kernel/json.ts";
import {
  agentOfEntityId,
  entityText,
  hostOfEntityId,
  isTargetPath,
  modelOfEntityId,
} from "#protocol/entity-id.ts";
import type { Shape } from "#protocol/json-shape.ts";
import { isBoolean, isSortedSet, listOf, oneOf, textOf, wholeFrom } from "#protocol/json-shape.ts";
import type {
  ActionName,
  AttributeDescriptor,
  AttributeType,
  PrincipalType,
  ResourceType,
} from "#protocol/policy-vocabulary.ts";
import {
  FILE_CHANGES,
  PRINCIPAL_ATTRIBUTES,
  REQUEST_TEXT_CHARACTERS_MAX,
  RESOURCE_ATTRIBUTES,
} from "#protocol/policy-vocabulary.ts";
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

/** All attributes of a resource: those that its id gives, and those of the request, checked. */
export const resourceAttributes = (
  {
    type,
    id,
    attributes: given,
  }: { readonly type: ResourceType; readonly id: string; readonly attributes: JsonObject },
  action: ActionName,
  tools: readonly ToolDescriptor[],
): Attributes => {
  const derived = derivedOf(type, id, tools);
  if (derived === undefined) return refuse(`the ${type} id is not in the form of the vocabulary`);
  const descriptors = RESOURCE_ATTRIBUTES[type].filter(
    ({ from }) => from !== "optional" || action === "allocate",
  );
  for (const name of Object.keys(given)) {
    if (!descriptors.some((one) => one.name === name))
      return refuse(`a ${type} has no attribute of that name`);
  }
  const all: Record<string, JsonValue> = {};
  for (const { name, type: kind, from } of descriptors) {
    const value = ownValue(given, name);
    if (from === "derived") {
      // The computed value is used, whatever the request says, and has to be the same.
      const computed = ownValue(derived, name) ?? "";
      if (value !== undefined && !isSame(value, computed)) {
        return refuse(`the attribute \`${name}\` of the ${type} contradicts its id`);
      }
      all[name] = computed;
    } else if (value === undefined) {
      if (from === "given") return refuse(`the ${type} lacks its attribute \`${name}\``);
      if (from === "defaulted") all[name] = [];
    } else {
      const isValue = VALUES[`${type}.${name}`] ?? TYPES[kind];
      if (!isValue(value))
        return refuse(`the attribute \`${name}\` of the ${type} has another type or value`);
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
      const { name, risk, idempotent } = tool;
      const effects = [...new Set(tool.effects)].sort(byCodeUnits);
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
      return asAttributes(hostOfEntityId(id));
    case "Model":
      return asAttributes(modelOfEntityId(id));
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

/** An interface has no index signature, and its copy does. */
const asAttributes = (parts: object | undefined): JsonObject | undefined =>
  parts === undefined ? undefined : { ...parts };

const isText = textOf(REQUEST_TEXT_CHARACTERS_MAX);
const isTexts = listOf(isText);

const TYPES: Readonly<Record<AttributeType, Shape>> = {
  string: isText,
  long: wholeFrom(0),
  boolean: isBoolean,
  "string-set": (value) => isTexts(value) && isSortedSet(value as readonly JsonValue[]),
};

/** Attributes that not every value of their type can be. */
const VALUES: Readonly<Record<string, Shape>> = {
  "File.change": oneOf(FILE_CHANGES),
  "Host.method": (value) => typeof value === "string" && /^[A-Z]{1,32}$/.test(value),
  "Host.path": (value) => typeof value === "string" && isText(value) && isTargetPath(value),
};

const isSame = (one: JsonValue, other: JsonValue): boolean =>
  isList(one) && isList(other)
    ? one.length === other.length && one.every((item, index) => item === other[index])
    : one === other;

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
