import { concatBytes, fromBase64, fromHex, toBase64, utf8, utf8Text } from "#kernel/bytes.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import { invariant } from "#kernel/invariant.ts";

/*
 * A log's checkpoint as a C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint), which is a signed
 * note (https://c2sp.org/signed-note); section 10 of docs/formats/ledger.md. Text only: who signs and
 * who verifies brings the keys.
 */

export interface Checkpoint {
  readonly log: string;
  readonly size: number;
  readonly root: Sha256;
}

/** Longest note that is read, in bytes. */
const NOTE_BYTES_MAX = 65_536;
const KEY_ID_BYTES = 4;

/** Origin and key name of a log's checkpoints. */
export const checkpointOrigin = (log: string): string => `writ-ledger/${log}`;

/** The text under the signature, with its last newline. */
export const checkpointText = ({ log, size, root }: Checkpoint): string => {
  const rootBytes = fromHex(root);
  invariant(rootBytes !== undefined, "a root is hexadecimal");
  return `${checkpointOrigin(log)}\n${size}\n${toBase64(rootBytes)}\n`;
};

/** What SHA-256 is taken over for the id of a log's key, which is the first 4 bytes of the digest. */
export const checkpointKeyIdInput = (log: string, publicKey: Uint8Array): Uint8Array =>
  noteKeyIdInput(checkpointOrigin(log), publicKey);

/** The same for any key name: the name, a line feed, the byte of Ed25519 and the raw public key. */
export const noteKeyIdInput = (name: string, publicKey: Uint8Array): Uint8Array =>
  concatBytes(utf8(`${name}\n`), Uint8Array.of(0x01), publicKey);

/** The note: the text and one signature line. `keyId` has 4 bytes or more, of which 4 count. */
export const checkpointNote = (checkpoint: Checkpoint, keyId: Uint8Array, signature: Uint8Array): string => {
  const signed = toBase64(concatBytes(keyId.subarray(0, KEY_ID_BYTES), signature));
  return `${checkpointText(checkpoint)}\n— ${checkpointOrigin(checkpoint.log)} ${signed}\n`;
};

export interface CheckpointReading {
  /** `size` is inexact beyond 2^53, where no log reaches. */
  readonly checkpoint: Checkpoint;
  /** What is signed. */
  readonly text: string;
  /** By keys that have the log's own name; whose they are only the key ids say. */
  readonly signatures: readonly { readonly keyId: Uint8Array; readonly signature: Uint8Array }[];
}

/** Key names hold neither white space nor plus signs. */
const SIGNATURE_LINE = /^\u2014 ([^\p{White_Space}+]+) (\S+)$/u;
/** A note holds no control characters but its line feeds. */
const CONTROL = /(?!\n)[\u0000-\u001f]/;

/** Reads a note of unknown origin as a checkpoint of `log`; undefined when it is none. Never throws. */
export const readCheckpoint = (note: Uint8Array, log: string): CheckpointReading | undefined => {
  const whole = note.length <= NOTE_BYTES_MAX ? utf8Text(note) : undefined;
  if (whole === undefined || CONTROL.test(whole)) return undefined;
  const [origin, size = "", root = "", blank, ...rest] = whole.split("\n");
  if (origin !== checkpointOrigin(log) || blank !== "" || rest.pop() !== "") return undefined;
  const rootBytes = fromBase64(root);
  if (!/^[1-9][0-9]*$/.test(size) || rootBytes?.length !== 32) return undefined;

  const signatures: { keyId: Uint8Array; signature: Uint8Array }[] = [];
  for (const line of rest) {
    const [, name, base64 = ""] = SIGNATURE_LINE.exec(line) ?? [];
    const bytes = fromBase64(base64);
    if (name === undefined || bytes === undefined || bytes.length <= KEY_ID_BYTES) return undefined;
    if (name !== origin) continue;
    signatures.push({ keyId: bytes.subarray(0, KEY_ID_BYTES), signature: bytes.subarray(KEY_ID_BYTES) });
  }
  return {
    checkpoint: { log, size: Number(size), root: sha256OfBytes(rootBytes) },
    text: `${origin}\n${size}\n${root}\n`,
    signatures,
  };
};
