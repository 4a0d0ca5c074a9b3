/*
 * The parser learns to go on behind mistakes only when a text has one. What it makes of a text without
 * must not depend on what it has read before.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sha256OfBytes } from "#kernel/digest.ts";
import { utf8 } from "#kernel/bytes.ts";
import { lowerSource } from "#language/lower/lower.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";

const folders = ["test/vectors/agent-spec/accepted", "examples/release-notes/agents"];
const sources = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".symbi"))
    .map((name) => readFileSync(join(folder, name))),
);

const digest = (bytes: Uint8Array) => sha256OfBytes(createHash("sha256").update(bytes).digest());
const lowered = (bytes: Uint8Array): unknown =>
  lowerSource({ path: "a.symbi", bytes }, { tools: BUILTIN_TOOLS, digest });

test("a text without a mistake means the same before and after one with a mistake", () => {
  expect(sources.length).toBeGreaterThan(5);
  // In this order: the first broken text changes how all later ones are read.
  const before = sources.map(lowered);
  const broken = lowered(utf8("agent broken( { policy p { allow: } } agent whole() { }")) as {
    problems: readonly unknown[];
  };
  expect(broken.problems.length).toBeGreaterThan(0);
  expect(sources.map(lowered)).toEqual(before);
});
