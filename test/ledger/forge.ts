import { createHash } from "node:crypto";
import { concatBytes, toBase64, toHex, utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonValue } from "#kernel/json.ts";
import { nodeCrypto } from "./world.ts";

/*
 * What somebody can do to a log who has its files and knows the format: change lines, chain them
 * again, and sign with keys of their own. Written after docs/formats/ledger.md, apart from the
 * writer and the verifier.
 */

export type LogFiles = Map<string, Uint8Array>;

/** An entry that may be anything. */
export type Forged = Record<string, JsonValue> & { public: Record<string, JsonValue> };

export interface PlacedText {
  readonly file: string;
  readonly text: string;
}

/** The whole lines of all segments in order. */
export const linesOf = (files: LogFiles): PlacedText[] =>
  [...files.keys()]
    .filter((name) => /^[0-9]{6}\.jsonl$/.test(name))
    .sort()
    .flatMap((file) =>
      Buffer.from(files.get(file) ?? [])
        .toString("utf8")
        .split("\n")
        .slice(0, -1)
        .map((text) => ({ file, text })),
    );

/** The log with other lines; files that lose all of theirs stay, empty. */
export const withLines = (files: LogFiles, lines: readonly PlacedText[]): LogFiles => {
  const changed: LogFiles = new Map(files);
  for (const file of files.keys()) if (file.endsWith(".jsonl")) changed.set(file, new Uint8Array());
  for (const { file, text } of lines) {
    changed.set(file, concatBytes(changed.get(file) ?? new Uint8Array(), utf8(`${text}\n`)));
  }
  return changed;
};

export const parse = (text: string): Forged => JSON.parse(text) as Forged;

/** The hash that a line states. */
export const hashOf = (text: string): string => parse(text)["hash"] as string;

/** The canonical line of an entry with the hash that it has to have. */
export const sealed = (entry: Forged): string => {
  const { hash: _hash, ...hashed } = entry;
  const hash = createHash("sha256")
    .update("writ-ledger/1/entry\n")
    .update(canonicalJson(hashed))
    .digest("hex");
  return canonicalJson({ ...entry, hash });
};

/** An entry signed by a key. */
export const signed = (entry: Forged, seed: Uint8Array): Forged => {
  const { hash: _hash, signature: _signature, ...rest } = entry;
  const message = utf8(`writ-ledger/1/signature\n${canonicalJson(rest)}`);
  return { ...entry, signature: toBase64(nodeCrypto.sign(seed, message)) };
};

/** The line with a change, its own hash made right again. */
export const changed = (line: PlacedText, change: (entry: Forged) => void): PlacedText => {
  const entry = parse(line.text);
  change(entry);
  return { ...line, text: sealed(entry) };
};

/** All lines from `from` on chained again behind the one before, with the hashes that they then have. */
export const rechained = (lines: readonly PlacedText[], from: number): PlacedText[] => {
  const done = lines.slice(0, from);
  let prev = from === 0 ? "0".repeat(64) : hashOf(lines[from - 1]?.text ?? "{}");
  for (const line of lines.slice(from)) {
    const next = changed(line, (entry) => {
      entry["prev"] = prev;
    });
    prev = hashOf(next.text);
    done.push(next);
  }
  return done;
};

/** The same, with numbers, roots and signatures made anew by keys of one's choice, as their owner could. */
export const resigned = (
  lines: readonly PlacedText[],
  keys: { readonly workspace: Uint8Array; readonly writer: Uint8Array },
): PlacedText[] => {
  const workspace = toHex(nodeCrypto.publicKey(keys.workspace));
  const writerKey = nodeCrypto.publicKey(keys.writer);
  const writer = toHex(nodeCrypto.sha256(writerKey)).slice(0, 16);
  const done: PlacedText[] = [];
  let prev = "0".repeat(64);
  for (const [seq, line] of lines.entries()) {
    let entry: Forged = { ...parse(line.text), seq, prev, writer };
    entry.public = { ...entry.public };
    if (entry["type"] === "log.committed") {
      entry.public["size"] = seq;
      entry.public["root"] = toHex(treeRoot(done.map(({ text }) => utf8(text))));
      entry = signed(entry, keys.writer);
    }
    if (entry["type"] === "key.certified") {
      entry.public = { ...entry.public, key: toHex(writerKey), by: workspace };
      entry = signed(entry, keys.workspace);
    }
    const text = sealed(entry);
    prev = hashOf(text);
    done.push({ file: line.file, text });
  }
  return done;
};

const hash = (prefix: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash("sha256")
      .update(Uint8Array.of(prefix))
      .update(concatBytes(...parts))
      .digest(),
  );

/** RFC 6962, from the definition. */
export const treeRoot = (leaves: readonly Uint8Array[]): Uint8Array => {
  const [only] = leaves;
  if (only === undefined) return new Uint8Array(createHash("sha256").digest());
  if (leaves.length === 1) return hash(0, only);
  const split = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
  return hash(1, treeRoot(leaves.slice(0, split)), treeRoot(leaves.slice(split)));
};

/** A checkpoint of a log, signed by a key of one's choice. */
export const checkpointBy = (log: string, size: number, root: Uint8Array, seed: Uint8Array): Uint8Array => {
  const origin = `writ-ledger/${log}`;
  const text = `${origin}\n${size}\n${toBase64(root)}\n`;
  const id = createHash("sha256")
    .update(`${origin}\n`)
    .update(Uint8Array.of(1))
    .update(nodeCrypto.publicKey(seed))
    .digest()
    .subarray(0, 4);
  const signature = toBase64(concatBytes(id, nodeCrypto.sign(seed, utf8(text))));
  return utf8(`${text}\n— ${origin} ${signature}\n`);
};
