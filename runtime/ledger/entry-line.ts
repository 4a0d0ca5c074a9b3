import { concatBytes, toBase64, utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { EntryId, LogId } from "#kernel/ids.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { ContentReference } from "#protocol/ledger-entry.ts";
import { LEDGER_LINE_BYTES_MAX, LEDGER_VERSION } from "#protocol/ledger-entry.ts";
import { LEDGER_DOMAIN } from "#protocol/ledger-format.ts";
import type { EntryType, NewEntry } from "#protocol/run-event.ts";

/*
 * How a line is made. The canonical order of an entry's members is fixed, so the text is put
 * together from three stretches: what stands before `hash`, and what stands before and behind the
 * members that only the place in the log decides. The costly part is done when the entry arrives,
 * the rest when it gets its place. A property test holds the result to `canonicalJson`.
 */

export interface PreparedEntry {
  readonly id: EntryId;
  readonly type: EntryType;
  /** `cause` and `content`. */
  readonly beforeHash: string;
  /** `id` to `prev`, without its value. */
  readonly beforePrevious: string;
  /** `principal` to `seq`, without its value. */
  readonly beforeSequence: string;
}

export const prepareEntry = (
  entry: Omit<NewEntry, "content">,
  id: EntryId,
  log: LogId,
  content: readonly ContentReference[],
): PreparedEntry => {
  const json = (value: unknown): string => canonicalJson(value as JsonValue);
  return {
    id,
    type: entry.type,
    beforeHash: `"cause":${json(entry.cause)},"content":${json(content)},`,
    beforePrevious: `"id":"${id}","input":${json(entry.input)},"labels":${json(entry.labels)},"log":"${log}","onBehalfOf":${json(entry.onBehalfOf)},"prev":`,
    beforeSequence: `"principal":${json(entry.principal)},"public":${json(entry.public)},"run":${json(entry.run)},"seq":`,
  };
};

/** More than the members that the place decides ever take, in bytes. */
const PLACE_BYTES_MAX = 512;

/** Whether the line could be longer than a line may be. */
export const isLineTooLong = (prepared: PreparedEntry): boolean => {
  const text = prepared.beforeHash + prepared.beforePrevious + prepared.beforeSequence;
  const most = LEDGER_LINE_BYTES_MAX - PLACE_BYTES_MAX;
  // A UTF-16 code unit takes three bytes at most, so nearly every line is known to fit without encoding it.
  return text.length * 3 > most && utf8(text).length > most;
};

/** About how much memory a prepared entry holds, in bytes. */
export const sizeOfPrepared = (prepared: PreparedEntry): number =>
  PLACE_BYTES_MAX +
  prepared.beforeHash.length +
  prepared.beforePrevious.length +
  prepared.beforeSequence.length;

export interface Place {
  readonly seq: number;
  readonly prev: Sha256;
  readonly time: { readonly wallMs: number; readonly monotonicMs: number };
  readonly writer: string;
  /** For the types that carry a signature the seed of the key that signs, else null. */
  readonly signer: Uint8Array | null;
}

export interface PlacedLine {
  /** The line with its line feed. */
  readonly bytes: Uint8Array;
  readonly hash: Sha256;
}

/** The line of a prepared entry at its place: sections 4 and 6 of docs/formats/ledger.md. */
export const placeEntry = (crypto: Crypto, prepared: PreparedEntry, place: Place): PlacedLine => {
  const { monotonicMs, wallMs } = place.time;
  const middle = `${prepared.beforePrevious}"${place.prev}",${prepared.beforeSequence}${place.seq},`;
  const end = `"time":{"monotonicMs":${monotonicMs},"wallMs":${wallMs}},"type":"${prepared.type}","v":${LEDGER_VERSION},"writer":"${place.writer}"}`;
  const before = `{${prepared.beforeHash}`;

  let signature = "null";
  if (place.signer !== null) {
    const signed = utf8(LEDGER_DOMAIN.signature + before + middle + end);
    signature = `"${toBase64(crypto.sign(place.signer, signed))}"`;
  }
  const head = utf8(before);
  const rest = utf8(`${middle}"signature":${signature},${end}\n`);
  const hash = sha256OfBytes(crypto.sha256(HASH_DOMAIN, head, rest.subarray(0, -1)));
  return { bytes: concatBytes(head, utf8(`"hash":"${hash}",`), rest), hash };
};

const HASH_DOMAIN = utf8(LEDGER_DOMAIN.entry);
