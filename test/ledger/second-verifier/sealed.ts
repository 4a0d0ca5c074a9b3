import { createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import type { JsonValue } from "./canonical-json.ts";
import { canonicalJson, readCanonicalJson } from "./canonical-json.ts";
import type { ContentReference, Entry } from "./entry.ts";
import { asEntry } from "./entry.ts";
import type { LogFiles } from "./folder.ts";
import { segmentsOf } from "./folder.ts";
import { leafHash, sha256, treeRoot } from "./tree.ts";

/** Opening what is sealed, for whoever has the scope key (sections 7 to 9). */

export interface ScopeKeys {
  readonly commitment: Buffer;
  readonly sealing: Buffer;
  readonly artefact: Buffer;
  readonly artefactSealing: Buffer;
}

export const scopeKeys = (scope: string, secret: Uint8Array): ScopeKeys => {
  const keys = Buffer.from(hkdfSync("sha256", secret, "", `writ-ledger/1/scope\n${scope}`, 128));
  const [commitment, sealing, artefact, artefactSealing] = [0, 32, 64, 96].map((at) =>
    keys.subarray(at, at + 32),
  );
  return { commitment, sealing, artefact, artefactSealing } as ScopeKeys;
};

const hmac = (key: Uint8Array, domain: string, bytes: string | Uint8Array): Buffer =>
  createHmac("sha256", key).update(domain).update(bytes).digest();

const TAG_BYTES = 16;

/** AES-256-GCM with the tag behind and the nonce from a keyed digest of the plain bytes; undefined when wrong. */
const unseal = (
  key: Uint8Array,
  digest: Buffer,
  sealed: Uint8Array,
  additional: string,
): Buffer | undefined => {
  if (sealed.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, digest.subarray(0, 12), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(additional)).setAuthTag(sealed.subarray(-TAG_BYTES));
  const plain = decipher.update(sealed.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
};

/** The value of a part of an entry, or undefined when these bytes are not what the line commits to. */
export const openContent = (
  keys: ScopeKeys,
  entry: Pick<Entry, "id">,
  reference: ContentReference,
  sealed: Uint8Array,
): { readonly value: JsonValue } | undefined => {
  if (sealed.length !== reference.sealedBytes || sha256(sealed).toString("hex") !== reference.sealed)
    return undefined;
  const { scope, name } = reference;
  const commitment = Buffer.from(reference.commitment, "hex");
  const additional = `writ-ledger/1/sealed\n${scope}\n${entry.id}\n${name}`;
  const plain = unseal(keys.sealing, commitment, sealed, additional);
  if (plain === undefined) return undefined;
  const domain = `writ-ledger/1/content\n${entry.id}\n${name}\n`;
  if (!hmac(keys.commitment, domain, plain).equals(commitment)) return undefined;
  const reading = readCanonicalJson(plain);
  return reading.kind === "canonical" ? { value: reading.value } : undefined;
};

export interface Part {
  readonly entry: Entry;
  readonly reference: ContentReference;
  /** Undefined when these bytes are not there. */
  readonly sealed: Uint8Array | undefined;
}

/** Every part of content in a log whose lines can be read, with its place in the segment's content file. */
export const partsOf = (files: LogFiles): readonly Part[] => {
  const parts: Part[] = [];
  for (const { lines, content } of segmentsOf(files).values()) {
    let place = 0;
    for (const line of lines) {
      const reading = readCanonicalJson(line);
      const entry = reading.kind === "canonical" ? asEntry(reading.value) : undefined;
      if (entry === undefined) break;
      for (const reference of entry.content) {
        const end = place + reference.sealedBytes;
        parts.push({
          entry,
          reference,
          sealed: end > content.length ? undefined : content.subarray(place, end),
        });
        place = end;
      }
    }
  }
  return parts;
};

/** Where an artefact lies in its log's folder. */
export const artefactFile = (scope: string, digest: string): string => `artefacts/${scope}.${digest}`;

export const artefactDigest = (keys: ScopeKeys, bytes: Uint8Array): Buffer =>
  hmac(keys.artefact, "writ-ledger/1/artefact\n", bytes);

/** The bytes of an artefact, or undefined when they are not what its digest says. */
export const openArtefact = (
  keys: ScopeKeys,
  scope: string,
  digest: string,
  sealed: Uint8Array,
): Buffer | undefined => {
  const raw = Buffer.from(digest, "hex");
  const plain = unseal(keys.artefactSealing, raw, sealed, `writ-ledger/1/artefact\n${scope}\n${digest}`);
  return plain !== undefined && artefactDigest(keys, plain).equals(raw) ? plain : undefined;
};

/** `root` of a `batch.recorded`: the tree over one keyed leaf for each record. */
export const batchRoot = (
  keys: ScopeKeys,
  kind: string,
  first: number,
  records: readonly JsonValue[],
): string => {
  const leaves = records.map((record, index) => {
    const domain = `writ-ledger/1/record\n${kind}\n${first + index}\n`;
    return leafHash(hmac(keys.commitment, domain, canonicalJson(record)));
  });
  return treeRoot(leaves).toString("hex");
};
