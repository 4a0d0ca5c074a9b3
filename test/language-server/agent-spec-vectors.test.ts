import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import { expectGolden } from "#test/kit/golden.ts";
import { verifies } from "#test/kit/verifies.ts";
import { digest, lowerBytes } from "./kit.ts";

const FOLDER = new URL("../vectors/agent-spec/", import.meta.url);
const accepted = readdirSync(new URL("accepted/", FOLDER)).filter((name) => name.endsWith(".symbi"));

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
