import { describe, expect, test } from "vitest";

import { POLICY_PROBLEM_CODES } from "#protocol/policy-problems.ts";
import { PROBLEM_CATALOGUE } from "#protocol/problem-catalogue.ts";
import { mayRun } from "#protocol/problem.ts";
import { applyFix, check, lower, marked } from "./kit.ts";
import { PROBLEM_CASES } from "./problem-cases.ts";

/** Codes of the language; the ones from 100 on belong to policies. */
const CODES = Object.keys(PROBLEM_CATALOGUE).filter((code) => code < "WRIT100");

describe("each problem stands where its cause is", () => {
  test.each(PROBLEM_CASES)("%s", (text, ...codes) => {
    check(text, ...codes);
  });
});

test("the catalogue takes in the codes of policies", () => {
  const policies = Object.keys(PROBLEM_CATALOGUE).filter((code) => code >= "WRIT100");
  expect(policies).toEqual(Object.values(POLICY_PROBLEM_CODES).sort());
});

test("every code of the catalogue is reported by a case, and no other", () => {
  const reported = new Set(
    PROBLEM_CASES.flatMap(([text]) => lower(marked(text).text).problems.map(({ code }) => code)),
  );
  // WRIT082 needs more problems than a case should hold.
  const many = lower(`agent a { with sandbox = docker { ${"x;\n".repeat(1_100)} } }`).problems;
  for (const { code } of many) reported.add(code);
  expect([...reported].sort()).toEqual(CODES);
});

describe("a fix removes the problem that offers it and makes no worse one", () => {
  const fixable = PROBLEM_CASES.flatMap(([source]) => {
    const { text } = marked(source);
    return lower(text).problems.flatMap((problem) => (problem.fix === undefined ? [] : [{ text, problem }]));
  });
  test.each(fixable)("$problem.code $text", ({ text, problem }) => {
    const before = lower(text).problems;
    const mended = applyFix(text, problem);
    const after = lower(mended).problems;
    const count = (problems: typeof before): number =>
      problems.filter(({ code }) => code === problem.code).length;
    expect(mended).not.toBe(text);
    expect(count(after)).toBeLessThan(count(before));
    expect(after.length).toBeLessThan(before.length);
  });
  test("there are fixes to try", () => expect(fixable.length).toBeGreaterThan(40));
});

test("an enforcement problem is an error that nothing in the text can lower", () => {
  const silenced = [
    "// writ-disable",
    "# writ-ignore WRIT068",
    "/* eslint-disable */",
    "// symbi-dialect: D1",
  ].map((comment) => `${comment}\npolicy p { deny: shel ${comment.startsWith("/*") ? comment : ""}\n}`);
  for (const text of silenced) {
    const { problems } = lower(text);
    expect(problems.map(({ code, class: kind, severity }) => [code, kind, severity])).toEqual([
      ["WRIT068", "enforcement", "error"],
    ]);
    expect(mayRun(problems)).toBe(false);
  }
});

test("of too many problems those are kept that keep the file from running", () => {
  const statements = `${"let x = 1\n".repeat(1_500)}missing;\n`;
  const { problems } = lower(`agent a { with sandbox = docker { ${statements} } }`);
  expect(problems.length).toBe(1_001);
  expect(problems.map(({ code }) => code)).toContain("WRIT070");
  expect(problems[0]).toMatchObject({ code: "WRIT082", message: "501 more problems are not listed" });
});

test("a problem says what to do, and quotes no more than a line of the text", () => {
  const long = "x".repeat(5_000);
  const { problems } = lower(`policy p { deny: ${long} }`);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.message.length).toBeLessThan(200);
  for (const [text] of PROBLEM_CASES) {
    for (const problem of lower(marked(text).text).problems) expect(problem.help).toMatch(/\S/);
  }
});
