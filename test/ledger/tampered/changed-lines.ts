import { changed, hashOf, rechained } from "../forge.ts";
import type { Add, Originals } from "./table.ts";
import { ABSENT, entry, lines, one, text } from "./table.ts";

/** Lines that were changed, moved, removed or added: rows 4 to 7. */
export const changedLines = (add: Add, originals: Originals): void => {
  const { plain, rotated, retired } = originals;
  add(
    "changed-letter",
    "one letter of a public field",
    plain,
    ["wrong-hash", 3],
    one(
      plain,
      3,
      text((line) => line.replace("wasm", "wasp")),
    ),
  );
  add(
    "changed-hash",
    "one digit of a hash",
    plain,
    ["wrong-hash", 3],
    one(
      plain,
      3,
      text((line) => line.replace(/"hash":"./, `"hash":"${hashOf(line).startsWith("0") ? "1" : "0"}`)),
    ),
  );
  add(
    "changed-principal",
    "another agent did it",
    plain,
    ["wrong-hash", 4],
    one(
      plain,
      4,
      text((line) => line.replace("tidy.symbi#tidy", "tidy.symbi#tidi")),
    ),
  );
  add("another-log", "a right log of the same user in this one's place", rotated, ["wrong-log", 0], {
    log: plain.log,
    anchor: null,
  });
  add(
    "line-removed",
    "a line is missing",
    plain,
    ["wrong-sequence", 3],
    lines(plain, (all) => all.toSpliced(3, 1)),
  );
  add(
    "line-repeated",
    "a line stands twice",
    plain,
    ["wrong-sequence", 4],
    lines(plain, (all) => all.toSpliced(4, 0, ...all.slice(3, 4))),
  );
  add(
    "lines-swapped",
    "two lines have changed places",
    plain,
    ["wrong-sequence", 3],
    lines(plain, (all) => all.with(3, all[4] ?? ABSENT).with(4, all[3] ?? ABSENT)),
  );
  add(
    "first-line-removed",
    "the certificate is missing",
    plain,
    ["wrong-sequence", 0],
    lines(plain, (all) => all.slice(1)),
  );
  add(
    "commit-removed",
    "a commit record in the middle is missing",
    plain,
    ["wrong-sequence", 5],
    lines(plain, (all) => all.toSpliced(5, 1)),
  );
  add(
    "behind-retirement",
    "a line behind the end of a retired log",
    retired,
    ["wrong-sequence", 7],
    lines(retired, (all) => {
      const added = changed(all[3] ?? ABSENT, (it) => {
        it["seq"] = all.length;
        it["content"] = [];
      });
      return rechained([...all, added], all.length);
    }),
  );
  add(
    "line-rewritten",
    "a line changed and its own hash made right",
    plain,
    ["wrong-previous", 4],
    one(
      plain,
      3,
      entry((it) => (it.public["tier"] = "none")),
    ),
  );
  add(
    "other-beginning",
    "the first line follows something",
    plain,
    ["wrong-previous", 0],
    one(
      plain,
      0,
      entry((it) => (it["prev"] = "1".repeat(64))),
    ),
  );
};
