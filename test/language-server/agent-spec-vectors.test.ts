import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import { type JsonValue, readJson } from "#kernel/json.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import { readAgentSpec } from "#protocol/agent-spec-schema.ts";
import { expectGolden } from "#test/kit/golden.ts";
import { verifies } from "#test/kit/verifies.ts";
import { digest, lowerBytes } from "./kit.ts";

const FOLDER = new URL("../vectors/agent-spec/", import.meta.url);
const accepted = readdirSync(new URL("accepted/", FOLDER)).filter((name) => name.endsWith(".symbi"));
const refused = readdirSync(new URL("refused/", FOLDER));

const json = (spec: AgentSpec): JsonValue => spec as unknown as JsonValue;

describe("a source lowers to the spec beside it", () => {
  test.each(accepted)("%s", (name) => {
    verifies("language.beyond.text-is-enforced");
    const bytes = readFileSync(new URL(`accepted/${name}`, FOLDER));
    const { value } = lowerBytes({ path: `agents/${name}`, bytes });
    if (value === null) throw new Error("nothing was lowered");
    const vector = { canonicalDigest: digest(utf8(canonicalJson(json(value)))), spec: value };
    expectGolden(
      new URL(`accepted/${name.replace(".symbi", ".json")}`, FOLDER),
      `${JSON.stringify(vector, null, 1)}\n`,
    );
    expect(value.source.digest).toBe(digest(bytes));
  });
  test("there are vectors", () => expect(accepted.length).toBeGreaterThan(5));
});

describe("the reader takes what lowering gives and nothing else", () => {
  test.each(accepted)("%s is read", (name) => {
    const vector: unknown = JSON.parse(
      readFileSync(new URL(`accepted/${name.replace(".symbi", ".json")}`, FOLDER), "utf8"),
    );
    const spec = typeof vector === "object" && vector !== null && "spec" in vector ? vector.spec : undefined;
    expect(readAgentSpec(spec, digest)).toEqual({ ok: true, value: spec });
  });
  test.each(refused)("%s is refused", (name) => {
    const reading = readJson(readFileSync(new URL(`refused/${name}`, FOLDER), "utf8"));
    if (!reading.ok) throw new Error(`${name} is not JSON: ${reading.detail}`);
    expect(readAgentSpec(reading.value, digest)).toMatchObject({ ok: false });
  });
  test.each([[undefined], [null], ["{}"], [[]], [() => undefined], [new Map()]])("%s is refused", (value) => {
    expect(readAgentSpec(value, digest)).toMatchObject({ ok: false });
  });
  test("a value deeper than the stack is refused, not thrown at", () => {
    let deep: unknown = null;
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
    expect(readAgentSpec({ v: 1, metadata: [{ key: "a", value: deep, range: null }] }, digest)).toMatchObject(
      {
        ok: false,
      },
    );
  });
  test("there are vectors", () => expect(refused.length).toBeGreaterThan(10));
});
