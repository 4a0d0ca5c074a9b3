import { concatBytes, toBase64, utf8 } from "#kernel/bytes.ts";
import type { LogId } from "#kernel/ids.ts";
import type { VerificationFault } from "#protocol/ledger-entry.ts";
import type { Forged, LogFiles, PlacedText } from "./forge.ts";
import {
  changed,
  checkpointBy,
  hashOf,
  linesOf,
  parse,
  rechained,
  resigned,
  sealed,
  signed,
  treeRoot,
  withLines,
} from "./forge.ts";
import type { SampleLog } from "./sample-logs.ts";
import { START_WALL_MS, valueOf, WORKSPACE } from "./world.ts";

/** At least one log for each way in which verification can fail, with the first fault that it must report. */

export interface TamperedLog {
  readonly name: string;
  readonly about: string;
  readonly log: LogId;
  readonly files: LogFiles;
  readonly anchor: Uint8Array | null;
  readonly publicKey: string;
  readonly fault: { readonly kind: VerificationFault; readonly index: number };
}

const LINES = "000001.jsonl";
const CONTENT = "000001.content";

export const tamperedLogs = async (samples: readonly SampleLog[]): Promise<readonly TamperedLog[]> => {
  const named = (name: string): SampleLog => {
    const found = samples.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no sample ${name}`);
    return found;
  };
  const plain = named("plain");
  const content = named("content");
  const rotated = named("rotated");
  const segments = named("segments");
  const recovered = named("recovered");
  const retired = named("retired");
  const odd = named("odd-values");
  const live = named("live");
  const workspace = valueOf(await plain.world.keys.read(`workspace.${WORKSPACE}`)) ?? new Uint8Array();
  const writer = valueOf(await plain.world.keys.read(`writer.${plain.log}`)) ?? new Uint8Array();
  const rotatedWorkspace =
    valueOf(await rotated.world.keys.read(`workspace.${WORKSPACE}`)) ?? new Uint8Array();
  const foreign = { workspace: new Uint8Array(32).fill(0xaa), writer: new Uint8Array(32).fill(0xbb) };
  const found: TamperedLog[] = [];

  const add = (
    name: string,
    about: string,
    from: SampleLog,
    fault: readonly [VerificationFault, number],
    change: Partial<Pick<TamperedLog, "files" | "anchor" | "log" | "publicKey">>,
  ): void => {
    const { log, files, anchor, publicKey } = { ...from, ...change };
    found.push({ name, about, log, files, anchor, publicKey, fault: { kind: fault[0], index: fault[1] } });
  };
  /** A log with other lines and without its anchor, so that only the lines can tell. */
  const lines = (
    from: SampleLog,
    change: (lines: PlacedText[]) => readonly PlacedText[],
  ): Partial<TamperedLog> => ({
    files: withLines(from.files, change(linesOf(from.files))),
    anchor: null,
  });
  const one = (
    from: SampleLog,
    index: number,
    change: (line: PlacedText) => PlacedText,
  ): Partial<TamperedLog> =>
    lines(from, (all) => all.map((line, at) => (at === index ? change(line) : line)));
  const text =
    (change: (text: string) => string) =>
    (line: PlacedText): PlacedText => ({ ...line, text: change(line.text) });
  const entry =
    (change: (entry: Forged) => void) =>
    (line: PlacedText): PlacedText =>
      changed(line, change);
  const bytes = (
    from: SampleLog,
    file: string,
    change: (bytes: Uint8Array) => Uint8Array,
  ): Partial<TamperedLog> => ({
    files: new Map([...from.files, [file, change(new Uint8Array(from.files.get(file) ?? []))]]),
    anchor: null,
  });
  const without = (from: SampleLog, file: string): Partial<TamperedLog> => ({
    files: new Map([...from.files].filter(([name]) => name !== file)),
    anchor: null,
  });
  const flip =
    (at: number) =>
    (original: Uint8Array): Uint8Array =>
      original.map((byte, index) => (index === at ? byte ^ 1 : byte));

  // rows 1 to 3
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

  // rows 4 to 7
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

  // rows 8 to 11
  const certificate =
    (change: (it: Forged) => Forged) =>
    (line: PlacedText): PlacedText => ({
      ...line,
      text: sealed(change(parse(line.text))),
    });
  add(
    "certificate-unsigned",
    "the certificate's signature is of something else",
    plain,
    ["wrong-certificate", 0],
    one(
      plain,
      0,
      certificate((it) => ({ ...it, signature: toBase64(new Uint8Array(64)) })),
    ),
  );
  add(
    "certificate-by-another",
    "the certificate names the right key and is signed by another",
    plain,
    ["wrong-certificate", 0],
    one(
      plain,
      0,
      certificate((it) => signed(it, foreign.workspace)),
    ),
  );
  add(
    "no-certificate",
    "the log begins with its opening",
    plain,
    ["wrong-certificate", 0],
    lines(plain, (all) =>
      rechained(
        all.slice(1).map((line, seq) => changed(line, (it) => (it["seq"] = seq))),
        0,
      ),
    ),
  );
  add(
    "second-certificate",
    "a certificate in the middle",
    plain,
    ["wrong-certificate", 3],
    lines(plain, (all) => {
      const again = signed(
        { ...parse(all[0]?.text ?? ""), seq: 3, prev: parse(all[2]?.text ?? "")["hash"] ?? "" },
        workspace,
      );
      return all.with(3, { file: LINES, text: sealed(again) });
    }),
  );
  add(
    "rotation-by-writer",
    "a rotation that the workspace key did not sign",
    rotated,
    ["wrong-certificate", 5],
    one(
      rotated,
      5,
      certificate((it) => signed(it, foreign.writer)),
    ),
  );
  add(
    "rotation-of-another",
    "a rotation that replaces a key which does not write",
    rotated,
    ["wrong-certificate", 5],
    one(
      rotated,
      5,
      certificate((it) =>
        signed({ ...it, public: { ...it.public, previous: "2".repeat(64) } }, rotatedWorkspace),
      ),
    ),
  );
  add(
    "revokes-itself",
    "the key that writes is revoked",
    rotated,
    ["wrong-certificate", 7],
    one(
      rotated,
      7,
      certificate((it) =>
        signed(
          {
            ...it,
            public: { ...it.public, key: parse(linesOf(rotated.files)[5]?.text ?? "").public["key"] ?? "" },
          },
          rotatedWorkspace,
        ),
      ),
    ),
  );
  add(
    "all-by-another",
    "the whole log made anew by somebody with keys of their own",
    plain,
    ["foreign", 0],
    lines(plain, (all) => resigned(all, foreign)),
  );
  add("other-key-expected", "a right log where another key is expected", plain, ["foreign", 0], {
    publicKey: content.publicKey,
    anchor: null,
  });
  add(
    "writer-certified-elsewhere",
    "the writer's key is certified by another workspace",
    plain,
    ["foreign", 0],
    lines(plain, (all) => resigned(all, { ...foreign, writer })),
  );
  add(
    "other-writer",
    "a line that names another writer, chained again",
    plain,
    ["wrong-writer", 3],
    lines(plain, (all) =>
      rechained(
        all.map((line, at) => (at === 3 ? changed(line, (it) => (it["writer"] = "0123456789abcdef")) : line)),
        3,
      ),
    ),
  );
  add(
    "old-writer",
    "the old key goes on writing behind a rotation",
    rotated,
    ["wrong-writer", 6],
    lines(rotated, (all) => {
      const old = parse(all[0]?.text ?? "")["writer"] ?? "";
      return rechained(
        all.map((line, at) => (at === 6 ? changed(line, (it) => (it["writer"] = old)) : line)),
        6,
      );
    }),
  );
  add(
    "time-back",
    "monotonic time falls",
    plain,
    ["time-went-back", 4],
    lines(plain, (all) =>
      rechained(
        all.map((line, at) =>
          at === 4 ? changed(line, (it) => (it["time"] = { monotonicMs: 0, wallMs: START_WALL_MS })) : line,
        ),
        4,
      ),
    ),
  );

  // rows 12 to 14
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

  // rows 15 and 16
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

  // rows 17 to 21
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
  return found;
};

const idOf = (entry: Forged): string => entry["id"] as string;

const ABSENT: PlacedText = { file: LINES, text: "{}" };
