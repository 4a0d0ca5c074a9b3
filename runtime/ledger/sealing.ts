import { concatBytes, equalBytes, fromHex, toHex, utf8, utf8Text } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { EntryId, ScopeId } from "#kernel/ids.ts";
import { invariant } from "#kernel/invariant.ts";
import type { JsonValue } from "#kernel/json.ts";
import { readJson } from "#kernel/json.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { ContentReference } from "#protocol/ledger-entry.ts";
import { CONTENT_PART_BYTES_MAX, LEDGER_DEPTH_MAX } from "#protocol/ledger-entry.ts";
import { LEDGER_DOMAIN } from "#protocol/ledger-format.ts";

/*
 * Content under a scope's keys: sections 8 and 9 of docs/formats/ledger.md.
 *
 * 1. The nonce is the beginning of a keyed hash of what is sealed, so it needs no counter and no
 *    chance, and repeats only for the same bytes in the same place.
 * 2. The keys of commitments and of sealing come from one secret but are independent of each other.
 */

export const SCOPE_SECRET_BYTES = 32;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;

/** What is made from a scope's secret; each has 32 bytes. */
export interface ScopeKeys {
  readonly scope: ScopeId;
  readonly commitment: Uint8Array;
  readonly sealing: Uint8Array;
  readonly artefact: Uint8Array;
  readonly artefactSealing: Uint8Array;
}

export const deriveScopeKeys = (crypto: Crypto, scope: ScopeId, secret: Uint8Array): ScopeKeys => {
  invariant(secret.length === SCOPE_SECRET_BYTES, "a scope's secret has 32 bytes");
  const info = utf8(`${LEDGER_DOMAIN.scope}${scope}`);
  const keys = crypto.hkdfSha256(secret, new Uint8Array(), info, 4 * KEY_BYTES);
  const key = (index: number): Uint8Array => keys.slice(index * KEY_BYTES, (index + 1) * KEY_BYTES);
  return { scope, commitment: key(0), sealing: key(1), artefact: key(2), artefactSealing: key(3) };
};

/** Seals the canonical JSON `plain` of the part `name` of an entry. */
export const sealPart = (
  crypto: Crypto,
  keys: ScopeKeys,
  part: { readonly entry: EntryId; readonly name: string; readonly plain: Uint8Array },
): { readonly reference: ContentReference; readonly sealed: Uint8Array } => {
  const commitment = commitmentOf(crypto, keys, part);
  const sealed = crypto.seal(keys.sealing, nonceOf(commitment), part.plain, additionalOf(keys, part));
  return {
    sealed,
    reference: {
      scope: keys.scope,
      name: part.name,
      commitment: sha256OfBytes(commitment),
      sealed: sha256OfBytes(crypto.sha256(sealed)),
      sealedBytes: sealed.length,
    },
  };
};

/** The value of a sealed part, or undefined when the bytes are not those that the entry committed to. */
export const openPart = (
  crypto: Crypto,
  keys: ScopeKeys,
  entry: EntryId,
  reference: ContentReference,
  sealed: Uint8Array,
): { readonly value: JsonValue } | undefined => {
  const commitment = fromHex(reference.commitment);
  if (commitment === undefined) return undefined;
  const { name } = reference;
  const plain = crypto.open(keys.sealing, nonceOf(commitment), sealed, additionalOf(keys, { entry, name }));
  if (plain === undefined || !equalBytes(commitmentOf(crypto, keys, { entry, name, plain }), commitment)) {
    return undefined;
  }
  const reading = readJson(utf8Text(plain) ?? "", CONTENT_JSON_LIMITS);
  return reading.ok ? { value: reading.value } : undefined;
};

const CONTENT_JSON_LIMITS = {
  charactersMax: CONTENT_PART_BYTES_MAX,
  depthMax: LEDGER_DEPTH_MAX,
  valuesMax: CONTENT_PART_BYTES_MAX,
};

const commitmentOf = (
  crypto: Crypto,
  keys: ScopeKeys,
  part: { readonly entry: EntryId; readonly name: string; readonly plain: Uint8Array },
): Uint8Array =>
  crypto.hmacSha256(
    keys.commitment,
    utf8(`${LEDGER_DOMAIN.content}${part.entry}\n${part.name}\n`),
    part.plain,
  );

const additionalOf = (
  keys: ScopeKeys,
  part: { readonly entry: EntryId; readonly name: string },
): Uint8Array => utf8(`${LEDGER_DOMAIN.sealed}${keys.scope}\n${part.entry}\n${part.name}`);

const nonceOf = (keyedHash: Uint8Array): Uint8Array => keyedHash.subarray(0, NONCE_BYTES);

/** Digest and sealed form of an artefact; the same bytes in the same scope always give the same. */
export const sealArtefact = (
  crypto: Crypto,
  keys: ScopeKeys,
  bytes: Uint8Array,
): { readonly digest: Sha256; readonly sealed: Uint8Array } => {
  const keyed = artefactDigest(crypto, keys, bytes);
  const digest = sha256OfBytes(keyed);
  const additional = artefactAdditional(keys, digest);
  return { digest, sealed: crypto.seal(keys.artefactSealing, nonceOf(keyed), bytes, additional) };
};

/** The artefact's bytes, or undefined when the sealed ones are not of this digest and scope. */
export const openArtefact = (
  crypto: Crypto,
  keys: ScopeKeys,
  digest: Sha256,
  sealed: Uint8Array,
): Uint8Array | undefined => {
  const keyed = fromHex(digest);
  if (keyed === undefined) return undefined;
  const bytes = crypto.open(keys.artefactSealing, nonceOf(keyed), sealed, artefactAdditional(keys, digest));
  return bytes !== undefined && toHex(artefactDigest(crypto, keys, bytes)) === digest ? bytes : undefined;
};

const artefactDigest = (crypto: Crypto, keys: ScopeKeys, bytes: Uint8Array): Uint8Array =>
  crypto.hmacSha256(keys.artefact, utf8(LEDGER_DOMAIN.artefact), bytes);

const artefactAdditional = (keys: ScopeKeys, digest: Sha256): Uint8Array =>
  utf8(`${LEDGER_DOMAIN.artefact}${keys.scope}\n${digest}`);

/** The data of a record's leaf in the tree of a `batch.recorded`. */
export const recordCommitment = (
  crypto: Crypto,
  keys: ScopeKeys,
  record: { readonly kind: string; readonly number: number; readonly value: JsonValue },
): Uint8Array =>
  crypto.hmacSha256(
    keys.commitment,
    concatBytes(
      utf8(`${LEDGER_DOMAIN.record}${record.kind}\n${record.number}\n`),
      utf8(canonicalJson(record.value)),
    ),
  );
