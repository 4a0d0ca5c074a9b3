import { isSignedBy, noteKeyId, strictBase64 } from "./keys.ts";

/** A signed note that states how a log stood (section 10). */

export interface Checkpoint {
  readonly log: string;
  /** May be beyond every log, and inexact then. */
  readonly size: number;
  /** Hexadecimal, as lines have it. */
  readonly root: string;
  /** What was signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: Buffer;
  readonly signature: Buffer;
}

const NOTE_BYTES_MAX = 65_536;
const TEXT = /^writ-ledger\/([0-9a-f-]{36})\n([1-9][0-9]*)\n([A-Za-z0-9+/]{43}=)\n/;
/** Key names as C2SP `signed-note` wants them. */
const SIGNATURE = /^\u2014 ([^\p{White_Space}+]+) (\S+)$/u;
/** A note holds no control character but its newlines. */
const CONTROL = /(?!\n)[\0-\u001f]/;

/** The checkpoint that the bytes are, or undefined when they are none. */
export const readCheckpoint = (bytes: Uint8Array): Checkpoint | undefined => {
  if (bytes.length > NOTE_BYTES_MAX) return undefined;
  const note = wellFormed(bytes);
  const [text, log, size, root] = (note === undefined ? null : TEXT.exec(note)) ?? [];
  if (note === undefined || text === undefined || log === undefined || CONTROL.test(note)) return undefined;
  const rootBytes = strictBase64(root ?? "");
  const signatures = readSignatures(note.slice(text.length));
  if (rootBytes === undefined || signatures === undefined) return undefined;
  return { log, size: Number(size), root: rootBytes.toString("hex"), text, signatures };
};

const wellFormed = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

/** What follows the text: an empty line, then lines of signatures only. */
const readSignatures = (rest: string): readonly NoteSignature[] | undefined => {
  const [gap, ...lines] = rest.split("\n");
  if (gap !== "" || lines.pop() !== "") return undefined;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const [, name, base64] = SIGNATURE.exec(line) ?? [];
    const bytes = strictBase64(base64 ?? "");
    if (name === undefined || bytes === undefined || bytes.length <= 4) return undefined;
    signatures.push({ name, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) });
  }
  return signatures;
};

/** At least one signature is by one of these keys, and none that claims to be is not. */
export const isCheckpointSignedBy = (checkpoint: Checkpoint, publicKeys: readonly string[]): boolean => {
  const name = `writ-ledger/${checkpoint.log}`;
  let signed = false;
  for (const { name: signer, keyId, signature } of checkpoint.signatures) {
    const candidates = publicKeys.filter((key) => signer === name && noteKeyId(name, key).equals(keyId));
    if (candidates.length === 0) continue;
    if (!candidates.some((key) => isSignedBy(key, checkpoint.text, signature))) return false;
    signed = true;
  }
  return signed;
};
