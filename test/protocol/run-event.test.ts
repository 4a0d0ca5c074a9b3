import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";
import * as z from "zod/mini";

import { ENTRY_SCHEMAS, LIVE_SCHEMAS } from "#protocol/run-event-schema.ts";
import type { RunEntryType } from "#protocol/run-event-schema.ts";
import { ENTRY_TYPES, LIVE_TYPES } from "#protocol/run-event.ts";

interface Vector {
  readonly why?: string;
  readonly type: RunEntryType;
  readonly public: unknown;
}

interface Vectors {
  readonly accepted: readonly Vector[];
  readonly refused: readonly Vector[];
}

const vectorsOf = (file: string): Vectors =>
  JSON.parse(readFileSync(`test/vectors/run-event/${file}`, "utf8")) as Vectors;

const frozen = vectorsOf("entries.json");
/** Fields and types that came after the freeze, as the page allows. */
const additions = [vectorsOf("additions.json"), vectorsOf("tests.json")];
const vectors: Vectors = {
  accepted: [...frozen.accepted, ...additions.flatMap(({ accepted }) => accepted)],
  refused: [...frozen.refused, ...additions.flatMap(({ refused }) => refused)],
};
const page = readFileSync("docs/formats/run-event.md", "utf8");

/** The rows of the page's tables whose first cell names one of these types. */
const rowOf = (type: string): readonly string[] =>
  (page.split("\n").find((line) => line.startsWith(`| \`${type}\``)) ?? "")
    .split("|")
    .map((cell) => cell.trim());

describe("entries", () => {
  test.each(vectors.accepted)("accepts $type", (vector) => {
    expect(z.safeParse(ENTRY_SCHEMAS[vector.type].public, vector.public).error).toBeUndefined();
  });

  test.each(vectors.refused)("refuses $why in $type", (vector) => {
    expect(z.safeParse(ENTRY_SCHEMAS[vector.type].public, vector.public).success).toBe(false);
  });

  test("every type of a run has a vector", () => {
    const shown = new Set(vectors.accepted.map(({ type }) => type));
    expect(Object.keys(ENTRY_SCHEMAS).filter((type) => !shown.has(type as RunEntryType))).toEqual([]);
  });

  test.each(Object.entries(ENTRY_SCHEMAS))(
    "the page lists the fields, parts and role of %s",
    (type, schema) => {
      const [, name = "", fields = "", parts = ""] = rowOf(type);
      const shape = (schema.public as z.ZodMiniObject)._zod.def.shape;
      for (const field of Object.keys(shape)) expect(fields, field).toContain(`\`${field}\``);
      for (const part of schema.content) expect(parts, part).toContain(`\`${part}\``);
      expect(name.includes("*feeds*")).toBe(schema.feeds);
    },
  );

  test("the page lists every type, and the schemas every type but those of the log itself", () => {
    expect(ENTRY_TYPES.filter((type) => !page.includes(`\`${type}\``))).toEqual([]);
    const own = ENTRY_TYPES.filter((type) => !type.startsWith("log.") && !type.startsWith("key."));
    expect(Object.keys(ENTRY_SCHEMAS).sort()).toEqual([...own].sort());
  });
});

describe("live events", () => {
  test.each([
    ["phase.entered", { phase: "reasoning", iteration: 1 }, true],
    ["phase.entered", { phase: "thinking", iteration: 1 }, false],
    ["output.printed", { level: null, text: "x" }, true],
    ["output.printed", { level: null, text: "x", colour: "red" }, false],
    [
      "tool.progress",
      { callId: "01890a5d-ac96-774b-bcce-b302099a8057", stream: "stdout", text: "\u001b[2J" },
      true,
    ],
    ["tool.progress", { callId: "x", stream: "stdout", text: "" }, false],
  ] as const)("%s %j: %s", (type, data, accepted) => {
    expect(z.safeParse(LIVE_SCHEMAS[type], data).success).toBe(accepted);
  });

  test.each(LIVE_TYPES)("the page lists the data of %s", (type) => {
    const shape = (LIVE_SCHEMAS[type] as z.ZodMiniObject)._zod.def.shape;
    for (const field of Object.keys(shape)) expect(rowOf(type)[2], field).toContain(`\`${field}\``);
  });
});
