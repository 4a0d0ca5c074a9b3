import { utf8 } from "#kernel/bytes.ts";
import { changed, checkpointBy, linesOf, resigned, treeRoot, withLines } from "../forge.ts";
import type { Add, Originals } from "./table.ts";
import { LINES, lines } from "./table.ts";

/** What only the end of a log, or its anchor, can show: rows 17 to 21. */
export const wrongEnds = (add: Add, originals: Originals): void => {
  const { plain, content, live, workspace, writer, foreign } = originals;
  const total = linesOf(plain.files).length;
  add("empty", "a log without a line", plain, ["truncated", 0], {
    files: new Map([[LINES, new Uint8Array()]]),
    anchor: null,
  });
  add("gone", "an anchor and no log", plain, ["truncated", 0], { files: new Map() });
  const liveLines = linesOf(live.files);
  const committed = liveLines.findLastIndex(({ text: line }) => line.includes('"type":"log.committed"')) + 1;
  add(
    "uncommitted",
    "whole lines behind the last commit record, and no writer",
    live,
    ["uncommitted", committed],
    {
      ...lines(live, (all) => all),
      anchor: live.anchor,
    },
  );
  const rolledBack = withLines(plain.files, linesOf(plain.files).slice(0, 6));
  add(
    "rolled-back",
    "the log cut back to an earlier commit record; only the anchor knows",
    plain,
    ["truncated", 6],
    { files: rolledBack },
  );
  add(
    "rewritten-by-owner",
    "the log made anew with the right keys; only the anchor knows",
    plain,
    ["wrong-root", total - 1],
    {
      ...lines(plain, (all) =>
        resigned(
          all.map((line, at) => (at === 3 ? changed(line, (it) => (it.public["tier"] = "none")) : line)),
          { workspace, writer },
        ),
      ),
      anchor: plain.anchor,
    },
  );
  add("anchor-garbage", "the anchor is not a checkpoint", plain, ["wrong-signature", 0], {
    anchor: utf8("hello\n"),
  });
  add("anchor-of-another", "the anchor is that of another log", plain, ["wrong-signature", 0], {
    anchor: content.anchor,
  });
  add(
    "anchor-by-another",
    "the anchor is right and signed by somebody else",
    plain,
    ["wrong-signature", total - 1],
    {
      anchor: checkpointBy(
        plain.log,
        total,
        treeRoot(linesOf(plain.files).map(({ text: line }) => utf8(line))),
        foreign.writer,
      ),
    },
  );
};
