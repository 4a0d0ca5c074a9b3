import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { verifies } from "#test/kit/verifies.ts";
import type { JsonObject, JsonValue } from "./second-verifier/canonical-json.ts";
import { canonicalJson, readCanonicalJson } from "./second-verifier/canonical-json.ts";
import { isCheckpointSignedBy, readCheckpoint } from "./second-verifier/checkpoint.ts";
import type { ContentReference } from "./second-verifier/entry.ts";
import { readLogFolder } from "./second-verifier/folder.ts";
import { isSignedBy, writerId } from "./second-verifier/keys.ts";
import { hashOf, signedText } from "./second-verifier/rows.ts";
import type { ScopeKeys } from "./second-verifier/sealed.ts";
import {
  artefactDigest,
  artefactFile,
  batchRoot,
  openArtefact,
  openContent,
  scopeKeys,
} from "./second-verifier/sealed.ts";
import { consistencyProof, inclusionProof, leafHash, sha256, treeRoot } from "./second-verifier/tree.ts";
import { readVectorFile } from "./second-verifier/vectors.ts";

/** Every single step of `primitives.json`, done again from the page. */

interface Primitives {
  readonly line: {
    readonly line: string;
    readonly hashed: string;
    readonly hash: string;
    readonly leaf: string;
  };
  readonly commit: {
    readonly line: string;
    readonly signed: string;
    readonly publicKey: string;
    readonly writer: string;
    readonly signature: string;
  };
  readonly tree: {
    readonly leaves: readonly string[];
    readonly roots: readonly string[];
    readonly inclusion: readonly { readonly index: number; readonly path: readonly string[] }[];
    readonly consistency: readonly { readonly size: number; readonly proof: readonly string[] }[];
  };
  readonly scope: { readonly scope: string; readonly secret: string } & Readonly<Record<string, string>>;
  readonly part: {
    readonly entry: string;
    readonly name: string;
    readonly value: JsonValue;
    readonly plain: string;
    readonly reference: ContentReference;
    readonly sealedBase64: string;
  };
  readonly artefact: { readonly bytes: string; readonly digest: string; readonly sealedBase64: string };
  readonly batch: {
    readonly kind: string;
    readonly first: number;
    readonly records: readonly JsonValue[];
    readonly public: JsonObject;
  };
  readonly checkpoint: { readonly log: string; readonly publicKey: string; readonly note: string };
}

const { line, commit, tree, scope, part, artefact, batch, checkpoint } = (await readVectorFile(
  "primitives.json",
)) as Primitives;

const keys: ScopeKeys = scopeKeys(scope.scope, Buffer.from(scope.secret, "hex"));
const hex = (bytes: Buffer): string => bytes.toString("hex");
const objectOf = (text: string): JsonObject => {
  const reading = readCanonicalJson(Buffer.from(text));
  expect(reading.kind).toBe("canonical");
  return (reading as { readonly value: JsonObject }).value;
};

describe("a line", () => {
  test("is hashed over the text without its hash", () => {
    expect(hex(sha256(line.hashed))).toBe(line.hash);
    expect(hashOf(objectOf(line.line))).toBe(line.hash);
    expect(line.hashed).toBe(`writ-ledger/1/entry\n${line.line.replace(`"hash":"${line.hash}",`, "")}`);
  });

  test("is a leaf of the tree as it stands", () => {
    expect(hex(leafHash(Buffer.from(line.line)))).toBe(line.leaf);
    expect(tree.leaves).toContain(line.leaf);
  });

  test("is signed, when it is a commit record, without hash and signature", () => {
    expect(signedText(objectOf(commit.line))).toBe(commit.signed);
    expect(objectOf(commit.line)["signature"]).toBe(commit.signature);
    expect(writerId(commit.publicKey)).toBe(commit.writer);
    expect(isSignedBy(commit.publicKey, commit.signed, Buffer.from(commit.signature, "base64"))).toBe(true);
    expect(isSignedBy(commit.publicKey, `${commit.signed} `, Buffer.from(commit.signature, "base64"))).toBe(
      false,
    );
  });
});

describe("the tree", () => {
  verifies("ledger.beyond.inclusion-proofs");

  const leaves = tree.leaves.map((leaf) => Buffer.from(leaf, "hex"));

  test("has these roots, size after size", () => {
    expect(leaves.map((_, index) => hex(treeRoot(leaves.slice(0, index + 1))))).toEqual(tree.roots);
  });

  test("proves that a line is in it", () => {
    expect(tree.inclusion.length).toBeGreaterThan(0);
    for (const { index, path } of tree.inclusion)
      expect(inclusionProof(index, leaves).map(hex)).toEqual(path);
  });

  test("proves that it grew", () => {
    expect(tree.consistency.length).toBeGreaterThan(0);
    for (const { size, proof } of tree.consistency)
      expect(consistencyProof(size, leaves).map(hex)).toEqual(proof);
  });
});

describe("what is sealed", () => {
  test("is sealed under four keys of its scope", () => {
    expect(hex(keys.commitment)).toBe(scope["commitmentKey"]);
    expect(hex(keys.sealing)).toBe(scope["sealingKey"]);
    expect(hex(keys.artefact)).toBe(scope["artefactKey"]);
    expect(hex(keys.artefactSealing)).toBe(scope["artefactSealingKey"]);
  });

  const sealed = Buffer.from(part.sealedBase64, "base64");

  test("opens as the value of its entry", () => {
    expect(canonicalJson(part.value)).toBe(part.plain);
    expect(openContent(keys, { id: part.entry }, part.reference, sealed)).toEqual({ value: part.value });
  });

  test("does not open as a part of another entry, or under another name", () => {
    expect(openContent(keys, { id: scope.scope }, part.reference, sealed)).toBeUndefined();
    expect(
      openContent(keys, { id: part.entry }, { ...part.reference, name: "result" }, sealed),
    ).toBeUndefined();
  });

  test("opens as an artefact", () => {
    const bytes = Buffer.from(artefact.sealedBase64, "base64");
    expect(hex(artefactDigest(keys, Buffer.from(artefact.bytes)))).toBe(artefact.digest);
    expect(openArtefact(keys, scope.scope, artefact.digest, bytes)?.toString()).toBe(artefact.bytes);
    expect(openArtefact(keys, part.entry, artefact.digest, bytes)).toBeUndefined();
  });

  test("lies as an artefact in its log's folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ledger-"));
    const name = artefactFile(scope.scope, artefact.digest);
    try {
      await mkdir(join(folder, "artefacts"));
      await writeFile(join(folder, name), artefact.sealedBase64, "base64");
      const found = (await readLogFolder(folder)).get(name) ?? new Uint8Array(0);
      expect(openArtefact(keys, scope.scope, artefact.digest, found)?.toString()).toBe(artefact.bytes);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("has a root as a batch", () => {
    expect(batchRoot(keys, batch.kind, batch.first, batch.records)).toBe(batch.public["root"]);
  });
});

describe("a checkpoint", () => {
  test("is signed by the writer key that it is for, and by no other", () => {
    const note = readCheckpoint(Buffer.from(checkpoint.note));
    expect(note).toMatchObject({ log: checkpoint.log, size: 10, root: tree.roots[9] });
    if (note === undefined) return;
    expect(isCheckpointSignedBy(note, [checkpoint.publicKey])).toBe(true);
    expect(
      isCheckpointSignedBy({ ...note, text: note.text.replace("\n10\n", "\n9\n") }, [checkpoint.publicKey]),
    ).toBe(false);
    expect(isCheckpointSignedBy(note, ["00".repeat(32)])).toBe(false);
  });
});
