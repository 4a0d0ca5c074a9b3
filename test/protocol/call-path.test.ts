import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { foldedPath } from "#policy/folded-path.ts";
import type { Around, PathForm } from "#protocol/call-path.ts";
import { impossiblePath, likelyPath } from "#protocol/call-path.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { readToolArguments } from "#tools/tool-arguments.ts";
import { caseCount } from "#test/kit/cases.ts";

const WHOLE: Around = { before: false, after: false };
const START: Around = { before: false, after: true };
const END: Around = { before: true, after: false };
const PART: Around = { before: true, after: true };

/** What a call of the tool with this path puts to the rules, or undefined where it is refused. */
const pathOfCall = (tool: string, path: string): unknown => {
  const descriptor = BUILTIN_TOOLS.find(({ name }) => name === tool);
  if (descriptor === undefined) throw new Error(`${tool} is no tool`);
  const read = readToolArguments(descriptor, tool === "write_file" ? { path, content: "" } : { path });
  return read.ok ? read.value["path"] : undefined;
};

const TOOLS = [
  ["read_file", "file"],
  ["write_file", "file"],
  ["publish_file", "file"],
  ["list_files", "folder"],
] as const;

/** Texts near the edges of what a path is. */
const PIECES = ["a", "C", "/", "//", ".", "..", "./", "../", "\\", ":", "\0", "é", "e", "\u0301", "_", " "];
const LONG = ["x".repeat(127), "y".repeat(254), "z".repeat(255)];
const piece = fc.constantFrom(...PIECES, ...LONG);
const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
const part = fc.string({
  unit: fc.constantFrom("a", "b", "C", ".", ":", "é", "\u0301", "~", " "),
  minLength: 1,
  maxLength: 3,
});
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));

describe("whole paths", () => {
  test.each(TOOLS)(
    "what is possible for %s is the path of a call, and what is not is of none",
    (tool, form) => {
      fc.assert(
        fc.property(fc.oneof(text, path), fc.oneof(text, path), (literal, other) => {
          if (impossiblePath(literal, form, WHOLE) === null) expect(pathOfCall(tool, literal)).toBe(literal);
          else {
            const likely = likelyPath(literal, form, WHOLE) ?? literal;
            for (const given of [literal, other, likely, `./${literal}`, `${literal}/`]) {
              expect(pathOfCall(tool, given)).not.toBe(literal);
            }
          }
        }),
        { numRuns: caseCount(2_000) },
      );
    },
  );
});

describe("parts of paths", () => {
  test.each(TOOLS)("no beginning, end or part of a path of %s is impossible", (tool, form) => {
    fc.assert(
      fc.property(fc.oneof(text, path), fc.nat(), fc.nat(), (given, one, other) => {
        const whole = pathOfCall(tool, given);
        if (typeof whole !== "string") return;
        // Cut between code points, as rules are written in whole ones.
        const points = [...whole];
        const [from, to] = [one % (points.length + 1), other % (points.length + 1)].toSorted((a, b) => a - b);
        const cut = (start?: number, end?: number): string => points.slice(start, end).join("");
        expect(impossiblePath(cut(0, to), form, START)).toBeNull();
        expect(impossiblePath(cut(from), form, END)).toBeNull();
        expect(impossiblePath(cut(from, to), form, PART)).toBeNull();
      }),
      { numRuns: caseCount(2_000) },
    );
  });

  test("a part that is as long as a part may be, and could begin no path", () => {
    const part = `C:${"x".repeat(253)}`;
    expect(pathOfCall("read_file", `a/${part}`)).toBe(`a/${part}`);
    expect(impossiblePath(part, "file", END)).toBeNull();
    expect(impossiblePath(part, "file", PART)).toBeNull();
    expect(impossiblePath(part, "file", START)).not.toBeNull();
  });

  test.each(TOOLS)("what is possible is part of the path of some call of %s", (tool, form) => {
    const befores = ["", "_", "_/"];
    const afters = ["", "_"];
    fc.assert(
      fc.property(text, fc.constantFrom(START, END, PART), (literal, around) => {
        if (impossiblePath(literal, form, around) !== null) return;
        const calls = befores
          .slice(0, around.before ? 3 : 1)
          .flatMap((before) =>
            afters.slice(0, around.after ? 2 : 1).map((after) => before + literal + after),
          );
        expect(calls.some((call) => pathOfCall(tool, call) === call)).toBe(true);
      }),
      { numRuns: caseCount(2_000) },
    );
  });
});

describe("folded paths", () => {
  test("no beginning, end or part of one is impossible, nor the whole", () => {
    const unit = fc.oneof(piece, fc.string({ unit: "binary", maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 6 }), fc.nat(), fc.nat(), (pieces, one, other) => {
        const folded = foldedPath(pieces.join(""));
        if (folded === undefined) return;
        const points = [...folded];
        const [from, to] = [one % (points.length + 1), other % (points.length + 1)].toSorted((a, b) => a - b);
        const cut = (start?: number, end?: number): string => points.slice(start, end).join("");
        expect(impossiblePath(folded, "folded", WHOLE)).toBeNull();
        expect(impossiblePath(cut(0, to), "folded", START)).toBeNull();
        expect(impossiblePath(cut(from), "folded", END)).toBeNull();
        expect(impossiblePath(cut(from, to), "folded", PART)).toBeNull();
      }),
      { numRuns: caseCount(2_000) },
    );
  });

  test("no letter folds to one that is taken for impossible", () => {
    for (let point = 0x20; point < 0x30000; point += 1) {
      if (point >= 0xd800 && point < 0xe000) continue;
      const folded = foldedPath(String.fromCodePoint(point));
      if (folded !== undefined && impossiblePath(folded, "folded", WHOLE) !== null) {
        expect.unreachable(point.toString(16));
      }
    }
  });
});

describe("the path that was probably meant", () => {
  const cases: readonly (readonly [
    literal: string,
    form: PathForm,
    around: Around,
    likely: string | null,
  ])[] = [
    ["./secret.txt", "file", WHOLE, "secret.txt"],
    [".//./a", "file", WHOLE, "a"],
    ["a//b", "file", WHOLE, "a/b"],
    ["a/../b", "file", WHOLE, "b"],
    ["a\\b", "file", WHOLE, "a/b"],
    ["e\u0301", "file", WHOLE, "é"],
    ["src/", "folder", WHOLE, "src"],
    ["./", "folder", WHOLE, "."],
    ["", "folder", WHOLE, "."],
    ["./src", "file", START, "src"],
    ["./src/", "file", START, "src/"],
    ["src//", "file", START, "src/"],
    ["\\a\\", "file", PART, "/a/"],
    ["./README.md", "folded", WHOLE, "readme.md"],
    ["README", "folded", END, "readme"],
    // What else could be meant is not guessed.
    ["src/", "file", WHOLE, null],
    ["", "file", WHOLE, null],
    [".", "file", WHOLE, null],
    ["..", "folder", WHOLE, null],
    ["../a", "file", WHOLE, null],
    ["a/../../b", "file", WHOLE, null],
    ["/etc/x", "file", WHOLE, null],
    ["/", "folder", WHOLE, null],
    ["C:\\a", "file", WHOLE, null],
    ["a\0", "file", WHOLE, null],
    ["x".repeat(2_000), "file", WHOLE, null],
    ["./", "file", START, null],
    ["./..", "file", START, null],
    ["/etc", "file", START, null],
    ["/", "file", END, null],
    ["//", "file", PART, null],
  ];
  test.each(cases)("%j, %s, %o: %j", (literal, form, around, likely) => {
    expect(impossiblePath(literal, form, around)).not.toBeNull();
    expect(likelyPath(literal, form, around)).toBe(likely);
  });

  test("is always possible", () => {
    fc.assert(
      fc.property(
        text,
        fc.constantFrom<PathForm>("file", "folder", "folded"),
        fc.constantFrom(WHOLE, START, END, PART),
        (literal, form, around) => {
          const likely = likelyPath(literal, form, around);
          if (likely !== null) expect(impossiblePath(likely, form, around)).toBeNull();
        },
      ),
      { numRuns: caseCount(2_000) },
    );
  });
});
