import { describe, expect, test } from "vitest";

import { API_PROBLEM_CODES } from "#apitest/load/problems.ts";
import { POLICY_PROBLEM_CODES } from "#protocol/policy-problems.ts";
import { PROBLEM_CATALOGUE } from "#protocol/problem-catalogue.ts";
import { mayRun } from "#protocol/problem.ts";
import { applyFix, check, inPolicy, lower, marked } from "./kit.ts";
import { POSSIBLE_CONDITIONS, POSSIBLE_PATHS, PROBLEM_CASES } from "./problem-cases.ts";

/** Codes of the language; the ones from 100 on belong to policies and API documents. */
const CODES = Object.keys(PROBLEM_CATALOGUE).filter((code) => code < "WRIT100");

describe("each problem stands where its cause is", () => {
  test.each(PROBLEM_CASES)("%s", (text, ...codes) => {
    check(text, ...codes);
  });
});

describe("a rule about a path that some call has is read", () => {
  test.each(POSSIBLE_PATHS)("%s", (rule) => {
    check(inPolicy(rule));
  });
});

describe("a rule with a condition that something meets is read", () => {
  test.each(POSSIBLE_CONDITIONS)("%s", (rule) => {
    check(inPolicy(rule));
  });
});

describe("a `*` in a path, and what was meant", () => {
  const told = (rule: string): readonly [string, string | undefined] => {
    const { text } = marked(inPolicy(rule));
    const [problem] = lower(text).problems;
    const fixed = problem?.fix === undefined ? undefined : applyFix(text, problem).split("\n")[2]?.trim();
    return [problem?.help ?? "", fixed];
  };
  const instead = (condition: string): string => `Write \`${condition}\` behind \`if\`.`;
  const named = (condition: string): string =>
    `Name the argument \`path\` in the pattern, and write \`${condition}\` behind \`if\`.`;
  const GENERAL = "Ask with `starts_with`, `ends_with` and `contains` behind `if`.";

  test.each([
    [
      'deny: read_file(path) if path == "private/*"',
      instead('path.starts_with("private/")'),
      'deny: read_file(path) if path.starts_with("private/")',
    ],
    [
      'deny: read_file(p) if dry && p=="private/**/*"',
      instead('p.starts_with("private/")'),
      'deny: read_file(p) if dry && p.starts_with("private/")',
    ],
    [
      'deny: publish_file if resource.path == "**/*.md"',
      instead('resource.path.ends_with(".md")'),
      'deny: publish_file if resource.path.ends_with(".md")',
    ],
    ['deny: read_file(path) if (path) == "private/*"', instead('path.starts_with("private/")'), undefined],
    ['deny: read_file(path) if path != "private/*"', instead('!path.starts_with("private/")'), undefined],
    ['deny: read_file(path) if path in ["private/*"]', instead('path.starts_with("private/")'), undefined],
    ['deny: read_file("private/*")', named('path.starts_with("private/")'), undefined],
    ['deny: read_file("*.md")', named('path.ends_with(".md")'), undefined],
    ['deny: read_file("src/**/*.md")', named('path.starts_with("src/") && path.ends_with(".md")'), undefined],
    ['deny: read_file("src/*.md")', named('path.starts_with("src/") && path.ends_with(".md")'), undefined],
    ['deny: read_file("**")', "Leave it out: a rule that names no path is about every path.", undefined],
    ['deny: read_file("a/*/b/*")', GENERAL, undefined],
    ['deny: read_file("**/x.md")', GENERAL, undefined],
    ['deny: read_file("a/*.{md,txt}")', GENERAL, undefined],
    [
      'deny: read_file(path) if path.starts_with("private/*")',
      "Leave the `*` out: `starts_with` says already what may follow.",
      'deny: read_file(path) if path.starts_with("private/")',
    ],
    [
      'deny: read_file(path) if path.ends_with("*.md")',
      "Leave the `*` out: `ends_with` says already what may go before.",
      'deny: read_file(path) if path.ends_with(".md")',
    ],
    ['deny: read_file(path) if path.contains("a*b")', GENERAL, undefined],
  ] as const)("%s", (rule, help, fixed) => {
    expect(told(rule)).toEqual([help, fixed]);
  });

  test("it keeps nothing from running, because a name may hold one", () => {
    expect(mayRun(lower(inPolicy('deny: read_file("private/*")')).problems)).toBe(true);
  });
});

describe("a condition that nothing meets", () => {
  test.each([
    ["deny: shell if false", false],
    ["require: approval(shell) if false", false],
    // What permits nothing is no danger.
    ["allow: shell if false", true],
    ["audit: shell if false", true],
  ])("%s: the file may run: %s", (rule, runs) => {
    expect(mayRun(lower(inPolicy(rule)).problems)).toBe(runs);
  });
});

describe("a path that no call has, and what was meant", () => {
  const told = (rule: string): readonly [string, string | undefined, string | undefined] => {
    const { text } = marked(inPolicy(rule));
    const [problem] = lower(text).problems;
    const fixed = problem?.fix === undefined ? undefined : applyFix(text, problem).split("\n")[2]?.trim();
    return [problem?.message ?? "", problem?.help, fixed];
  };
  const FORM =
    "Paths of calls begin at the run's folder, with `/` between parts, none of them empty, `.` or `..`";

  test.each([
    [
      'deny: write_file(path: "./secret.txt")',
      "no call has a path that is `./secret.txt`: it has a part `.`",
      `Write \`secret.txt\`. ${FORM}.`,
      'deny: write_file(path: "secret.txt")',
    ],
    [
      'deny: read_file(path) if path in ["a", "./it\\"s"]',
      'no call has a path that is `./it"s`: it has a part `.`',
      `Write \`it"s\`. ${FORM}.`,
      'deny: read_file(path) if path in ["a", "it\\"s"]',
    ],
    [
      'deny: read_file(path) if path.starts_with("./src/")',
      "no call has a path that begins with `./src/`: it has a part `.`",
      `Write \`src/\`. ${FORM}.`,
      'deny: read_file(path) if path.starts_with("src/")',
    ],
    [
      'deny: read_file("src/")',
      "no call has a path that is `src/`: a part of it is empty",
      `${FORM}; for everything in a folder write \`path.starts_with("src/")\` behind \`if\`.`,
      undefined,
    ],
    [
      'deny: read_file(path) if path.starts_with("/etc")',
      "no call has a path that begins with `/etc`: it is absolute",
      `${FORM}; nothing outside of that folder is reached.`,
      undefined,
    ],
    [
      'deny: read_file(path) if path.ends_with("/")',
      "no call has a path that ends with `/`: a part of it is empty",
      `${FORM}.`,
      undefined,
    ],
    [
      'deny: read_file(path) if path.starts_with("/")',
      "no call has a path that begins with `/`: it is absolute",
      "A path in another form is mended or refused before rules see it; leave this out.",
      undefined,
    ],
    [
      'deny: read_file("./a\\u202eb")',
      "no call has a path that is `./a\\u{202e}b`: it has a part `.`",
      `Write \`a\\u{202e}b\`. ${FORM}.`,
      undefined,
    ],
    [
      'deny: publish_file if resource.folded_path == "./README.md"',
      "no call has a path that is `./README.md`: folded paths are in lower case",
      `Write \`readme.md\`. ${FORM}; folded ones are in lower case.`,
      'deny: publish_file if resource.folded_path == "readme.md"',
    ],
  ] as const)("%s", (rule, message, help, fixed) => {
    expect(told(rule)).toEqual([message, help, fixed]);
  });
});

describe("whether a comparison with no path keeps the file from running", () => {
  const runs = (condition: string): boolean =>
    mayRun(lower(inPolicy(`deny: read_file(path) if ${condition}`)).problems);
  test.each([
    'path.starts_with("/")',
    'path.starts_with("../")',
    'path.starts_with("//")',
    'path.ends_with("/..")',
    'path.contains("/../")',
    'path.contains("//")',
    'path.contains("\\\\")',
  ])("it does not where it names no place: %s", (condition) => expect(runs(condition)).toBe(true));
  test.each([
    'path == "/"',
    'path == ".."',
    'path in ["../"]',
    'path.starts_with("/e")',
    'path.starts_with("./")',
    'path.starts_with("../a")',
    'path.ends_with("/")',
    'path.contains("/./")',
    'path.contains("\\\\.git")',
  ])("it does where somebody means a place: %s", (condition) => expect(runs(condition)).toBe(false));
});

test("the catalogue takes in the codes of API documents", () => {
  const documents = Object.keys(PROBLEM_CATALOGUE).filter((code) => code >= "WRIT110");
  expect(documents).toEqual(Object.values(API_PROBLEM_CODES).sort());
});

test("the catalogue takes in the codes of policies", () => {
  const policies = Object.keys(PROBLEM_CATALOGUE).filter((code) => code >= "WRIT100" && code < "WRIT110");
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
