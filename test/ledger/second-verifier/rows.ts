import type { JsonObject } from "./canonical-json.ts";
import { canonicalJson, without } from "./canonical-json.ts";
import type { Entry } from "./entry.ts";
import { commitFields, keyFields, recoveryFields } from "./entry.ts";
import type { LogFiles } from "./folder.ts";
import { isSignedBy, strictBase64, writerId } from "./keys.ts";
import { sha256 } from "./tree.ts";

/** Rows 4 to 14 of the page's table: what is held against a line whose form is right. */

export type FaultKind =
  | "malformed"
  | "not-canonical"
  | "wrong-hash"
  | "wrong-log"
  | "wrong-sequence"
  | "wrong-previous"
  | "wrong-certificate"
  | "foreign"
  | "wrong-writer"
  | "time-went-back"
  | "wrong-root"
  | "wrong-signature"
  | "wrong-content"
  | "torn"
  | "truncated"
  | "uncommitted";

export interface Fault {
  readonly kind: FaultKind;
  /** Of the line, from 0 over the whole log. */
  readonly index: number;
}

export interface Expectation {
  readonly files: LogFiles;
  readonly log: string | undefined;
  readonly workspaceKey: string | undefined;
}

/** What is known before a line is looked at. Facts that an unreadable line took away are undefined. */
export interface Standing {
  readonly expected: Expectation;
  readonly index: number;
  readonly log: string | undefined;
  readonly workspaceKey: string | undefined;
  readonly writerKey: string | undefined;
  readonly revoked: ReadonlySet<string>;
  readonly before: Entry | undefined;
  readonly retiredAt: number | undefined;
  /** The number that this line should bear: one more than that of the line before. */
  readonly sequence: number | undefined;
  /** Of the lines before a commit record, as long as nothing was wrong with them. */
  readonly root: string | undefined;
  /** The sealed bytes of this segment that no line has accounted for; undefined where that cannot be known. */
  readonly content: Uint8Array | undefined;
}

const NO_LINE_BEFORE = "0".repeat(64);
/** Types at which the monotonic clock starts anew. */
const BEGINNINGS: readonly string[] = ["log.opened", "log.recovered"];

const preimage = (domain: string, members: JsonObject): string =>
  `writ-ledger/1/${domain}\n${canonicalJson(members)}`;

export const hashOf = (entry: JsonObject): string =>
  sha256(preimage("entry", without(entry, "hash"))).toString("hex");

export const signedText = (entry: JsonObject): string =>
  preimage("signature", without(entry, "hash", "signature"));

const isEntrySignedBy = (entry: Entry, publicKey: string): boolean =>
  isSignedBy(publicKey, signedText(entry), strictBase64(entry.signature ?? "") ?? Buffer.alloc(0));

/** Rows 4 to 14 in the page's order: true is a fault. */
export const rows: readonly (readonly [FaultKind, (entry: Entry, standing: Standing) => boolean])[] = [
  ["wrong-hash", (entry) => entry.hash !== hashOf(entry)],
  ["wrong-log", (entry, { log }) => log !== undefined && entry.log !== log],
  [
    "wrong-sequence",
    (entry, standing) => !isNextInSequence(entry, standing) || isBehindRetirement(entry, standing),
  ],
  [
    "wrong-previous",
    (entry, { index, before }) =>
      index === 0 ? entry.prev !== NO_LINE_BEFORE : before !== undefined && entry.prev !== before.hash,
  ],
  ["wrong-certificate", (entry, standing) => !isCertificateRight(entry, standing)],
  [
    "foreign",
    (entry, { index, expected: { workspaceKey } }) =>
      index === 0 && workspaceKey !== undefined && keyFields(entry).by !== workspaceKey,
  ],
  [
    "wrong-writer",
    (entry, { index, writerKey }) => {
      const key = index === 0 ? keyFields(entry).key : writerKey;
      return key !== undefined && entry.writer !== writerId(key);
    },
  ],
  [
    "time-went-back",
    (entry, { before }) =>
      before !== undefined &&
      entry.time.monotonicMs < before.time.monotonicMs &&
      !BEGINNINGS.includes(entry.type),
  ],
  [
    "wrong-root",
    (entry, { root }) =>
      isCommit(entry) &&
      (commitFields(entry).size !== entry.seq || (root !== undefined && commitFields(entry).root !== root)),
  ],
  [
    "wrong-signature",
    (entry, { writerKey }) =>
      isCommit(entry) && writerKey !== undefined && !isEntrySignedBy(entry, writerKey),
  ],
  [
    "wrong-content",
    (entry, standing) => !isContentThere(entry, standing) || !areAsidesThere(entry, standing),
  ],
];

/** Behind a fault the line before is what counts, so that one missing line is one fault. */
const isNextInSequence = (entry: Entry, { sequence }: Standing): boolean =>
  sequence === undefined || entry.seq === sequence;

export const isCommit = (entry: Entry): boolean => entry.type === "log.committed";

/** Behind `log.retired` stands one commit record and nothing else. */
const isBehindRetirement = (entry: Entry, { index, retiredAt }: Standing): boolean =>
  retiredAt !== undefined && !(index === retiredAt + 1 && isCommit(entry));

const isCertificateRight = (entry: Entry, standing: Standing): boolean => {
  const { index, workspaceKey, writerKey, revoked } = standing;
  if ((index === 0) !== (entry.type === "key.certified")) return false;
  if (!entry.type.startsWith("key.")) return true;
  const { key, by, previous } = keyFields(entry);
  if (!isEntrySignedBy(entry, by)) return false;
  // Where line 0 could not be read nothing is known to compare with.
  if (index === 0 || workspaceKey === undefined || writerKey === undefined) return true;
  if (by !== workspaceKey) return false;
  if (entry.type === "key.revoked") return key !== writerKey;
  return previous === writerKey && key !== previous && !revoked.has(key);
};

const isContentThere = (entry: Entry, { content }: Standing): boolean => {
  if (content === undefined) return true;
  let place = 0;
  return entry.content.every(({ sealed, sealedBytes }) => {
    const part = content.subarray(place, (place += sealedBytes));
    return part.length === sealedBytes && sha256(part).toString("hex") === sealed;
  });
};

const areAsidesThere = (entry: Entry, { expected: { files } }: Standing): boolean =>
  entry.type !== "log.recovered" ||
  recoveryFields(entry).aside.every(({ file, bytes, digest }) => {
    const found = files.get(file);
    return found?.length === bytes && sha256(found).toString("hex") === digest;
  });
