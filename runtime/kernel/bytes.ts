/** Bytes and their text forms. No Node types, so that browsers run the same code. */

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 of a string; a lone surrogate becomes U+FFFD, so check `isWellFormed` where that matters. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

/** The text of well-formed UTF-8 with a byte order mark kept, or undefined when it is malformed. */
export const utf8Text = (bytes: Uint8Array): string | undefined => {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
};

/** The text of the longest well-formed beginning: all of it for well-formed UTF-8, where a byte order mark is kept. */
export const utf8Beginning = (bytes: Uint8Array): string => {
  let [text, least, most] = ["", 0, bytes.length];
  // A mistake in a beginning is one in each longer beginning too, so halving finds the first.
  while (least <= most) {
    const middle = (least + most) >> 1;
    const decoded = beginningOf(bytes.subarray(0, middle));
    if (decoded === undefined) {
      most = middle - 1;
    } else {
      text = decoded;
      least = middle + 1;
    }
  }
  return text;
};

/** Undefined for what no bytes behind it can make well-formed; the text leaves out a character that is not all there. */
const beginningOf = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
};

export const concatBytes = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
};

/** Equality whose duration depends on the length only, for digests and tags. */
export const equalBytes = (left: Uint8Array, right: Uint8Array): boolean => {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index += 1) {
    difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  }
  return difference === 0;
};

const HEX_DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hexadecimal. */
export const toHex = (bytes: Uint8Array): string => {
  let text = "";
  for (const byte of bytes) text += HEX_DIGITS[byte] ?? "";
  return text;
};

/** Bytes of lower-case hexadecimal text, or undefined for anything else (upper case included). */
export const fromHex = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16);
  }
  return bytes;
};

const CHUNK_BYTES = 0x8000;

/** Standard base64 with padding (RFC 4648 section 4). */
export const toBase64 = (bytes: Uint8Array): string => {
  let binary = "";
  for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(offset, offset + CHUNK_BYTES));
  }
  return btoa(binary);
};

/** Bytes of canonical base64 (padding right, unused bits zero), or undefined for anything else. */
export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return undefined;
  }
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return toBase64(bytes) === text ? bytes : undefined;
};
