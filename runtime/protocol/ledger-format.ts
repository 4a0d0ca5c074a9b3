import { isSha256, type Sha256 } from "#kernel/digest.ts";
import { LEDGER_VERSION } from "./ledger-entry.ts";

/*
 * Names and constants of docs/formats/ledger.md that writer, reader and verifier have in common.
 * Nothing here computes: each of them does that for itself.
 */

/** What stands before the bytes that are hashed, signed or sealed, so that no use can pass for another. */
export const LEDGER_DOMAIN = {
  entry: `writ-ledger/${LEDGER_VERSION}/entry\n`,
  signature: `writ-ledger/${LEDGER_VERSION}/signature\n`,
  scope: `writ-ledger/${LEDGER_VERSION}/scope\n`,
  content: `writ-ledger/${LEDGER_VERSION}/content\n`,
  sealed: `writ-ledger/${LEDGER_VERSION}/sealed\n`,
  record: `writ-ledger/${LEDGER_VERSION}/record\n`,
  artefact: `writ-ledger/${LEDGER_VERSION}/artefact\n`,
} as const;

const zeros = "0".repeat(64);
/** `prev` of the first line. */
export const NO_PREVIOUS: Sha256 = isSha256(zeros) ? zeros : (undefined as never);

const SEGMENT_FILE = /^([0-9]{6})\.(jsonl|content)$/;
const SEGMENT_NUMBER_MAX = 999_999;

export type SegmentPart = "jsonl" | "content";

export const segmentFile = (number: number, part: SegmentPart): string =>
  `${String(number).padStart(6, "0")}.${part}`;

/** Number and part of a segment's file, or undefined for every other name. */
export const readSegmentFile = (
  name: string,
): { readonly number: number; readonly part: SegmentPart } | undefined => {
  const found = SEGMENT_FILE.exec(name);
  const number = Number(found?.[1]);
  if (found === null || number < 1 || number > SEGMENT_NUMBER_MAX) return undefined;
  return { number, part: found[2] === "jsonl" ? "jsonl" : "content" };
};

/** Where the `attempt`-th recovery at `lines` committed lines keeps what it cut off `file`. */
export const asideFile = (file: string, lines: number, attempt: number): string =>
  `${file}.${lines}-${attempt}.aside`;

const ASIDE_FILE = /^[0-9]{6}\.(?:jsonl|content)\.(0|[1-9][0-9]{0,15})-([1-9][0-9]{0,8})\.aside$/;

/** Lines and attempt that the name of an aside file carries, or undefined for every other name. */
export const readAsideFile = (
  name: string,
): { readonly lines: number; readonly attempt: number } | undefined => {
  const found = ASIDE_FILE.exec(name);
  return found === null ? undefined : { lines: Number(found[1]), attempt: Number(found[2]) };
};

export const artefactFile = (scope: string, digest: Sha256): string => `artefacts/${scope}.${digest}`;
