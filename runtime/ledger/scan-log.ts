import { equalBytes, fromBase64, fromHex, utf8, utf8Text } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { LogId, ScopeId } from "#kernel/ids.ts";
import { isId } from "#kernel/ids.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { LedgerFault, LedgerStore, StoredFile } from "#ports/ledger.ts";
import type { Checkpoint } from "#protocol/ledger-checkpoint.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { LEDGER_LINE_BYTES_MAX } from "#protocol/ledger-entry.ts";
import { LEDGER_DOMAIN } from "#protocol/ledger-format.ts";
import { structureOf } from "#protocol/ledger-line.ts";
import type { SigningKey } from "./keys.ts";
import { SECRET_NAME } from "./keys.ts";
import { hasType, sealedBytesOf } from "./line-text.ts";
import type { LogEnd } from "./log-writer.ts";
import { emptyLogEnd } from "./log-writer.ts";
import type { MerkleTree } from "./merkle-tree.ts";
import { createMerkleTree, leafHash } from "./merkle-tree.ts";
import { parseLine } from "./parse-line.ts";
import type { RawLine } from "./read-lines.ts";
import { readLines } from "./read-lines.ts";

/** What a writer finds when it opens a log of its own. */
export interface LogScan {
  /** Behind the last commit record; `segment` is the one that record stands in, or 1. */
  readonly end: LogEnd;
  /** Which of the keys signed that record; undefined in a log without one. */
  readonly key: SigningKey | undefined;
  readonly retired: boolean;
  /** Scopes whose erasure was recorded since the log was last opened; their keys may still be there. */
  readonly erased: readonly ScopeId[];
}

/** Where the line behind a `log.committed` begins. */
interface CommitPoint {
  readonly line: RawLine;
  readonly segment: number;
  readonly contentBytes: number;
  readonly logBytes: number;
  /** The tree of the lines before the record. */
  readonly tree: MerkleTree;
  readonly follows: "log.retired" | "another";
  /** Lines of type `content.erased` since the log was opened. */
  readonly erasures: readonly Uint8Array[];
}

/**
 * Reads a whole log, finds its last commit record, and makes sure that it is right and that the
 * anchor agrees: then every line before it is as it was signed. What lies behind it is for the
 * recovery. A log that is not as its own key left it is LEDGER_TAMPERED.
 *
 * The scan looks at the text of lines instead of parsing them: the root vouches for all of them at
 * once, and nothing that it reads from a line is used unless that root is right.
 */
export const scanLog = async (
  deps: { readonly store: LedgerStore; readonly crypto: Crypto },
  log: LogId,
  files: readonly StoredFile[],
  keys: readonly SigningKey[],
  anchor: Checkpoint | undefined,
): Promise<Result<LogScan, LedgerFault>> => {
  const tree = createMerkleTree(deps.crypto);
  let rootAtAnchor: Uint8Array | undefined;
  let last: CommitPoint | undefined;
  let segment = 0;
  let contentBytes = 0;
  let logBytes = 0;
  let follows: CommitPoint["follows"] = "another";
  let erasures: Uint8Array[] = [];

  for await (const stretch of readLines(deps.store, log, files)) {
    if (!stretch.ok) return stretch;
    if (stretch.value.segment !== segment) {
      segment = stretch.value.segment;
      contentBytes = 0;
    }
    for (const line of stretch.value.lines) {
      const text = (line.bytes.length > LEDGER_LINE_BYTES_MAX ? undefined : utf8Text(line.bytes)) ?? "";
      contentBytes += sealedBytesOf(text);
      logBytes += line.lengthBytes;
      if (hasType(text, "log.committed")) {
        last = { line, segment, contentBytes, logBytes, tree: tree.copy(), follows, erasures: [...erasures] };
      }
      if (hasType(text, "log.opened") || hasType(text, "log.recovered")) erasures = [];
      if (hasType(text, "content.erased")) erasures.push(line.bytes);
      follows = hasType(text, "log.retired") ? "log.retired" : "another";
      tree.append(leafHash(deps.crypto, line.bytes));
      if (tree.size === anchor?.size) rootAtAnchor = tree.root();
    }
  }

  const size = last === undefined ? 0 : last.tree.size + 1;
  if (anchor !== undefined && (anchor.size > size || !isRoot(anchor.root, rootAtAnchor))) {
    return failed(tampered(log, "its anchor states another history"));
  }
  if (last === undefined)
    return ok({ end: emptyLogEnd(deps.crypto), key: undefined, retired: false, erased: [] });

  const commit = checkCommit(deps.crypto, log, last, keys);
  if (typeof commit === "string") return failed(tampered(log, commit));
  const grown = last.tree.copy();
  grown.append(leafHash(deps.crypto, last.line.bytes));
  return ok({
    key: commit.key,
    retired: last.follows === "log.retired",
    erased: last.erasures.flatMap(erasedScope),
    end: {
      size,
      prev: commit.hash,
      tree: grown,
      segment: last.segment,
      lineBytes: last.line.offset + last.line.lengthBytes,
      contentBytes: last.contentBytes,
      logBytes: last.logBytes,
    },
  });
};

/** Hash and key of a commit record that is right in every respect; else what is wrong with it. */
const checkCommit = (
  crypto: Crypto,
  log: LogId,
  point: CommitPoint,
  keys: readonly SigningKey[],
): { readonly hash: Sha256; readonly key: SigningKey } | string => {
  const entry = parseEntry(point.line.bytes);
  if (entry?.type !== "log.committed" || entry.log !== log) return "its last commit record cannot be read";
  const { size, root } = structureOf(entry, "log.committed");
  if (size !== point.tree.size || entry.seq !== size || !isRoot(root, point.tree.root())) {
    return "its last commit record does not fit the lines before it";
  }
  const key = keys.find(({ id }) => id === entry.writer);
  if (key === undefined) return "its last commit record is by a key that is not here";

  const { hash, ...hashed } = entry;
  const { signature, ...signed } = hashed;
  const digest = sha256OfBytes(crypto.sha256(utf8(LEDGER_DOMAIN.entry + canonicalText(hashed))));
  const message = utf8(LEDGER_DOMAIN.signature + canonicalText(signed));
  const isSigned = crypto.verify(key.publicKey, message, fromBase64(signature ?? "") ?? new Uint8Array());
  return isSigned && digest === hash ? { hash, key } : "its last commit record is not signed by its key";
};

const canonicalText = (value: object): string => canonicalJson(value as JsonValue);

const parseEntry = (bytes: Uint8Array): LedgerEntry | undefined => {
  const entry = parseLine(utf8Text(bytes) ?? "");
  return typeof entry === "string" ? undefined : entry;
};

const erasedScope = (bytes: Uint8Array): readonly ScopeId[] => {
  const scope = parseEntry(bytes)?.public["scope"];
  return typeof scope === "string" && isId<"scope">(scope) ? [scope] : [];
};

const isRoot = (stated: string, computed: Uint8Array | undefined): boolean => {
  const bytes = fromHex(stated);
  return bytes !== undefined && computed !== undefined && equalBytes(bytes, computed);
};

export const tampered = (log: LogId, why: string): LedgerFault =>
  fault("LEDGER_TAMPERED", `the log ${log} is not as this user's key left it: ${why}`, {
    help: `run \`writ audit verify\` to see what was changed; put the log back from a backup, or, to go on in a new one, move what is left of its folder away from the ledger and its key \`${SECRET_NAME.writer(log)}\` out of the state folder's \`keys\``,
  });
