import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { columnsOf, fit, wrap } from "#cli/width.ts";

describe("columns", () => {
  test.each([
    ["", 0],
    ["abc", 3],
    ["日本", 4],
    ["e\u0301", 1],
    ["\u001b[31mred\u001b[39m", 3],
    ["🙂", 2],
  ])("%j takes %i", (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });

  test.each([
    ["abcdef", 4, "abc…"],
    ["abc", 3, "abc"],
    ["日本語", 4, "日…"],
  ])("%j fits into %i as %j", (text, columns, expected) => {
    expect(fit(text, columns)).toBe(expected);
  });

  test("a line of a log that is one word of a million letters is folded", () => {
    const lines = wrap("x".repeat(1_000_000), 80);
    expect([lines.length, new Set(lines.map((line) => line.length))]).toEqual([12_500, new Set([80])]);
  });

  test("whatever is fitted or wrapped stays within its columns, and wrapping loses no word", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 2, max: 40 }), (text, columns) => {
        expect(columnsOf(fit(text, columns))).toBeLessThanOrEqual(columns);
        const lines = wrap(text, columns);
        for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(columns);
        expect(lines.join("").replaceAll(/[ \n]/g, "")).toBe(text.replaceAll(/[ \n]/g, ""));
      }),
    );
  });
});
