import { concatBytes, utf8 } from "#kernel/bytes.ts";
import { linesOf } from "../forge.ts";
import type { Add, Originals } from "./table.ts";
import { CONTENT, LINES, bytes } from "./table.ts";

/** Files that do not fit together: rows 15 and 16. */
export const wrongSegments = (add: Add, originals: Originals): void => {
  const { plain, segments } = originals;
  const total = linesOf(plain.files).length;
  add(
    "torn",
    "the last line has no end",
    plain,
    ["torn", total - 1],
    bytes(plain, LINES, (all) => all.slice(0, -1)),
  );
  add(
    "stray-bytes",
    "something behind the last line",
    plain,
    ["torn", total],
    bytes(plain, LINES, (all) => concatBytes(all, utf8("x"))),
  );
  add(
    "stray-content",
    "sealed content that no line refers to",
    plain,
    ["torn", total],
    bytes(plain, CONTENT, () => Uint8Array.of(1)),
  );
  const inFirst = linesOf(segments.files).filter(({ file }) => file === LINES).length;
  add("segment-missing", "the second segment is gone", segments, ["malformed", inFirst], {
    files: new Map([...segments.files].filter(([name]) => !name.startsWith("000002"))),
    anchor: null,
  });
  add("first-segment-missing", "the log begins with its second segment", segments, ["malformed", 0], {
    files: new Map([...segments.files].filter(([name]) => !name.startsWith("000001"))),
    anchor: null,
  });
  add("segment-emptied", "the second segment has no line", segments, ["malformed", inFirst], {
    files: new Map(
      [...segments.files]
        .filter(([name]) => name !== "000002.content")
        .map(([name, all]) => [name, name === "000002.jsonl" ? new Uint8Array() : all]),
    ),
    anchor: null,
  });
  add(
    "torn-in-the-middle",
    "a segment that is not the last ends without a line's end",
    segments,
    ["torn", inFirst],
    bytes(segments, LINES, (all) => concatBytes(all, utf8("{"))),
  );
};
