import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import { EDITS_MAX, lineEdits } from "#sandbox/line-edits.ts";
import { binaryDiff, unifiedDiff } from "#sandbox/unified-diff.ts";
import { caseCount } from "#test/kit/cases.ts";

/** A strict reader of the unified format: every context and removed line must be where the diff says. */
const applyDiff = (before: string, diff: string): string => {
  const source = before.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const lines = diff.match(/[^\n]*\n/g) ?? [];
  const result: string[] = [];
  let at = 0;
  let index = 2;
  const take = (text: string): string => {
    if (lines[index] === "\\ No newline at end of file\n") {
      index += 1;
      return text.slice(0, -1);
    }
    return text;
  };
  while (index < lines.length) {
    const header = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@\n$/.exec(lines[index] ?? "");
    if (header === null) throw new Error(`no hunk header: ${lines[index]}`);
    const [from = 0, leftCount = 0, to = 0, rightCount = 0] = header.slice(1).map(Number);
    index += 1;
    const start = leftCount === 0 ? from : from - 1;
    result.push(...source.slice(at, start));
    at = start;
    if (result.length !== (rightCount === 0 ? to : to - 1)) throw new Error("the new range is off");
    let left = leftCount;
    let right = rightCount;
    while (left > 0 || right > 0) {
      const line = lines[index] ?? "";
      index += 1;
      const text = take(line.slice(1));
      if (line[0] !== "+") {
        if (source[at] !== text) throw new Error(`line ${at + 1} is not ${JSON.stringify(text)}`);
        at += 1;
        left -= 1;
      }
      if (line[0] !== "-") {
        result.push(text);
        right -= 1;
      }
    }
  }
  return [...result, ...source.slice(at)].join("");
};

const numbered = (count: number): string =>
  Array.from({ length: count }, (_, index) => `line ${index + 1}\n`).join("");

describe("a unified diff", () => {
  test("of equal texts is empty", () => expect(unifiedDiff("a", "x\n", "x\n")).toBe(""));

  test("of one changed line, with three lines of context", () => {
    expect(unifiedDiff("src/a.ts", numbered(9), numbered(9).replace("line 5\n", "LINE 5\n"))).toBe(
      [
        "--- a/src/a.ts",
        "+++ b/src/a.ts",
        "@@ -2,7 +2,7 @@",
        " line 2",
        " line 3",
        " line 4",
        "-line 5",
        "+LINE 5",
        " line 6",
        " line 7",
        " line 8",
        "",
      ].join("\n"),
    );
  });

  test("of a new file", () => {
    expect(unifiedDiff("a", null, "x\ny\n")).toBe("--- /dev/null\n+++ b/a\n@@ -0,0 +1,2 @@\n+x\n+y\n");
  });

  test("of a new empty file", () => expect(unifiedDiff("a", null, "")).toBe("--- /dev/null\n+++ b/a\n"));

  test("of a removed file", () => {
    expect(unifiedDiff("a", "x\n", null)).toBe("--- a/a\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n");
  });

  test("says where a last line has no line feed", () => {
    expect(unifiedDiff("a", "x", "x\n")).toBe(
      "--- a/a\n+++ b/a\n@@ -1,1 +1,1 @@\n-x\n\\ No newline at end of file\n+x\n",
    );
  });

  test("keeps carriage returns, which are a change like any other", () => {
    expect(unifiedDiff("a", "x\r\n", "x\n")).toContain("-x\r\n+x\n");
  });

  test("joins changes whose contexts touch and parts those that do not", () => {
    const near = numbered(20).replace("line 5\n", "").replace("line 11\n", "");
    const far = numbered(20).replace("line 5\n", "").replace("line 13\n", "");
    expect(unifiedDiff("a", numbered(20), near).match(/^@@/gm)).toHaveLength(1);
    expect(unifiedDiff("a", numbered(20), far).match(/^@@/gm)).toHaveLength(2);
  });

  test("applied to the old text gives the new one, whatever the texts", () => {
    const text = fc
      .array(fc.constantFrom("a\n", "b\n", "c\n", "\n", "\r\n", "-\n", "+++ b/a\n", "d"), { maxLength: 40 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = unifiedDiff("a", before, after);
        expect(before === after ? before : applyDiff(before, diff)).toBe(after);
      }),
      { numRuns: caseCount(500) },
    );
  });

  test("applied still gives the new text where too much differs for the shortest way", () => {
    const before = numbered(EDITS_MAX);
    const after = before.replaceAll("line", "Zeile");
    expect(applyDiff(before, unifiedDiff("a", before, after))).toBe(after);
  });

  test("becomes a summary where a text is too long", () => {
    const limits = { charactersMax: 50, linesMax: 100, diffCharactersMax: 1000 };
    expect(unifiedDiff("a", numbered(8), "x", limits)).toBe(
      "--- a/a\n+++ b/a\nToo large to show line by line: 8 lines (56 characters) become 1 lines (1 characters).\n+x\n",
    );
  });

  test("shows how a text that is too long begins and ends, and says how much nobody sees", () => {
    const limits = { charactersMax: 50, linesMax: 10_000, diffCharactersMax: 1000 };
    const diff = unifiedDiff("a", null, numbered(200), limits);
    expect(diff).toContain("+line 1\n");
    expect(diff).toContain("+line 200\n");
    expect(diff).toContain("@@ 120 lines of the new text are NOT shown here @@\n");
    expect(diff).not.toContain("+line 100\n");
  });

  test("is cut between characters, never inside one", () => {
    for (const line of [`${"x".repeat(399)}\u{1f600}`, `${"x".repeat(400)}\u{1f600}`]) {
      const diff = unifiedDiff("a", null, `${line}${"y".repeat(2 * 1024 * 1024)}`);
      expect(diff.isWellFormed()).toBe(true);
    }
  });

  test("becomes a summary where there are too many lines, or the diff itself grows too long", () => {
    const summary = "Too large to show line by line: no file become 8 lines (56 characters).";
    const limits = { charactersMax: 100, linesMax: 100, diffCharactersMax: 1000 };
    expect(unifiedDiff("a", null, numbered(8), { ...limits, linesMax: 7 })).toContain(summary);
    expect(unifiedDiff("a", null, numbered(8), { ...limits, diffCharactersMax: 60 })).toContain(summary);
    expect(unifiedDiff("a", null, numbered(8), limits)).toContain("+line 8\n");
  });

  test("of bytes says how many there are", () => {
    expect(binaryDiff("a.png", utf8("12"), utf8("123"))).toBe("Binary file a.png: 2 bytes become 3 bytes.\n");
    expect(binaryDiff("a.png", null, utf8("123"))).toBe("Binary file a.png: no file become 3 bytes.\n");
  });
});

describe("line edits", () => {
  /** Length of the longest common subsequence by the textbook table. */
  const commonLength = (left: readonly string[], right: readonly string[]): number => {
    let row = Array.from({ length: right.length + 1 }, () => 0);
    for (const one of left) {
      const next = [0];
      for (const [index, other] of right.entries()) {
        next.push(one === other ? (row[index] ?? 0) + 1 : Math.max(row[index + 1] ?? 0, next[index] ?? 0));
      }
      row = next;
    }
    return row.at(-1) ?? 0;
  };

  test("are the fewest there can be", () => {
    const lines = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 25 });
    fc.assert(
      fc.property(lines, lines, (left, right) => {
        const edits = lineEdits(left, right);
        expect(edits.filter((edit) => edit.k !== "add").map((edit) => edit.line)).toEqual(left);
        expect(edits.filter((edit) => edit.k !== "remove").map((edit) => edit.line)).toEqual(right);
        expect(edits.filter((edit) => edit.k === "keep")).toHaveLength(commonLength(left, right));
      }),
    );
  });
});
