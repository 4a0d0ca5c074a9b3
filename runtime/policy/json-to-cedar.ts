import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, isWellFormed } from "#kernel/json.ts";

/*
 * The only way by which values of unknown origin enter Cedar. Specified with vectors in
 * docs/formats/policy-vocabulary.md. Two different JSON values never become equal Cedar values,
 * and none becomes an entity or an extension value, because every key of the value that begins
 * with `__` gets two more: `__entity` is out of reach, and `__array`, `__number`, `__null` and
 * `__text` can only be ours.
 */

export interface CedarEncodingLimits {
  /** Deepest nesting of lists and objects; a scalar has depth 0. */
  readonly depthMax: number;
  /** Largest number of values in all, keys not counted. */
  readonly valuesMax: number;
  /** Keys and texts of the encoding together, in UTF-8 bytes. */
  readonly bytesMax: number;
  /** Longest text that rules can look into, in UTF-8 bytes; of a longer one they see the digest. */
  readonly textBytesMax: number;
}

export const CEDAR_ENCODING_LIMITS: CedarEncodingLimits = {
  depthMax: 24,
  valuesMax: 10_000,
  bytesMax: 512 * 1024,
  textBytesMax: 128 * 1024,
};

export type CedarEncoding =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly reason: CedarEncodingRefusal };

export type CedarEncodingRefusal =
  | "nested too deep"
  | "too many values"
  | "too long"
  | "half of a surrogate pair"
  | "a number that is not finite";

/**
 * Encodes an object's members for a Cedar record. Refuses what has no encoding; whoever asked
 * reads that as denied. `digest` is SHA-256, used for texts beyond `textBytesMax`.
 */
export const jsonToCedar = (
  object: JsonObject,
  digest: (bytes: Uint8Array) => Sha256,
  limits: CedarEncodingLimits = CEDAR_ENCODING_LIMITS,
): CedarEncoding => {
  try {
    return { ok: true, value: new Encoder(digest, limits).object(object, 1) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, reason: error.reason };
    throw error;
  }
};

/** Thrown and caught in this file only. */
class Refusal extends Error {
  readonly reason: CedarEncodingRefusal;
  constructor(reason: CedarEncodingRefusal) {
    super(reason);
    this.reason = reason;
  }
}

class Encoder {
  private readonly digest: (bytes: Uint8Array) => Sha256;
  private readonly limits: CedarEncodingLimits;
  private values = 0;
  private bytes = 0;

  constructor(digest: (bytes: Uint8Array) => Sha256, limits: CedarEncodingLimits) {
    this.digest = digest;
    this.limits = limits;
  }

  object(object: JsonObject, depth: number): JsonObject {
    this.deep(depth);
    const record: Record<string, JsonValue> = Object.create(null) as Record<string, JsonValue>;
    for (const key of Object.keys(object)) {
      this.count(key);
      record[escapedKey(key)] = this.value(object[key] ?? null, depth);
    }
    return record;
  }

  private value(value: JsonValue, depth: number): JsonValue {
    this.values += 1;
    if (this.values > this.limits.valuesMax) throw new Refusal("too many values");
    switch (typeof value) {
      case "boolean":
        return value;
      case "number":
        return number(value);
      case "string":
        return this.text(value);
      default:
        if (value === null) return { __null: true };
        return isJsonObject(value) ? this.object(value, depth + 1) : this.list(value, depth + 1);
    }
  }

  /** Cedar's sets know neither order nor repeats, so the list's canonical JSON stands beside them. */
  private list(list: readonly JsonValue[], depth: number): JsonValue {
    this.deep(depth);
    const items = list.map((item) => this.value(item, depth));
    const text = canonicalJson(list);
    this.count(text);
    return { __array: text, items, length: list.length };
  }

  private text(text: string): JsonValue {
    if (!isWellFormed(text)) throw new Refusal("half of a surrogate pair");
    if (text.length * 3 > this.limits.textBytesMax) {
      const bytes = utf8(text);
      if (bytes.length > this.limits.textBytesMax) {
        return { __text: this.digest(bytes), bytes: bytes.length };
      }
    }
    this.count(text);
    return text;
  }

  private deep(depth: number): void {
    if (depth > this.limits.depthMax) throw new Refusal("nested too deep");
  }

  private count(text: string): void {
    if (!isWellFormed(text)) throw new Refusal("half of a surrogate pair");
    this.bytes += utf8(text).length;
    if (this.bytes > this.limits.bytesMax) throw new Refusal("too long");
  }
}

/** Cedar's integers have 64 bits; a double is exact up to 2^53 - 1. */
const number = (value: number): JsonValue => {
  if (!Number.isFinite(value)) throw new Refusal("a number that is not finite");
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  return { __number: canonicalJson(value) };
};

const escapedKey = (key: string): string => (key.startsWith("__") ? `__${key}` : key);
