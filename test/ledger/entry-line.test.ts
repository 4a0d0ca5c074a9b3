import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Text } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { EntryId, LogId } from "#kernel/ids.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isLineTooLong, placeEntry, prepareEntry } from "#ledger/entry-line.ts";
import { contentTextOf, hasType, sealedBytesOf } from "#ledger/line-text.ts";
import { readEntry } from "#protocol/ledger-line.ts";
import { computedHash, isSignedBy } from "#ledger/verify/signatures.ts";
import { newEntry, nodeCrypto, SCOPE } from "./world.ts";

const ID = "018bcfe5-6803-7000-8000-0000000000bb" as EntryId;
const LOG = "018bcfe5-6804-7000-8000-0000000000cc" as LogId;
const seed = new Uint8Array(32).fill(3);

const objects = fc
  .dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 3 }))
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);
const references = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/),
    sealedBytes: fc.integer({ min: 16, max: 9_999 }),
  }),
  { maxLength: 4, selector: ({ name }) => name },
);

describe("a line", () => {
  test("put together from stretches is the canonical JSON of its entry, with the hash it must have", () => {
    fc.assert(
      fc.property(
        objects,
        references,
        fc.string({ minLength: 1 }),
        fc.boolean(),
        fc.nat(),
        (fields, parts, who, signs, seq) => {
          const content = parts.map((part) => ({
            ...part,
            scope: SCOPE,
            commitment: "a".repeat(64) as Sha256,
            sealed: "b".repeat(64) as Sha256,
          }));
          const entry = newEntry({ public: fields, principal: who });
          const prepared = prepareEntry(entry, ID, LOG, content);
          const { bytes, hash } = placeEntry(nodeCrypto, prepared, {
            seq,
            prev: "c".repeat(64) as Sha256,
            time: { wallMs: 1, monotonicMs: 2 },
            writer: "0123456789abcdef",
            signer: signs ? seed : null,
          });
          const text = utf8Text(bytes)?.slice(0, -1) ?? "";
          const value = JSON.parse(text) as JsonValue;
          expect(bytes.at(-1)).toBe(0x0a);
          expect(canonicalJson(value)).toBe(text);
          expect(isLineTooLong(prepared)).toBe(false);
          expect(contentTextOf(text).includes('"sealedBytes"')).toBe(parts.length > 0);
          expect(sealedBytesOf(text)).toBe(parts.reduce((sum, part) => sum + part.sealedBytes, 0));
          expect(hasType(text, "action.decided")).toBe(true);
          expect(hasType(text, "log.committed")).toBe(false);
          if (signs) return;
          const reading = readEntry(value);
          expect(reading).toMatchObject({ ok: true, entry: { hash, seq, public: fields } });
          if (reading.ok) expect(computedHash(nodeCrypto, text, reading.entry)).toBe(hash);
        },
      ),
    );
  });

  test("that is signed verifies under its key and under no other", () => {
    const prepared = prepareEntry(
      {
        ...newEntry({ public: { size: 0, root: "0".repeat(64), seen: [] }, run: null, onBehalfOf: null }),
        type: "log.committed",
      },
      ID,
      LOG,
      [],
    );
    const { bytes } = placeEntry(nodeCrypto, prepared, {
      seq: 0,
      prev: "0".repeat(64) as Sha256,
      time: { wallMs: 1, monotonicMs: 2 },
      writer: "0123456789abcdef",
      signer: seed,
    });
    const reading = readEntry(JSON.parse(utf8Text(bytes) ?? "") as JsonValue);
    if (!reading.ok) throw new Error(reading.detail);
    const hex = (one: Uint8Array): string => Buffer.from(nodeCrypto.publicKey(one)).toString("hex");
    expect(isSignedBy(nodeCrypto, reading.entry, hex(seed))).toBe(true);
    expect(isSignedBy(nodeCrypto, reading.entry, hex(new Uint8Array(32)))).toBe(false);
    expect(isSignedBy(nodeCrypto, { ...reading.entry, seq: 1 }, hex(seed))).toBe(false);
  });

  test("has the type that stands at its end, whatever its fields pretend", () => {
    const fields = { type: "log.committed", x: '"type":"log.committed","v":1,"writer":"0123456789abcdef"}' };
    const prepared = prepareEntry(newEntry({ public: fields }), ID, LOG, []);
    const { bytes } = placeEntry(nodeCrypto, prepared, {
      seq: 0,
      prev: "0".repeat(64) as Sha256,
      time: { wallMs: 1, monotonicMs: 2 },
      writer: "0123456789abcdef",
      signer: null,
    });
    expect(hasType((utf8Text(bytes) ?? "").trimEnd(), "log.committed")).toBe(false);
  });
});

describe("the length of a line", () => {
  const LIMIT = 1024 * 1024;
  test.each([
    ["letters", "x", LIMIT - 4_096, false],
    ["letters", "x", LIMIT, true],
    ["three bytes each", "€", Math.floor(LIMIT / 3) - 4_096, false],
    ["three bytes each", "€", Math.ceil(LIMIT / 3), true],
    ["escapes of six", "\u0001", Math.floor(LIMIT / 6) - 4_096, false],
    ["escapes of six", "\u0001", Math.ceil(LIMIT / 6), true],
  ])("of %s (%j, %i times)", (_what, character, count, tooLong) => {
    const prepared = prepareEntry(newEntry({ public: { text: character.repeat(count) } }), ID, LOG, []);
    expect(isLineTooLong(prepared)).toBe(tooLong);
    if (tooLong) return;
    const place = {
      seq: Number.MAX_SAFE_INTEGER,
      prev: "0".repeat(64) as Sha256,
      time: { wallMs: 2 ** 48 - 1, monotonicMs: Number.MAX_SAFE_INTEGER },
      writer: "0123456789abcdef",
      signer: seed,
    };
    expect(placeEntry(nodeCrypto, prepared, place).bytes.length).toBeLessThanOrEqual(LIMIT + 1);
  });
});

describe("reading an entry", () => {
  test("never throws, whatever JSON it is given", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(readEntry(value as JsonValue).ok).toBe(false);
      }),
    );
  });
});
