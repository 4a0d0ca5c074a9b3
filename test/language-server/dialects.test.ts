import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import type { Dialect } from "#protocol/agent-spec.ts";
import { mayRun } from "#protocol/problem.ts";
import { verifies } from "#test/kit/verifies.ts";
import { check, lower, lowerBytes } from "./kit.ts";

const FOLDER = new URL("../fixtures/dialects/", import.meta.url);
const files = readdirSync(FOLDER).sort();

/** Every file of the corpus with its dialect and the text that gives it away. */
const CORPUS: Readonly<Record<string, readonly [dialect: Dialect, evidence: string]>> = {
  "d2-shell.symbi": ["D2", "behavior"],
  "d3-lines.symbi": ["D3", "policy night_shift"],
  "d4-prose.symbi": ["D4", "for background_checks"],
  "d5-nested.symbi": ["D5", "schedule"],
  "d6-profile.symbi": ["D6", "with"],
  "d7-template.symbi": ["D7", "prompt: |"],
  "markdown.symbi": ["unknown", "# Usage"],
};

test("the corpus holds every dialect", () => {
  expect(files).toEqual(["d1-reviewer.symbi", ...Object.keys(CORPUS)]);
});

describe("another dialect is one honest problem that keeps the file from running", () => {
  test.each(Object.entries(CORPUS))("%s", (file, [dialect, evidence]) => {
    verifies("language.beyond.seven-dialects");
    const bytes = readFileSync(new URL(file, FOLDER));
    const { problems, value } = lowerBytes({ path: file, bytes });
    expect(value?.source.dialect).toBe(dialect);
    expect(problems.map(({ code, class: kind }) => [code, kind])).toEqual([["WRIT067", "enforcement"]]);
    const [problem] = problems;
    expect(new TextDecoder().decode(bytes).slice(...(problem?.range.span ?? [0, 0]))).toContain(evidence);
    expect(mayRun(problems)).toBe(false);
  });
});

test("the file in the language itself may run", () => {
  const bytes = readFileSync(new URL("d1-reviewer.symbi", FOLDER));
  const { problems, value } = lowerBytes({ path: "d1-reviewer.symbi", bytes });
  expect(problems).toEqual([]);
  expect(value).toMatchObject({ source: { dialect: "D1" }, agents: [{ name: "reviewer" }] });
});

describe("what gives a dialect away", () => {
  test.each([
    ['agent a { «schedule» { cron: "x" } }'],
    ["agent a { «memory notes» { store: markdown } }"],
    ['policy p { «agent x» { allow: ["a"] } }'],
    ["«on_prompt» { }"],
    ["«struct» P { x: int }"],
    ['agent «A» { name: "A" }'],
    ["agent «A» { security { tier: Tier1 } }"],
    ['«capabilities» { tool "x" }'],
    ["policy p { deny: a «always» }"],
    ["agent a { with sandbox = docker { let r = A«::new»(1); } }"],
    ["«policy night»\n  deny x\nend"],
    ["«# Notes»\n\n```\nsome code\n```"],
    ["«hello world»"],
  ])("%s", (text) => {
    check(text, "WRIT067");
  });
});

test("a broken file in the language itself is not taken for another dialect", () => {
  const { value, problems } = lower(
    "agent a { policy p { deny: shell if } with sandbox = docker { return 1; } }",
  );
  expect(value?.source.dialect).toBe("D1");
  expect(problems.map(({ code }) => code)).toEqual(["WRIT079"]);
});
