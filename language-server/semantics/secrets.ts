import { spanOf, type TreeIndex } from "../parser/tree.ts";
import { literalValue } from "./literal.ts";
import type { Reporter } from "./reporter.ts";

/** WRIT039: texts that look like keys. The message never repeats any of them. */
export const checkSecrets = (reporter: Reporter, index: TreeIndex): void => {
  for (const node of index.all("Literal")) {
    const literal = literalValue(node.text);
    if (literal.k !== "string") continue;
    const kind = kindOfSecret(literal.value);
    if (kind === undefined) continue;
    reporter.report("WRIT039", spanOf(node), `this text looks like ${kind}`);
  }
};

/** Beginnings that issuers give their keys, so that tools like this one find them. */
const ISSUED: readonly (readonly [pattern: RegExp, kind: string])[] = [
  [/\b[rs]k_live_[A-Za-z0-9]{8,}/, "a payment key"],
  [/\bsk-[A-Za-z0-9_-]{16,}/, "a model key"],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/, "a cloud access key"],
  [/\bgh[opsur]_[A-Za-z0-9]{20,}/, "a repository token"],
  [/\bgithub_pat_[A-Za-z0-9_]{20,}/, "a repository token"],
  [/\bglpat-[A-Za-z0-9_-]{16,}/, "a repository token"],
  [/\bxox[abeprs]-[A-Za-z0-9-]{10,}/, "a chat token"],
  [/\bAIza[A-Za-z0-9_-]{30,}/, "a cloud key"],
  [/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/, "a private key"],
  [/\beyJ[A-Za-z0-9_-]{8,512}\.[A-Za-z0-9_-]{8,512}\.[A-Za-z0-9_-]{8,}/, "a signed token"],
  [/\bBearer +[A-Za-z0-9._~+/-]{12,}/, "an access token"],
  [/^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/@]{3,}@/i, "an address with a password"],
];

/** Beginning of a text that is looked at. */
const LOOKED_AT_MAX = 64 * 1024;

const kindOfSecret = (whole: string): string | undefined => {
  const text = whole.slice(0, LOOKED_AT_MAX);
  for (const [pattern, kind] of ISSUED) if (pattern.test(text)) return kind;
  return looksRandom(text) ? "a key or password" : undefined;
};

/** Bits per character from which a long word is hardly written by a person. */
const ENTROPY_BITS_MIN = 3.8;

/**
 * One long word of letters and digits of both cases, as evenly mixed as chance makes them. Digests
 * and ids are hexadecimal and stay below; prose has spaces, names have few digits.
 */
const looksRandom = (text: string): boolean => {
  if (!/^[A-Za-z0-9+/_=-]{24,200}$/.test(text)) return false;
  if (!/[a-z]/.test(text) || !/[A-Z]/.test(text) || (text.match(/[0-9]/g) ?? []).length < 3) return false;
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits >= ENTROPY_BITS_MIN;
};
