import { throwIfAborted } from "#kernel/abort.ts";
import { toHex, utf8Text } from "#kernel/bytes.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { LogId } from "#kernel/ids.ts";
import { invariant } from "#kernel/invariant.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { KeyStore } from "#ports/key-store.ts";
import type { EntryProof, EntryQuery, LedgerReader, LogSummary, ShownEntry } from "#ports/ledger-reader.ts";
import type { LedgerFault, LedgerStore } from "#ports/ledger.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { LEDGER_LINE_BYTES_MAX } from "#protocol/ledger-entry.ts";
import { readSegmentFile, segmentFile } from "#protocol/ledger-format.ts";
import { structureOf } from "#protocol/ledger-line.ts";
import { readSecret, SECRET_NAME } from "./keys.ts";
import { hasType, sealedBytesOf } from "./line-text.ts";
import { inclusionProof, rootFromInclusion } from "./merkle-proof.ts";
import { leafHash } from "./merkle-tree.ts";
import { parseLine } from "./parse-line.ts";
import type { LineStretch } from "./read-lines.ts";
import { readLines } from "./read-lines.ts";
import { deriveScopeKeys, openPart } from "./sealing.ts";

export interface LedgerReaderDeps {
  readonly store: LedgerStore;
  readonly crypto: Crypto;
  readonly keys: KeyStore;
}

/** @param ourKeys public workspace keys of this user in hexadecimal. */
export const createLedgerReader = (deps: LedgerReaderDeps, ourKeys: readonly string[]): LedgerReader => ({
  async logs() {
    const logs = await deps.store.logs();
    if (!logs.ok) return logs;
    const summaries: LogSummary[] = [];
    for (const log of logs.value) {
      const summary = await summarize(deps, log, ourKeys);
      if (!summary.ok) return summary;
      summaries.push(summary.value);
    }
    return ok(summaries);
  },

  async *entries(query, signal) {
    const logs = query.log === undefined ? await deps.store.logs() : ok([query.log]);
    if (!logs.ok) return yield logs;
    for (const log of logs.value) {
      const files = await deps.store.files(log);
      if (!files.ok) return yield files;
      const select = selector(log, query);
      for await (const stretch of readLines(deps.store, log, files.value)) {
        throwIfAborted(signal);
        if (!stretch.ok) return yield stretch;
        const selected = select(stretch.value);
        if (selected.length > 0) yield ok(selected);
      }
    }
  },

  async content({ log, segment, contentOffset, entry }, part) {
    const references = entry?.content ?? [];
    const at = references.findIndex(({ name }) => name === part);
    const reference = references[at];
    invariant(entry !== null && reference !== undefined, "content is asked of an entry that has this part");
    const offset = references.slice(0, at).reduce((sum, { sealedBytes }) => sum + sealedBytes, contentOffset);
    const file = segmentFile(segment, "content");
    const sealed = await deps.store.read(log, file, offset, reference.sealedBytes);
    if (!sealed.ok) return sealed;
    if (toHex(deps.crypto.sha256(sealed.value)) !== reference.sealed) return ok({ state: "damaged" });
    const secret = await readSecret(deps.keys, SECRET_NAME.scope(reference.scope));
    if (!secret.ok) return secret;
    if (secret.value === null) return ok({ state: "erased" });
    const keys = deriveScopeKeys(deps.crypto, reference.scope, secret.value);
    const opened = openPart(deps.crypto, keys, entry.id, reference, sealed.value);
    return ok(opened === undefined ? { state: "damaged" } : { state: "open", value: opened.value });
  },

  proof: (shown, signal) => prove(deps, shown, signal),
});

const summarize = async (
  deps: LedgerReaderDeps,
  log: LogId,
  ourKeys: readonly string[],
): Promise<Result<LogSummary, LedgerFault>> => {
  const files = await deps.store.files(log);
  if (!files.ok) return files;
  let workspaceKey: string | null = null;
  for await (const stretch of readLines(deps.store, log, files.value)) {
    if (!stretch.ok) return stretch;
    const [first] = stretch.value.lines;
    if (first === undefined) continue;
    const reading = parseLine(utf8Text(first.bytes) ?? "");
    if (typeof reading !== "string" && reading.type === "key.certified") {
      workspaceKey = structureOf(reading, "key.certified").by;
    }
    break;
  }
  const sizeBytes = files.value
    .filter(({ name }) => readSegmentFile(name)?.part === "jsonl")
    .reduce((sum, file) => sum + file.sizeBytes, 0);
  const ours = workspaceKey !== null && ourKeys.includes(workspaceKey);
  return ok({ log, workspaceKey, ours, live: await deps.store.isHeld(log), sizeBytes });
};

/** Picks the lines of one log that a query wants, stretch after stretch. */
const selector = (log: LogId, query: EntryQuery): ((stretch: LineStretch) => readonly ShownEntry[]) => {
  const wantsAll = query.run === undefined && query.id === undefined && query.type === undefined;
  const texts = [query.run && `"${query.run}"`, query.id && `${query.id}"`].filter(
    (text) => text !== undefined,
  );
  let index = -1;
  let segment = 0;
  let contentOffset = 0;
  return (stretch) => {
    if (stretch.segment !== segment) {
      segment = stretch.segment;
      contentOffset = 0;
    }
    const selected: ShownEntry[] = [];
    for (const line of stretch.lines) {
      index += 1;
      const text = line.bytes.length > LEDGER_LINE_BYTES_MAX ? "" : (utf8Text(line.bytes) ?? "");
      const place = { log, index, segment, contentOffset };
      contentOffset += sealedBytesOf(text);
      // Most lines are passed over without parsing them.
      if (query.type !== undefined && !hasType(text, query.type)) continue;
      if (!texts.every((wanted) => text.includes(wanted))) continue;
      const reading = parseLine(text);
      if (typeof reading === "string") {
        if (wantsAll) selected.push({ ...place, entry: null, problem: reading });
      } else if (matches(reading, query)) selected.push({ ...place, entry: reading, problem: null });
    }
    return selected;
  };
};

const matches = (entry: LedgerEntry, { run, id }: EntryQuery): boolean =>
  (run === undefined || entry.run?.id === run) &&
  (id === undefined || entry.id.endsWith(id) || entry.run?.id.endsWith(id) === true);

const prove = async (
  deps: LedgerReaderDeps,
  { log, index, entry }: ShownEntry,
  signal: AbortSignal,
): Promise<Result<EntryProof | null, LedgerFault>> => {
  const files = await deps.store.files(log);
  if (!files.ok) return files;
  const leaves: Uint8Array[] = [];
  for await (const stretch of readLines(deps.store, log, files.value)) {
    throwIfAborted(signal);
    if (!stretch.ok) return stretch;
    for (const { bytes } of stretch.value.lines) {
      const text = utf8Text(bytes) ?? "";
      // A commit record's own line is covered by the next one, like any other.
      if (leaves.length > index && hasType(text, "log.committed")) {
        const commit = parseLine(text);
        return ok(
          typeof commit === "string" || entry === null ? null : proofOf(deps.crypto, leaves, index, commit),
        );
      }
      leaves.push(leafHash(deps.crypto, bytes));
    }
  }
  return ok(null);
};

const proofOf = (
  crypto: Crypto,
  leaves: readonly Uint8Array[],
  index: number,
  commit: LedgerEntry,
): EntryProof => {
  const leaf = leaves[index] ?? new Uint8Array();
  const size = leaves.length;
  const path = inclusionProof(crypto, leaves, index);
  const root = rootFromInclusion(crypto, { leaf, index, size, path }) ?? new Uint8Array();
  const stated = structureOf(commit, "log.committed");
  return {
    leaf: sha256OfBytes(leaf),
    index,
    size,
    path: path.map(sha256OfBytes),
    root: sha256OfBytes(root),
    commit,
    leads: stated.size === size && stated.root === toHex(root),
  };
};
