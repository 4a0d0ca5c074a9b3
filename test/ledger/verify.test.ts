import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failed, fault, ok } from "#kernel/result.ts";
import { readCanonicalLine } from "#ledger/verify/canonical-line.ts";
import { verifyLedger } from "#ledger/verify/verify-ledger.ts";
import { verifyLog } from "#ledger/verify/verify-log.ts";
import { REPORTED_FAULTS_MAX } from "#protocol/ledger-report.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import { utf8 } from "#kernel/bytes.ts";
import { readJson } from "#kernel/json.ts";
import type { JsonValue } from "#kernel/json.ts";
import { ledgerSourceOf, sourceOf } from "#test/kit/ledger-sources.ts";
import { sampleLogs } from "./sample-logs.ts";
import { nodeCrypto, valueOf } from "./world.ts";

const samples = await sampleLogs();
const [plain] = samples;
if (plain === undefined) throw new Error("no sample");
const options = { log: plain.log, pinnedKey: plain.publicKey, anchor: plain.anchor, live: false };
const never = new AbortController().signal;

describe("verifying", () => {
  test("never throws, whatever the files hold", async () => {
    const bytes = fc.uint8Array({ maxLength: 400 });
    const files = fc.dictionary(
      fc.constantFrom("000001.jsonl", "000001.content", "000002.jsonl", "x"),
      bytes,
    );
    await fc.assert(
      fc.asyncProperty(files, fc.option(bytes), async (found, anchor) => {
        const source = sourceOf(new Map(Object.entries(found)));
        const { report } = valueOf(await verifyLog(source, nodeCrypto, { ...options, anchor }, never));
        expect(report.faultsTotal).toBeGreaterThan(0);
        expect(report.level).toBeNull();
      }),
    );
  });

  test("lists a bounded number of faults and counts all", async () => {
    const files = new Map([["000001.jsonl", utf8("{}\n".repeat(5_000))]]);
    const { report } = valueOf(
      await verifyLog(sourceOf(files), nodeCrypto, { ...options, anchor: null }, never),
    );
    expect(report.faults).toHaveLength(REPORTED_FAULTS_MAX);
    expect(report.faultsTotal).toBe(5_001);
  });

  test("names every independent change, not what follows from one", async () => {
    const text = Buffer.from(plain.files.get("000001.jsonl") ?? []).toString();
    const changed = text
      .replace('"tier":"wasm"', '"tier":"none"')
      .replace('"status":"done"', '"status":"gone"');
    const files = new Map([["000001.jsonl", utf8(changed)]]);
    const { report } = valueOf(await verifyLog(sourceOf(files), nodeCrypto, options, never));
    expect(report.faults.map(({ kind, index, place }) => [kind, index, place?.line])).toEqual([
      ["wrong-hash", 3, 4],
      ["wrong-hash", 6, 7],
    ]);
  });

  test("a source that fails is a fault of the source, not of the log", async () => {
    const broken = failed(fault("LEDGER_UNREADABLE", "the disk is gone"));
    const source = { ...sourceOf(plain.files), read: async () => broken };
    expect(await verifyLog(source, nodeCrypto, options, never)).toEqual(broken);
    expect(await verifyLog({ ...source, files: async () => broken }, nodeCrypto, options, never)).toEqual(
      broken,
    );
    const ledger = ledgerSourceOf(new Map([[plain.log, plain.files]]), new Map());
    for (const part of ["logs", "anchored", "anchor"] as const) {
      const failing = { ...ledger, [part]: async () => broken };
      expect(await verifyLedger(failing, nodeCrypto, null, never)).toEqual(broken);
    }
  });

  test("ends with an AbortError when it is aborted", async () => {
    const signal = AbortSignal.abort();
    await expect(verifyLog(sourceOf(plain.files), nodeCrypto, options, signal)).rejects.toMatchObject({
      name: "AbortError",
    });
  });

  test("of a live log lets it end in the middle of something, of a quiet one not", async () => {
    const live = samples.find(({ name }) => name === "live");
    const look = async (isLive: boolean): Promise<unknown> => {
      const { log, publicKey, anchor, files } = live ?? plain;
      const given = { log, pinnedKey: publicKey, anchor, live: isLive };
      const { report } = valueOf(await verifyLog(sourceOf(files), nodeCrypto, given, never));
      return [report.level, report.uncommitted, report.faults.map(({ kind }) => kind)];
    };
    expect(await look(true)).toEqual(["since-local-anchor", 1, []]);
    expect(await look(false)).toEqual([null, 1, ["torn", "uncommitted"]]);
  });

  test("a growing log is read up to where it was listed, and its anchor never seems to be ahead", async () => {
    const grown = new Map(plain.files);
    let listed = false;
    const source = {
      ...sourceOf(grown),
      files: async () => {
        const before = valueOf(await sourceOf(grown).files());
        if (!listed)
          grown.set("000001.jsonl", utf8(`${Buffer.from(grown.get("000001.jsonl") ?? []).toString()}more`));
        listed = true;
        return ok(before);
      },
    };
    const { report } = valueOf(await verifyLog(source, nodeCrypto, { ...options, live: true }, never));
    expect(report).toMatchObject({ level: "since-local-anchor", faultsTotal: 0 });
  });
});

describe("canonical lines", () => {
  const objects = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 3 }));

  test("are exactly the canonical texts", () => {
    fc.assert(
      fc.property(objects, (value) => {
        const canonical = canonicalJson(JSON.parse(JSON.stringify(value)) as JsonValue);
        expect(readCanonicalLine(utf8(canonical)).ok).toBe(true);
      }),
    );
  });

  test("no other text of the same value is one", () => {
    fc.assert(
      fc.property(objects, fc.nat(), (value, chosen) => {
        const canonical = canonicalJson(JSON.parse(JSON.stringify(value)) as JsonValue);
        const other = OTHER_TEXTS[chosen % OTHER_TEXTS.length]?.(canonical) ?? "";
        // A change that fell inside a text made another value, whose canonical text it may be.
        const reading = readJson(other);
        if (reading.ok && canonicalJson(reading.value) === other) return;
        expect(readCanonicalLine(utf8(other)).ok).toBe(false);
      }),
    );
  });

  test.each([
    ['{"a":1,"b":2}', undefined],
    ['{"b":1,"a":2}', "not-canonical"],
    ['{"10":1,"9":2}', undefined],
    ['{"9":1,"10":2}', "not-canonical"],
    ['{"a":1,"1":2}', "not-canonical"],
    ['{"1":1,"a":2}', undefined],
    ['{"a":1,"a":1}', "not-canonical"],
    ['{"__proto__":1}', undefined],
    ['{"__proto__":{"a":1},"a":2}', undefined],
    ["1e21", "not-canonical"],
    ["1e+21", undefined],
    ["-0", "not-canonical"],
    ["1e999", "not-canonical"],
    ['"\\ud800"', "not-canonical"],
    ['"\\\\ud800"', undefined],
    ['"\\u0041"', "not-canonical"],
    ['"\\u001f"', undefined],
    ['"\\u001F"', "not-canonical"],
    ['"\\/"', "not-canonical"],
    ['"\u007f"', undefined],
    ["[1, 2]", "not-canonical"],
    ["1\n", "not-canonical"],
    ["", "malformed"],
    ["{", "malformed"],
    ["\ufeff{}", "malformed"],
    ["[".repeat(64) + "]".repeat(64), undefined],
    ["[".repeat(65) + "]".repeat(65), "malformed"],
    [`{"a":${"[".repeat(64)}${"]".repeat(64)},"a":1}`, "malformed"],
    [`{"a":${"[".repeat(63)}${"]".repeat(63)},"a":1}`, "not-canonical"],
    [`{"a":"${"[".repeat(99)}\\"${"{".repeat(99)}","a":1}`, "not-canonical"],
    ["[".repeat(400_000), "malformed"],
    ["[".repeat(400_000) + "]".repeat(400_000), "malformed"],
  ] as const)("%j", (text, expected) => {
    const reading = readCanonicalLine(utf8(text));
    expect(reading.ok ? undefined : reading.kind).toBe(expected);
  });
});

/** Ways to write the same value otherwise, where the text has something to hold on to. */
const OTHER_TEXTS: readonly ((text: string) => string)[] = [
  (text) => ` ${text}`,
  (text) => `${text}\t`,
  (text) => text.replace(":", ": "),
  (text) => text.replace("{", "{ "),
  (text) => text.replace("true", "true "),
  (text) => text.replace("\\n", "\\u000a"),
  (text) => text.replace("a", "\\u0061"),
  (text) => text.replace(/:([1-9])([,}])/, ":$1.0$2"),
  (text) => text.replace(/:([1-9])([,}])/, ":$1e0$2"),
];
