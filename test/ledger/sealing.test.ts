import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { EntryId, ScopeId } from "#kernel/ids.ts";
import type { JsonValue } from "#kernel/json.ts";
import { batchEntry } from "#ledger/batch.ts";
import type { ScopeKeys } from "#ledger/sealing.ts";
import { deriveScopeKeys, openArtefact, openPart, sealArtefact, sealPart } from "#ledger/sealing.ts";
import { verifies } from "#test/kit/verifies.ts";
import { nodeCrypto } from "./world.ts";

const ENTRY = "018bcfe5-6803-7000-8000-0000000000bb" as EntryId;
const OTHER_ENTRY = "018bcfe5-6803-7000-8000-0000000000bc" as EntryId;
const SCOPE = "018bcfe5-6802-7000-8000-0000000000aa" as ScopeId;

const keysOf = (fill: number, scope = SCOPE): ScopeKeys =>
  deriveScopeKeys(nodeCrypto, scope, new Uint8Array(32).fill(fill));
const keys = keysOf(1);
const seal = (
  value: JsonValue,
  { entry = ENTRY, name = "result", under = keys } = {},
): ReturnType<typeof sealPart> =>
  sealPart(nodeCrypto, under, { entry, name, plain: utf8(canonicalJson(value)) });

const values = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

describe("sealed parts", () => {
  test("open to the same value", () => {
    fc.assert(
      fc.property(values, (value) => {
        const { reference, sealed } = seal(value);
        const opened = openPart(nodeCrypto, keys, ENTRY, reference, sealed);
        expect(canonicalJson(opened?.value ?? null)).toBe(canonicalJson(value));
      }),
    );
  });

  test("are the same when the same part is sealed again, as after a crash, and differ in all else", () => {
    const one = seal("yes");
    expect(seal("yes")).toEqual(one);
    for (const other of [
      seal("yes", { entry: OTHER_ENTRY }),
      seal("yes", { name: "arguments" }),
      seal("yes", { under: keysOf(2) }),
      seal("no"),
    ]) {
      expect(other.reference.commitment).not.toBe(one.reference.commitment);
      expect(other.sealed).not.toEqual(one.sealed);
    }
  });

  test("never meet another part's nonce", () => {
    const nonces = new Set<string>();
    for (let index = 0; index < 2_000; index += 1) nonces.add(seal(index).reference.commitment.slice(0, 24));
    for (const name of ["a", "b", "c"]) nonces.add(seal(0, { name }).reference.commitment.slice(0, 24));
    expect(nonces.size).toBe(2_003);
  });

  test("do not open for another entry, name, scope, key, commitment or after a change of any bit", () => {
    const { reference, sealed } = seal({ answer: 42 });
    const opened = (
      entry: EntryId,
      changed: Partial<typeof reference>,
      under = keys,
      bytes: Uint8Array = sealed,
    ): unknown => openPart(nodeCrypto, under, entry, { ...reference, ...changed }, bytes);
    expect(opened(ENTRY, {})).toEqual({ value: { answer: 42 } });
    expect(opened(OTHER_ENTRY, {})).toBeUndefined();
    expect(opened(ENTRY, { name: "arguments" })).toBeUndefined();
    expect(opened(ENTRY, {}, keysOf(2))).toBeUndefined();
    expect(opened(ENTRY, {}, keysOf(1, "018bcfe5-6802-7000-8000-0000000000ab" as ScopeId))).toBeUndefined();
    expect(opened(ENTRY, { commitment: seal({ answer: 43 }).reference.commitment })).toBeUndefined();
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const at = Math.floor(bit / 8);
      const flipped = sealed.with(at, (sealed[at] ?? 0) ^ (1 << (bit % 8)));
      expect(opened(ENTRY, {}, keys, flipped)).toBeUndefined();
    }
  });

  test("of equal content show no equality to those without the key", () => {
    verifies("ledger.beyond.erasable");
    const parts = Array.from({ length: 50 }, (_, index) =>
      seal("yes", { entry: ENTRY.replace(/..$/, String(10 + index)) as EntryId }),
    );
    expect(new Set(parts.map(({ reference }) => reference.commitment)).size).toBe(50);
    expect(new Set(parts.map(({ reference }) => reference.sealed)).size).toBe(50);
  });

  test("cannot be guessed from what the line says", () => {
    verifies("ledger.beyond.erasable");
    const { reference } = seal("yes");
    const guesses = ["yes", "no"].flatMap((guess) => {
      const plain = utf8(canonicalJson(guess));
      const framed = utf8(`writ-ledger/1/content\n${ENTRY}\nresult\n${canonicalJson(guess)}`);
      return [
        nodeCrypto.sha256(plain),
        nodeCrypto.sha256(framed),
        nodeCrypto.hmacSha256(new Uint8Array(32), framed),
      ];
    });
    const hex = guesses.map((guess) => Buffer.from(guess).toString("hex"));
    expect(hex).not.toContain(reference.commitment);
    expect(hex).not.toContain(reference.sealed);
  });
});

describe("artefacts", () => {
  test("open to their bytes, and to nothing under another digest, scope or key", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (bytes, bit) => {
        const { digest, sealed } = sealArtefact(nodeCrypto, keys, bytes);
        expect(openArtefact(nodeCrypto, keys, digest, sealed)).toEqual(new Uint8Array(bytes));
        const other = sealArtefact(nodeCrypto, keys, Uint8Array.of(...bytes, 1));
        expect(openArtefact(nodeCrypto, keys, other.digest, sealed)).toBeUndefined();
        expect(openArtefact(nodeCrypto, keysOf(2), digest, sealed)).toBeUndefined();
        const at = Math.floor(bit / 8) % sealed.length;
        const flipped = sealed.with(at, (sealed[at] ?? 0) ^ (1 << (bit % 8)));
        expect(openArtefact(nodeCrypto, keys, digest, flipped)).toBeUndefined();
      }),
    );
  });

  test("have one digest a scope, which is not that of their bytes", () => {
    const bytes = utf8("a file");
    const { digest } = sealArtefact(nodeCrypto, keys, bytes);
    expect(sealArtefact(nodeCrypto, keys, bytes).digest).toBe(digest);
    expect(sealArtefact(nodeCrypto, keysOf(2), bytes).digest).not.toBe(digest);
    expect(Buffer.from(nodeCrypto.sha256(bytes)).toString("hex")).not.toBe(digest);
  });
});

describe("batches of records", () => {
  test("have a root that depends on every record, its order, number and kind", () => {
    const root = (batch: Parameters<typeof batchEntry>[2]): unknown =>
      batchEntry(nodeCrypto, keys, batch).public["root"];
    const roots = [
      root({ kind: "request", first: 1, records: ["a", "b"] }),
      root({ kind: "request", first: 2, records: ["a", "b"] }),
      root({ kind: "request", first: 1, records: ["b", "a"] }),
      root({ kind: "request", first: 1, records: ["a"] }),
      root({ kind: "message", first: 1, records: ["a", "b"] }),
      batchEntry(nodeCrypto, keysOf(2), { kind: "request", first: 1, records: ["a", "b"] }).public["root"],
    ];
    expect(new Set(roots).size).toBe(roots.length);
  });
});
