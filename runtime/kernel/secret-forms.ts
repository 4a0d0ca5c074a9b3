import { concatBytes, toBase64, toHex, utf8 } from "./bytes.ts";

/**
 * A secret as somebody repeats it who changed its looks and not its content: as it is, in one case,
 * percent-encoded, in hexadecimal digits, and in base64, standard or URL-safe (RFC 4648, sections 4 and 5),
 * alone or behind any other bytes. Not among them: in pieces, with something between its characters (which
 * `spacedSecretRemover` finds), or encoded in any other way.
 */
export const secretForms = (secret: string): readonly string[] => [
  ...new Set([
    secret,
    secret.toLowerCase(),
    secret.toUpperCase(),
    encodeURIComponent(secret.toWellFormed()),
    toHex(utf8(secret)),
    toHex(utf8(secret)).toUpperCase(),
    ...[0, 1, 2].flatMap((bytesBefore) => {
      const form = base64Behind(bytesBefore, utf8(secret));
      return [form, form.replaceAll("+", "-").replaceAll("/", "_")];
    }),
  ]),
];

/** The signs of base64 that depend on `bytes` alone when so many others stand before them. */
const base64Behind = (bytesBefore: number, bytes: Uint8Array): string => {
  const whole = toBase64(concatBytes(new Uint8Array(bytesBefore), bytes));
  const bits = 8 * (bytesBefore + bytes.length);
  return whole.slice(Math.ceil((8 * bytesBefore) / 6), Math.floor(bits / 6));
};
