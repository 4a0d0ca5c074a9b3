import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { JsonObject } from "#kernel/json.ts";
import { jsonToCedar } from "#policy/json-to-cedar.ts";
import { foldedExtension, foldedPath } from "#policy/folded-path.ts";
import { agentEntityId, agentOfEntityId, entityId, entityText } from "#protocol/entity-id.ts";
import { sha256 } from "#test/kit/policy-requests.ts";

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../vectors/policy/${name}.json`, import.meta.url), "utf8"));

interface IdVectors {
  readonly ids: readonly { readonly text: string; readonly id: string }[];
  readonly notIds: readonly string[];
  readonly agents: readonly { readonly path: string; readonly name: string; readonly id: string }[];
  readonly notAgents: readonly string[];
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

test.each(encoding.refused)("$json is refused", ({ json, reason }) => {
  expect(jsonToCedar(json, sha256)).toEqual({ ok: false, reason });
});
