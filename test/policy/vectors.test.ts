import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import type { InputType } from "#policy/compiled-policy.ts";
import { jsonToCedar } from "#policy/json-to-cedar.ts";
import { cedarSchema } from "#policy/schema.ts";
import { foldedExtension, foldedPath } from "#policy/folded-path.ts";
import {
  agentEntityId,
  agentOfEntityId,
  entityId,
  entityText,
  hostOfEntityId,
  modelOfEntityId,
} from "#protocol/entity-id.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { sha256 } from "#test/kit/policy-requests.ts";

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../vectors/policy/${name}.json`, import.meta.url), "utf8"));

interface SchemaVector {
  readonly tools: readonly ToolDescriptor[];
  readonly inputs: Readonly<Record<string, InputType["type"]>>;
  readonly schema: readonly string[];
}

test("the schema of the vector's tools and agent", () => {
  const { tools, inputs, schema } = read("schema") as SchemaVector;
  const types = Object.entries(inputs).map(([name, type]) => ({ name, type }));
  expect(cedarSchema(tools, types).split("\n")).toEqual(schema);
});

interface IdVectors {
  readonly ids: readonly { readonly text: string; readonly id: string }[];
  readonly notIds: readonly string[];
  readonly agents: readonly { readonly path: string; readonly name: string; readonly id: string }[];
  readonly notAgents: readonly string[];
  readonly hosts: readonly { readonly id: string }[];
  readonly notHosts: readonly string[];
  readonly models: readonly { readonly id: string }[];
  readonly notModels: readonly string[];
}
const ids = read("entity-ids") as IdVectors;

test.each(ids.ids)("the id of $text is $id", ({ text, id }) => {
  expect(entityId(text)).toBe(id);
  expect(entityText(id)).toBe(text.normalize("NFC"));
});

test.each(ids.notIds)("%j is not an id", (id) => {
  expect(entityText(id)).toBeUndefined();
});

test.each(ids.agents)("the agent $name of $path is $id", ({ path, name, id }) => {
  expect(agentEntityId(path, name)).toBe(id);
  expect(agentOfEntityId(id)).toEqual({ path, name });
});

test.each(ids.notAgents)("%j is not an agent's id", (id) => {
  expect(agentOfEntityId(id)).toBeUndefined();
});

test.each(ids.hosts)("$id is a host", ({ id, ...parts }) => {
  expect(hostOfEntityId(id)).toEqual(parts);
});

test.each(ids.notHosts)("%j is not a host's id", (id) => {
  expect(hostOfEntityId(id)).toBeUndefined();
});

test.each(ids.models)("$id is a model", ({ id, ...parts }) => {
  expect(modelOfEntityId(id)).toEqual(parts);
});

test.each(ids.notModels)("%j is not a model's id", (id) => {
  expect(modelOfEntityId(id)).toBeUndefined();
});

test("an id has at most 4,096 characters, also that of an agent", () => {
  expect(entityText("a".repeat(4_096))).toHaveLength(4_096);
  expect(entityText("a".repeat(4_097))).toBeUndefined();
  expect(agentOfEntityId(`${"a".repeat(4_094)}#b`)).toMatchObject({ name: "b" });
  expect(agentOfEntityId(`${"a".repeat(4_095)}#b`)).toBeUndefined();
});

interface PathVectors {
  readonly paths: readonly { readonly path: string; readonly folded: string; readonly extension: string }[];
  readonly refused: readonly string[];
}
const paths = read("folded-paths") as PathVectors;

test.each(paths.paths)("$path folds to $folded", ({ path, folded, extension }) => {
  expect(foldedPath(path)).toBe(folded);
  expect(foldedExtension(folded)).toBe(extension);
});

test.each(paths.refused)("%j is not a plain path to every file system", (path) => {
  expect(foldedPath(path)).toBeUndefined();
});

interface EncodingVectors {
  readonly encoded: readonly { readonly json: JsonObject; readonly cedar: JsonObject }[];
  readonly long: { readonly character: string; readonly times: number; readonly cedar: JsonObject };
  readonly bounds: readonly { readonly what: string; readonly json: JsonObject; readonly ok: boolean }[];
  readonly refused: readonly { readonly json: JsonObject; readonly reason: string }[];
}
const encoding = read("encoding") as EncodingVectors;

test.each(encoding.encoded)("$json is encoded", ({ json, cedar }) => {
  expect(jsonToCedar(json, sha256)).toEqual({ ok: true, value: cedar });
});

test("a text beyond the bound is its digest, one at the bound itself", () => {
  const { character, times, cedar } = encoding.long;
  expect(jsonToCedar({ a: character.repeat(times) }, sha256)).toEqual({ ok: true, value: { a: cedar } });
  expect(jsonToCedar({ a: character.repeat(times - 1) }, sha256)).toEqual({
    ok: true,
    value: { a: character.repeat(times - 1) },
  });
});

/** What a value of the vectors stands for: repeated texts, lists and nestings are written short. */
const unfolded = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(unfolded);
  if (!isJsonObject(value)) return value;
  const { $text: text, $list: item, $nested: nested } = value;
  const times = Number(value["times"]);
  if (typeof text === "string") return text.repeat(times);
  if (item !== undefined) return Array.from({ length: times }, () => item);
  if (nested !== undefined) {
    let inner: JsonValue = 1;
    for (let depth = 0; depth < times; depth += 1) inner = nested === "list" ? [inner] : { a: inner };
    return inner;
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unfolded(one)]));
};

test.each(encoding.bounds)("bounds: $what", ({ json, ok }) => {
  expect(jsonToCedar(unfolded(json) as JsonObject, sha256).ok).toBe(ok);
});

test.each(encoding.refused)("$json is refused", ({ json, reason }) => {
  expect(jsonToCedar(json, sha256)).toEqual({ ok: false, reason });
});
