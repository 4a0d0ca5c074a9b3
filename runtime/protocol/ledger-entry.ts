import type { Sha256 } from "#kernel/digest.ts";
import type { EntryId, LogId, ScopeId } from "#kernel/ids.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { OnBehalfOf } from "./policy-vocabulary.ts";
import type { RunPlace } from "./run-event.ts";

/*
 * The ledger's line, version 1. One entry is one line of canonical JSON (RFC 8785); the
 * specification, from which a stranger can write a verifier, is docs/formats/ledger.md.
 */

export const LEDGER_VERSION = 1;

/** Longest line without its newline, in bytes. A longer entry is refused before it is written. */
export const LEDGER_LINE_BYTES_MAX = 1024 * 1024;

/** Deepest nesting of a line and of a content value; the outermost object is level 1. */
export const LEDGER_DEPTH_MAX = 64;

export const CONTENT_PARTS_MAX = 64;

/** Longest canonical JSON of one part of content, in bytes. */
export const CONTENT_PART_BYTES_MAX = 16 * 1024 * 1024;

/** All sealed parts of one entry together, in bytes. */
export const ENTRY_CONTENT_BYTES_MAX = 32 * 1024 * 1024;

/** Longest artefact, in plain bytes. */
export const ARTEFACT_BYTES_MAX = 64 * 1024 * 1024;

/** What sealing adds to the plain bytes: the tag of AES-GCM. */
export const SEAL_TAG_BYTES = 16;

/** Checkpoints of other logs in one commit record. */
export const SEEN_MAX = 64;

/** Files that one recovery may set aside, and the longest of them in bytes. */
export const ASIDE_FILES_MAX = 64;
export const ASIDE_BYTES_MAX = 64 * 1024 * 1024;

export interface LedgerEntry {
  readonly v: typeof LEDGER_VERSION;
  readonly id: EntryId;
  readonly log: LogId;
  /** First 16 hexadecimal digits of SHA-256 over the writer's raw Ed25519 public key. */
  readonly writer: string;
  readonly seq: number;
  /** Wall clock in Unix milliseconds, and milliseconds since the writer opened the log (never falls within one opening). */
  readonly time: { readonly wallMs: number; readonly monotonicMs: number };
  /** One of `ENTRY_TYPES`, or a type that a later writer of this version added. */
  readonly type: string;
  readonly run: RunPlace | null;
  readonly cause: EntryId | null;
  readonly principal: string;
  readonly onBehalfOf: OnBehalfOf | null;
  readonly labels: readonly string[];
  readonly input: number | null;
  readonly public: JsonObject;
  readonly content: readonly ContentReference[];
  /** Hash of the entry before, or 64 zeros for the first. */
  readonly prev: Sha256;
  /** Ed25519 signature in base64; present in `log.committed` and key entries, else null. */
  readonly signature: string | null;
  readonly hash: Sha256;
}

export interface ContentReference {
  readonly scope: ScopeId;
  readonly name: string;
  /** HMAC-SHA256 under the scope's commitment key over entry, name and plain content; hexadecimal. */
  readonly commitment: Sha256;
  /** SHA-256 of the sealed bytes: what a reader without keys can check. */
  readonly sealed: Sha256;
  readonly sealedBytes: number;
}

/** What an entry's `kind` of fault is when verification finds one. */
export const VERIFICATION_FAULTS = [
  "not-canonical",
  "malformed",
  "wrong-hash",
  "wrong-previous",
  "wrong-sequence",
  "wrong-log",
  "wrong-writer",
  "wrong-root",
  "wrong-signature",
  "wrong-certificate",
  "wrong-content",
  "time-went-back",
  "torn",
  "truncated",
  "uncommitted",
  "foreign",
] as const;

export type VerificationFault = (typeof VERIFICATION_FAULTS)[number];
