import { concatBytes, toBase64, utf8 } from "#kernel/bytes.ts";
import type { Forged } from "../forge.ts";
import type { Add, Originals } from "./table.ts";
import { LINES, bytes, entry, idOf, lines, one, text } from "./table.ts";

/** Lines that are no entries: rows 1 to 3 of section 12. */
export const unreadableLines = (add: Add, originals: Originals): void => {
  const { plain, content, odd } = originals;
  add(
    "not-json",
    "a brace is missing",
    plain,
    ["malformed", 3],
    one(
      plain,
      3,
      text((line) => line.slice(0, -1)),
    ),
  );
  add(
    "not-utf8",
    "a byte that no UTF-8 holds",
    plain,
    ["malformed", 0],
    bytes(plain, LINES, (all) => all.with(20, 0xff)),
  );
  add(
    "byte-order-mark",
    "a byte order mark before the first line",
    plain,
    ["malformed", 0],
    bytes(plain, LINES, (all) => concatBytes(utf8("\ufeff"), all)),
  );
  add(
    "too-deep",
    "public fields nest deeper than a line may",
    plain,
    ["malformed", 3],
    one(
      plain,
      3,
      entry((it) => {
        it.public["deep"] = JSON.parse("[".repeat(63) + "]".repeat(63)) as Forged;
      }),
    ),
  );
  add(
    "empty-line",
    "an empty line between two",
    plain,
    ["malformed", 4],
    lines(plain, (all) => all.toSpliced(4, 0, { file: LINES, text: "" })),
  );
  add(
    "white-space",
    "a space behind a comma",
    plain,
    ["not-canonical", 3],
    one(
      plain,
      3,
      text((line) => line.replace(",", ", ")),
    ),
  );
  add(
    "duplicate-name",
    "a name twice in one object, the second being the old one",
    plain,
    ["not-canonical", 3],
    one(
      plain,
      3,
      text((line) => line.replace('"seq":3', '"seq":4,"seq":3')),
    ),
  );
  add(
    "number-form",
    "a number in another form of the same value",
    plain,
    ["not-canonical", 3],
    one(
      plain,
      3,
      text((line) => line.replace('"seq":3', '"seq":3.0')),
    ),
  );
  add(
    "escaped-letter",
    "a letter written as an escape",
    plain,
    ["not-canonical", 3],
    one(
      plain,
      3,
      text((line) => line.replace("tidy", "\\u0074idy")),
    ),
  );
  add(
    "lone-surrogate",
    "half of a surrogate pair as an escape",
    plain,
    ["not-canonical", 3],
    one(
      plain,
      3,
      text((line) => line.replace("tidy", "\\ud800")),
    ),
  );
  add(
    "huge-number",
    "a number beyond a double",
    plain,
    ["not-canonical", 3],
    one(
      plain,
      3,
      text((line) => line.replace('"seq":3', '"seq":1e999')),
    ),
  );
  add(
    "carriage-return",
    "a carriage return before the line feed",
    plain,
    ["not-canonical", 3],
    one(
      plain,
      3,
      text((line) => `${line}\r`),
    ),
  );
  add(
    "unsorted-names",
    "two members have changed places",
    plain,
    ["not-canonical", 3],
    one(
      plain,
      3,
      text((line) => line.replace('"seq":3,"signature":null', '"signature":null,"seq":3')),
    ),
  );
  add(
    "index-names-unsorted",
    "names that look like numbers in numeric order",
    odd,
    ["not-canonical", 3],
    one(
      odd,
      3,
      text((line) => line.replace('"10":1,"9":2', '"9":2,"10":1')),
    ),
  );
  for (const [name, about, change] of [
    ["missing-member", "`cause` is missing", (it) => delete it["cause"]],
    ["unknown-member", "a member that version 1 does not have", (it) => (it["note"] = "hello")],
    ["later-version", "a line of a version that does not exist", (it) => (it["v"] = 2)],
    ["absent-not-null", "an id that is empty instead of null", (it) => (it["cause"] = "")],
    ["labels-unsorted", "labels out of order", (it) => (it["labels"] = ["b", "a"])],
    ["labels-repeated", "a label twice", (it) => (it["labels"] = ["a", "a"])],
    ["negative-number", "a number below zero", (it) => (it["input"] = -1)],
    ["fraction", "half an input", (it) => (it["input"] = 0.5)],
    ["upper-case-id", "an id in upper case", (it) => (it["id"] = idOf(it).toUpperCase())],
    ["not-a-v7", "an id of another version", (it) => (it["id"] = idOf(it).replace("-7", "-4"))],
    ["odd-type", "a type without a verb", (it) => (it["type"] = "action")],
    [
      "unknown-structural",
      "a structural type that version 1 does not have",
      (it) => (it["type"] = "log.archived"),
    ],
    [
      "stray-signature",
      "a signature in a type that has none",
      (it) => (it["signature"] = toBase64(new Uint8Array(64))),
    ],
    ["empty-principal", "nobody acted", (it) => (it["principal"] = "")],
    [
      "principal-kind",
      "on behalf of a kind that is no lower-case word",
      (it) => (it["onBehalfOf"] = { id: "x", kind: "No One" }),
    ],
    ["far-future", "a time that no id can carry", (it) => (it["time"] = { monotonicMs: 1, wallMs: 2 ** 48 })],
  ] as const satisfies readonly (readonly [string, string, (it: Forged) => unknown])[]) {
    add(
      name,
      about,
      plain,
      ["malformed", 3],
      one(
        plain,
        3,
        entry((it) => void change(it)),
      ),
    );
  }
  add(
    "commit-unsigned",
    "a commit record whose signature is null",
    plain,
    ["malformed", 2],
    one(
      plain,
      2,
      entry((it) => (it["signature"] = null)),
    ),
  );
  add(
    "commit-with-run",
    "a structural entry that claims a run",
    plain,
    ["malformed", 2],
    one(
      plain,
      2,
      entry((it) => (it["input"] = 0)),
    ),
  );
  add(
    "commit-without-root",
    "a commit record without a root",
    plain,
    ["malformed", 2],
    one(
      plain,
      2,
      entry((it) => delete it.public["root"]),
    ),
  );
  add(
    "sees-itself",
    "a commit record that states a checkpoint of its own log",
    plain,
    ["malformed", 2],
    one(
      plain,
      2,
      entry((it) => {
        it.public["seen"] = [{ log: plain.log, root: "0".repeat(64), size: 1 }];
      }),
    ),
  );
  add(
    "reference-too-small",
    "a sealed part shorter than its tag",
    content,
    ["malformed", 3],
    one(
      content,
      3,
      entry((it) => {
        it["content"] = [{ ...(it["content"] as [Forged])[0], sealedBytes: 15 }];
      }),
    ),
  );
  add(
    "reference-twice",
    "two parts of one name",
    content,
    ["malformed", 3],
    one(
      content,
      3,
      entry((it) => {
        const [part] = it["content"] as [Forged];
        it["content"] = [part, part];
      }),
    ),
  );
};
