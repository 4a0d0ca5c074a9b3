import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { fromBase64, toHex, utf8 } from "#kernel/bytes.ts";
import type { Sha256 } from "#kernel/digest.ts";
import {
  checkpointKeyIdInput,
  checkpointNote,
  noteKeyIdInput,
  readCheckpoint,
} from "#protocol/ledger-checkpoint.ts";

const crypto = createNodeCrypto();
const LOG = "018bcfe5-6801-7001-a5c3-dc39b36ce79c";
const OTHER = "018bcfe5-6801-7001-a5c3-dc39b36ce79d";
const ROOT = "ab".repeat(32) as Sha256;
const seed = new Uint8Array(32).fill(9);
const keyId = crypto.sha256(checkpointKeyIdInput(LOG, crypto.publicKey(seed)));
const note = checkpointNote({ log: LOG, size: 42, root: ROOT }, keyId, crypto.sign(seed, utf8("text")));

describe("a checkpoint (C2SP tlog-checkpoint)", () => {
  test("has the form of a signed note", () => {
    expect(note.split("\n")).toEqual([
      `writ-ledger/${LOG}`,
      "42",
      "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=",
      "",
      expect.stringMatching(new RegExp(`^— writ-ledger/${LOG} [A-Za-z0-9+/]{91}=$`)),
      "",
    ]);
  });

  test("is read back with its text and its signature", () => {
    const reading = readCheckpoint(utf8(note), LOG);
    expect(reading?.checkpoint).toEqual({ log: LOG, size: 42, root: ROOT });
    expect(reading?.text).toBe(note.slice(0, note.indexOf("\n\n") + 1));
    expect(reading?.signatures.map(({ keyId: id }) => toHex(id))).toEqual([toHex(keyId.subarray(0, 4))]);
  });

  test("of every size and root is read back", () => {
    const sizes = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(sizes, fc.uint8Array({ minLength: 32, maxLength: 32 }), (size, bytes) => {
        const checkpoint = { log: LOG, size, root: toHex(bytes) as Sha256 };
        const reading = readCheckpoint(utf8(checkpointNote(checkpoint, keyId, new Uint8Array(64))), LOG);
        expect(reading?.checkpoint).toEqual(checkpoint);
      }),
    );
  });

  test("key ids and signatures follow the rule of signed notes", () => {
    // The example of Go's note package, whose key and signature are public.
    const name = "PeterNeumann";
    const key = fromBase64("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")?.subarray(1) ?? new Uint8Array();
    const text =
      "If you think cryptography is the answer to your problem,\n" +
      "then you don't know what your problem is.\n";
    const signed =
      fromBase64(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=",
      ) ?? new Uint8Array();
    expect(toHex(crypto.sha256(noteKeyIdInput(name, key)).subarray(0, 4))).toBe("c74f20a3");
    expect(toHex(signed.subarray(0, 4))).toBe("c74f20a3");
    expect(crypto.verify(key, utf8(text), signed.subarray(4))).toBe(true);
  });

  test("of a size beyond every log is read, so that the log can be called too short", () => {
    const size = "9".repeat(40);
    expect(readCheckpoint(utf8(note.replace("\n42\n", `\n${size}\n`)), LOG)?.checkpoint.size).toBe(1e40);
  });

  test("takes further signatures, and passes over those of other keys", () => {
    const witness = "— witness.example/a yvWeBAAAAABqXwAA\n";
    const reading = readCheckpoint(utf8(`${note}${witness}`), LOG);
    expect(reading?.signatures).toHaveLength(1);
    expect(readCheckpoint(utf8(`${note}${note.slice(note.indexOf("—"))}`), LOG)?.signatures).toHaveLength(2);
  });

  test.each([
    ["nothing", ""],
    ["another log's", note.replaceAll(LOG, OTHER)],
    ["no size", note.replace("\n42\n", "\n\n")],
    ["size zero", note.replace("\n42\n", "\n0\n")],
    ["a leading zero", note.replace("\n42\n", "\n042\n")],
    ["a size that is no number", note.replace("\n42\n", "\n4 2\n")],
    ["a control character in a name", `${note}— a\u0007b yvWeBAAAAABqXwAA\n`],
    ["white space in a name", `${note}— a\u2003b yvWeBAAAAABqXwAA\n`],
    ["a plus sign in a name", `${note}— a+b yvWeBAAAAABqXwAA\n`],
    ["a signature of another key that is no base64", `${note}— a yvWeBAAAAABqXwA\n`],
    ["a signature of another key with nothing in it", `${note}— a yvWeBA==\n`],
    ["something that is no signature", `${note}hello\n`],
    ["a sign", note.replace("\n42\n", "\n+42\n")],
    ["a short root", note.replace("q6ur", "")],
    ["a root with loose bits", note.replace("q6s=", "q6t=")],
    ["an extension line", note.replace("\n\n", "\nextension\n\n")],
    ["no blank line", note.replace("\n\n", "\n")],
    ["no line feed at the end", note.slice(0, -1)],
    ["another dash", note.replace("—", "-")],
    ["a carriage return", note.replaceAll("\n", "\r\n")],
    ["a byte order mark", `\ufeff${note}`],
    ["more than a note may have", note + `— a ${"A".repeat(70_000)}\n`],
  ])("is not read from a note with %s", (_what, text) => {
    expect(readCheckpoint(utf8(text), LOG)).toBeUndefined();
  });

  test("is not read from bytes that are no text, and nothing throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(readCheckpoint(bytes, LOG)).toBeUndefined();
      }),
    );
  });
});
