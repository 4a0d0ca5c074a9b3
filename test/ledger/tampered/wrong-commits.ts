import { concatBytes, utf8 } from "#kernel/bytes.ts";
import type { Forged } from "../forge.ts";
import { changed, linesOf, parse, rechained, sealed, signed, treeRoot } from "../forge.ts";
import type { Add, Originals } from "./table.ts";
import { CONTENT, LINES, bytes, certificate, flip, lines, one, without } from "./table.ts";

/** Commit records and content that do not fit: rows 12 to 14. */
export const wrongCommits = (add: Add, originals: Originals): void => {
  const { plain, content, recovered, writer, foreign } = originals;
  add(
    "rechained",
    "a line changed and all behind it chained again",
    plain,
    ["wrong-root", 5],
    lines(plain, (all) =>
      rechained(
        all.map((line, at) => (at === 3 ? changed(line, (it) => (it.public["tier"] = "none")) : line)),
        3,
      ),
    ),
  );
  add(
    "wrong-size",
    "a commit record that states another size, signed by the right key",
    plain,
    ["wrong-root", 2],
    one(
      plain,
      2,
      certificate((it) => signed({ ...it, public: { ...it.public, size: 1 } }, writer)),
    ),
  );
  add(
    "recommitted",
    "a line changed and every commit signed by somebody else",
    plain,
    ["wrong-signature", 5],
    lines(plain, (all) => {
      const mine = rechained(
        all.map((line, at) => (at === 3 ? changed(line, (it) => (it.public["tier"] = "none")) : line)),
        3,
      );
      const root = Buffer.from(treeRoot(mine.slice(0, 5).map((line) => utf8(line.text)))).toString("hex");
      const commit = parse(mine[5]?.text ?? "");
      const forged = signed({ ...commit, public: { ...commit.public, root } }, foreign.writer);
      return rechained(mine.with(5, { file: LINES, text: sealed(forged) }), 6);
    }),
  );
  add(
    "signature-of-another-commit",
    "two commit records have exchanged signatures",
    plain,
    ["wrong-signature", 5],
    lines(plain, (all) =>
      rechained(
        all.map((line, at) =>
          at === 5
            ? changed(line, (it) => (it["signature"] = parse(all[2]?.text ?? "")["signature"] ?? null))
            : line,
        ),
        5,
      ),
    ),
  );
  add(
    "content-changed",
    "one bit of a sealed part",
    content,
    ["wrong-content", 4],
    bytes(content, CONTENT, flip(70)),
  );
  add(
    "content-cut",
    "the sealed content ends early",
    content,
    ["wrong-content", 9],
    bytes(content, CONTENT, (all) => all.slice(0, -1)),
  );
  add(
    "content-missing",
    "there is no sealed content",
    content,
    ["wrong-content", 3],
    without(content, CONTENT),
  );
  add(
    "content-swapped",
    "the sealed parts of two entries have changed places",
    content,
    ["wrong-content", 4],
    bytes(content, CONTENT, (all) => {
      const [first, second, third] = linesOf(content.files)
        .slice(3, 6)
        .map(({ text: line }) => Number((parse(line)["content"] as [Forged])[0]["sealedBytes"]));
      const [a, b, c] = [first ?? 0, second ?? 0, third ?? 0];
      return concatBytes(
        all.subarray(0, a),
        all.subarray(a + b, a + b + c),
        all.subarray(a, a + b),
        all.subarray(a + b + c),
      );
    }),
  );
  const [asideName] = [...recovered.files.keys()].filter((name) => name.endsWith(".aside")).sort();
  const recovery = linesOf(recovered.files).findIndex(({ text: line }) =>
    line.includes('"type":"log.recovered"'),
  );
  const lastRecovery = linesOf(recovered.files).findLastIndex(({ text: line }) =>
    line.includes(asideName ?? "none"),
  );
  add(
    "aside-changed",
    "what was set aside after a crash was changed",
    recovered,
    ["wrong-content", lastRecovery],
    bytes(recovered, asideName ?? "", flip(5)),
  );
  add(
    "aside-missing",
    "what was set aside after a crash is gone",
    recovered,
    ["wrong-content", lastRecovery],
    without(recovered, asideName ?? ""),
  );
  if (recovery < 0 || lastRecovery < recovery) throw new Error("the recovered sample has no recovery");
};
