import { toBase64, toHex, utf8, utf8Text } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { EntryId, ScopeId } from "#kernel/ids.ts";
import type { JsonValue } from "#kernel/json.ts";
import { batchEntry } from "#ledger/batch.ts";
import { inclusionProof } from "#ledger/merkle-proof.ts";
import { leafHash } from "#ledger/merkle-tree.ts";
import { deriveScopeKeys, sealArtefact, sealPart } from "#ledger/sealing.ts";
import { verifyLog } from "#ledger/verify/verify-log.ts";
import { sourceOf } from "#test/kit/ledger-sources.ts";
import { referenceConsistency, referenceRoot } from "#test/kit/merkle-reference.ts";
import { linesOf, parse } from "./forge.ts";
import type { SampleLog } from "./sample-logs.ts";
import { sampleLogs } from "./sample-logs.ts";
import { tamperedLogs } from "./tampered-logs.ts";
import { nodeCrypto, valueOf } from "./world.ts";

/** The files below test/vectors/ledger, by path: section 16 of docs/formats/ledger.md. */
export const ledgerVectors = async (): Promise<ReadonlyMap<string, Uint8Array>> => {
  const samples = await sampleLogs();
  const files = new Map<string, Uint8Array>();
  const index: JsonValue[] = [];

  for (const one of [...samples.map(asGood), ...(await tamperedLogs(samples)).map(asTampered)]) {
    const path = `logs/${one.name}`;
    for (const [file, bytes] of one.files) files.set(`${path}/${one.log}/${file}`, bytes);
    const anchor = one.anchor === null ? null : `anchors/${one.name}`;
    if (anchor !== null && one.anchor !== null) files.set(anchor, one.anchor);
    const { name, about, log, publicKey, live } = one;
    index.push({ name, about, path, log, publicKey, anchor, live, ...(await one.more()) });
  }
  files.set("vectors.json", json(index));
  files.set("primitives.json", json(primitives(samples)));
  return files;
};

type Vector = Pick<SampleLog, "name" | "about" | "log" | "files" | "anchor" | "publicKey" | "live"> & {
  readonly more: () => Promise<{ readonly [key: string]: JsonValue }>;
};

const asGood = (one: SampleLog): Vector => ({
  ...one,
  more: async () => {
    const options = { log: one.log, pinnedKey: one.publicKey, anchor: one.anchor, live: one.live };
    const { report } = valueOf(
      await verifyLog(sourceOf(one.files), nodeCrypto, options, new AbortController().signal),
    );
    const { lines, commits, level } = report;
    const scopes: Record<string, string> = {};
    for (const name of one.world.keys.names().filter((key) => key.startsWith("scope."))) {
      const secret = valueOf(await one.world.keys.read(name)) ?? new Uint8Array();
      scopes[name.slice("scope.".length)] = toHex(secret);
    }
    return { expected: { lines, commits, level, fault: null }, scopes, plain: one.plain };
  },
});

const asTampered = (one: Awaited<ReturnType<typeof tamperedLogs>>[number]): Vector => ({
  ...one,
  live: false,
  more: async () => ({ expected: { fault: one.fault }, scopes: {}, plain: {} }),
});

const json = (value: JsonValue): Uint8Array => utf8(`${JSON.stringify(value, null, 2)}\n`);

/** Single steps with all that goes into them, for somebody who writes an implementation step by step. */
const primitives = (samples: readonly SampleLog[]): JsonValue => {
  const scope = "018bcfe5-6802-7000-8000-0000000000aa" as ScopeId;
  const entry = "018bcfe5-6803-7000-8000-0000000000bb" as EntryId;
  const secret = Uint8Array.from({ length: 32 }, (_, index) => index);
  const keys = deriveScopeKeys(nodeCrypto, scope, secret);
  const value = { path: "notes/today.md", ok: true };
  const part = sealPart(nodeCrypto, keys, { entry, name: "arguments", plain: utf8(canonicalJson(value)) });
  const bytes = utf8("the bytes of a file\n");
  const artefact = sealArtefact(nodeCrypto, keys, bytes);
  const batch = { kind: "request", first: 41, records: [{ n: 1 }, "two", null] };

  const plain = samples[0];
  if (plain === undefined) throw new Error("no sample");
  const lines = linesOf(plain.files).map(({ text }) => text);
  const leaves = lines.map((line) => leafHash(nodeCrypto, utf8(line)));
  const commit = parse(lines.findLast((line) => line.includes('"type":"log.committed"')) ?? "");
  const data = lines.map((line) => utf8(line));
  const hex = (hashes: readonly Uint8Array[]): string[] => hashes.map(toHex);
  return {
    line: {
      line: lines[3] ?? "",
      hashed: `writ-ledger/1/entry\n${without(lines[3] ?? "", "hash")}`,
      hash: parse(lines[3] ?? "")["hash"] ?? "",
      leaf: toHex(leaves[3] ?? new Uint8Array()),
    },
    commit: {
      line: canonicalJson(commit),
      signed: `writ-ledger/1/signature\n${without(canonicalJson(commit), "hash", "signature")}`,
      publicKey: parse(lines[0] ?? "").public["key"] ?? "",
      writer: commit["writer"] ?? "",
      signature: commit["signature"] ?? "",
    },
    tree: {
      leaves: hex(leaves),
      roots: data.map((_, size) => toHex(referenceRoot(nodeCrypto, data.slice(0, size + 1)))),
      inclusion: leaves.map((_, index) => ({ index, path: hex(inclusionProof(nodeCrypto, leaves, index)) })),
      consistency: leaves.map((_, index) => ({
        size: index + 1,
        proof: hex(referenceConsistency(nodeCrypto, index + 1, data)),
      })),
    },
    scope: {
      scope,
      secret: toHex(secret),
      commitmentKey: toHex(keys.commitment),
      sealingKey: toHex(keys.sealing),
      artefactKey: toHex(keys.artefact),
      artefactSealingKey: toHex(keys.artefactSealing),
    },
    part: {
      entry,
      name: "arguments",
      value,
      plain: canonicalJson(value),
      reference: { ...part.reference },
      sealedBase64: toBase64(part.sealed),
    },
    artefact: {
      bytes: utf8Text(bytes) ?? "",
      digest: artefact.digest,
      sealedBase64: toBase64(artefact.sealed),
    },
    batch: { ...batch, public: batchEntry(nodeCrypto, keys, batch).public },
    checkpoint: {
      log: plain.log,
      publicKey: parse(lines[0] ?? "").public["key"] ?? "",
      note: utf8Text(plain.anchor ?? new Uint8Array()) ?? "",
    },
  };
};

const without = (line: string, ...members: readonly string[]): string => {
  const entry = parse(line);
  return canonicalJson(Object.fromEntries(Object.entries(entry).filter(([name]) => !members.includes(name))));
};
