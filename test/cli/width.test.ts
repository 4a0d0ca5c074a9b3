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

  test.each<[string, number, readonly string[]]>([
    ["agents/a-folder/notes.symbi#take_notes", 20, ["agents/a-folder/", "notes.symbi", "#take_notes"]],
    [
      "see agents/a-folder-that-is-long.symbi:5:12",
      20,
      ["see", "agents/", "a-folder-that-is-", "long.symbi:5:12"],
    ],
    ["of orders/a-long-folder/shop.yaml", 20, ["of", "orders/", "a-long-folder/", "shop.yaml"]],
    ["write `a b c` or `d e f g h`", 12, ["write", "`a b c` or", "`d e f g h`"]],
    ["`one two three four`", 12, ["`one two", "three four`"]],
    ["x".repeat(25), 10, ["x".repeat(10), "x".repeat(10), "x".repeat(5)]],
    ["a-b", 10, ["a-b"]],
    [
      "of agent-notes:018bcfe5-6801-7000-8000-000000000001, ended",
      37,
      ["of", "agent-notes:", "018bcfe5-6801-7000-8000-000000000001,", "ended"],
    ],
    ["018bcfe5-6801-7000-8000-000000000001", 20, ["018bcfe5-6801-7000-", "8000-000000000001"]],
  ])(
    "%j breaks in %i columns where its parts meet, and an id only where no line holds it",
    (text, columns, lines) => {
      expect(wrap(text, columns)).toEqual(lines);
    },
  );

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
