import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import type { LoopEnd } from "#agent/loop-ends.ts";
import {
  BODY_DEPTH_MAX,
  CALL_TIMEOUT_MS_MAX,
  CONDITION_DEPTH_MAX,
  DATA_DEPTH_MAX,
  LABELS_MAX,
  LIMIT_RANGES,
  NAME_LENGTH_MAX,
  SOURCE_BYTES_MAX,
  SOURCE_PATH_BYTES_MAX,
  SPEC_BYTES_MAX,
  SPEC_VALUES_MAX,
} from "#protocol/agent-spec-bounds.ts";
import type { CallTarget, Expression, Requirement, Statement } from "#protocol/agent-spec.ts";
import { BUILTINS, METHODS, REASON_PARAMETERS } from "#protocol/builtins.ts";

/* The page and the tables of the code say the same. */

const page = readFileSync("docs/formats/agent-spec.md", "utf8");

/** Rows of the tables below a heading, as their cells. */
const rowsBelow = (heading: string): readonly (readonly string[])[] => {
  const [, rest = ""] = page.split(`\n${heading}\n`);
  const [section = ""] = rest.split(/\n#+ /);
  return section
    .split("\n")
    .filter((line) => line.startsWith("|") && !line.startsWith("|---"))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
};

const words = (cell = ""): readonly string[] =>
  [...cell.matchAll(/`([a-zA-Z][a-zA-Z_-]*)`/g)].map(([, word = ""]) => word);

/** The words in the first column of the rows below a heading, in the page's order. */
const firstWords = (heading: string): readonly string[] =>
  rowsBelow(heading).flatMap(([first]) => words(first));

const shown = (number: number): string => number.toLocaleString("en-US");

/** Every key of a closed set, which the compiler knows to be all. */
const keysOf = <K extends string>(all: Readonly<Record<K, true>>): readonly string[] =>
  Object.keys(all).sort();

const STATEMENTS = keysOf<Statement["k"]>({
  let: true,
  assign: true,
  if: true,
  match: true,
  for: true,
  return: true,
  break: true,
  continue: true,
  expression: true,
});

const EXPRESSIONS = keysOf<Expression["k"]>({
  literal: true,
  duration: true,
  secret: true,
  name: true,
  member: true,
  index: true,
  unary: true,
  binary: true,
  list: true,
  record: true,
  conditional: true,
  call: true,
});

describe("builtins", () => {
  const rows = rowsBelow("### Builtins").slice(1);
  test("each stands on the page once, with as many arguments as it takes", () => {
    const found = rows.flatMap(([name, takes = ""]) => {
      const counts = [...takes.matchAll(/\d+(?=:| to \d| or \d)/g)].map(([count]) => Number(count));
      return words(name).map((one) => `${one} ${Math.min(...counts)} ${Math.max(...counts)}`);
    });
    const known = BUILTINS.map(({ name, arity: [min, max] }) => `${name} ${min} ${max}`);
    expect(found.toSorted()).toEqual(known.toSorted());
  });
  test("those that are methods are marked", () => {
    const marked = rows.flatMap(([name, , method]) => (method === "yes" ? words(name) : []));
    expect(marked.toSorted()).toEqual(METHODS.toSorted());
  });
  test("the parameters of `reason` are named", () => {
    for (const parameter of REASON_PARAMETERS) expect(page).toContain(`\`${parameter}\``);
  });
});

describe("kinds of nodes", () => {
  test.each([
    ["### Blocks and statements", STATEMENTS],
    ["### Expressions", EXPRESSIONS],
    [
      "### Calls",
      [
        ...keysOf<CallTarget["k"]>({ function: true, builtin: true, tool: true, method: true, reason: true }),
        ...keysOf<LoopEnd>({
          completed: true,
          max_iterations: true,
          max_tokens: true,
          refused: true,
          cut: true,
          empty: true,
          repeated_calls: true,
        }),
        "termination_reason",
      ],
    ],
    ["### Requirements", keysOf<Requirement["k"]>({ approval: true, "sandbox-tier": true, timeout: true })],
  ])("%s", (heading, kinds) => {
    expect(
      firstWords(heading)
        .filter((word) => word !== "k")
        .toSorted(),
    ).toEqual(kinds.toSorted());
  });
});

describe("members", () => {
  const FOLDER = "test/vectors/agent-spec/";
  const files = readdirSync(`${FOLDER}accepted`).filter((name) => name.endsWith(".json"));
  const texts = [...files.map((name) => `accepted/${name}`), "behaviour.json"];
  /** The members of each kind of node that the vectors hold. */
  const found = new Map<string, ReadonlySet<string>>();
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const members = Object.keys(value);
    if ("k" in value && "span" in value && typeof value.k === "string") {
      found.set(value.k, new Set([...(found.get(value.k) ?? []), ...members]));
    }
    Object.values(value).forEach(look);
  };
  for (const name of texts) look(JSON.parse(readFileSync(`${FOLDER}${name}`, "utf8")));

  const OPERATORS = new Set(["in"]);
  const rows = [...rowsBelow("### Blocks and statements"), ...rowsBelow("### Expressions")];
  const kinds = rows.flatMap(([kind, members]) => words(kind).map((k) => [k, words(members)] as const));
  // No file that may run has a secret in a body.
  test.each(kinds.filter(([kind]) => kind !== "k" && kind !== "secret"))("of `%s`", (kind, members) => {
    const named = members.filter((word) => !OPERATORS.has(word));
    expect([...(found.get(kind) ?? [])].toSorted()).toEqual([...named, "k", "span"].toSorted());
  });
});

describe("numbers", () => {
  test("bounds", () => {
    const numbers = rowsBelow("### Bounds")
      .slice(1)
      .map(([, most = ""]) => most.replace(/ .*/, ""));
    expect(numbers).toEqual(
      [
        SOURCE_BYTES_MAX,
        SPEC_BYTES_MAX,
        SPEC_VALUES_MAX,
        BODY_DEPTH_MAX,
        CONDITION_DEPTH_MAX,
        DATA_DEPTH_MAX,
        NAME_LENGTH_MAX,
        LABELS_MAX,
      ].map(shown),
    );
  });
  test("limits", () => {
    const found = rowsBelow("### Limits")
      .slice(1)
      .map(([name, , value]) => [...words(name), value?.replace(/^whole, |; may.*$/g, "")]);
    const known = Object.entries(LIMIT_RANGES).map(([name, { min, max }]) => [
      name,
      `${min < 1 ? String(min) : shown(min)} to ${shown(max)}`,
    ]);
    expect(found).toEqual(known);
    const fractions = rowsBelow("### Limits").filter(([, , value]) => value?.includes("fractional"));
    expect(fractions.map(([name]) => words(name))).toEqual(
      Object.entries(LIMIT_RANGES).flatMap(([name, { whole }]) => (whole ? [] : [[name]])),
    );
  });
  test("paths and calls", () => {
    expect(page).toContain(`1 to ${shown(SOURCE_PATH_BYTES_MAX)} bytes of UTF-8`);
    expect(page).toContain(`1 to ${shown(CALL_TIMEOUT_MS_MAX)}`);
  });
});
