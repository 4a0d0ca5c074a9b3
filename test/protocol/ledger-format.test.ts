import { describe, expect, test } from "vitest";
import { asideFile, readAsideFile, readSegmentFile, segmentFile } from "#protocol/ledger-format.ts";

describe("names of a log's files", () => {
  test("are read back as they are written", () => {
    expect(readSegmentFile(segmentFile(1, "jsonl"))).toEqual({ number: 1, part: "jsonl" });
    expect(readSegmentFile(segmentFile(999_999, "content"))).toEqual({ number: 999_999, part: "content" });
    expect(readAsideFile(asideFile("000002.jsonl", 41, 1))).toEqual({ lines: 41, attempt: 1 });
    expect(readAsideFile(asideFile("000002.content", 0, 12))).toEqual({ lines: 0, attempt: 12 });
  });

  test.each([
    "000000.jsonl",
    "1.jsonl",
    "0000001.jsonl",
    "000001.json",
    "000001.jsonl ",
    "../000001.jsonl",
    "a000001.jsonl",
    "000001.JSONL",
  ])("`%s` is no segment", (name) => {
    expect(readSegmentFile(name)).toBeUndefined();
  });

  test.each([
    "000001.jsonl.aside",
    "000001.jsonl.1.aside",
    "000001.jsonl.01-1.aside",
    "000001.jsonl.1-0.aside",
    "000001.jsonl.-1-1.aside",
    "../000001.jsonl.1-1.aside",
    "x.1-1.aside",
    "000001.jsonl.1-1.aside.x",
  ])("`%s` is no aside file", (name) => {
    expect(readAsideFile(name)).toBeUndefined();
  });
});
