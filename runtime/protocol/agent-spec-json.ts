import { utf8 } from "#kernel/bytes.ts";
import type { JsonValue } from "#kernel/json.ts";
import { SPEC_BYTES_MAX, SPEC_JSON_DEPTH_MAX, SPEC_VALUES_MAX } from "./agent-spec-bounds.ts";

/** Why a value is no AgentSpec, and the place as a JSON Pointer (RFC 6901). */
export interface SpecMistake {
  readonly where: string;
  readonly why: string;
}

export type Path = readonly (string | number)[];

/** The same before its path is written out. */
export type Mistake = readonly [path: Path, why: string];

export const pointer = (path: Path): string =>
  path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** Where something stands that stood before, or -1. */
export const repeated = (texts: readonly string[]): number => {
  const seen = new Set<string>();
  return texts.findIndex((text) => seen.size === seen.add(text).size);
};

export type JsonCopy =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly mistake: SpecMistake };

/**
 * Copies a value of unknown origin as JSON, reading each part once: well-formed strings, numbers that every
 * reader holds exactly, no key with a meaning of its own, and no more than a spec may have.
 */
export const copyJson = (value: unknown): JsonCopy => {
  const copying = new Copying();
  try {
    return { ok: true, value: copying.copy(value, 0) };
  } catch (error) {
    if (error instanceof Refusal) {
      return { ok: false, mistake: { where: pointer(copying.path), why: error.message } };
    }
    throw error;
  }
};

/** Thrown and caught inside this file only. */
class Refusal extends Error {}

class Copying {
  /** Where the copy stands; after a refusal, what was refused. */
  readonly path: (string | number)[] = [];
  private values = 0;
  private bytes = 0;

  copy(value: unknown, depth: number): JsonValue {
    this.values += 1;
    if (this.values > SPEC_VALUES_MAX) throw new Refusal(`more than ${SPEC_VALUES_MAX} values`);
    switch (typeof value) {
      case "string":
        this.text(value);
        return value;
      case "number":
        return this.number(value);
      case "boolean":
        this.take(value ? 4 : 5);
        return value;
      case "object":
        if (value === null) {
          this.take(4);
          return null;
        }
        if (depth >= SPEC_JSON_DEPTH_MAX) throw new Refusal(`nested more than ${SPEC_JSON_DEPTH_MAX} deep`);
        return Array.isArray(value) ? this.list(value, depth + 1) : this.object(value, depth + 1);
      default:
        throw new Refusal("not a JSON value");
    }
  }

  private number(value: number): number {
    if (!Number.isFinite(value) || Object.is(value, -0))
      throw new Refusal("not a number of JSON that is kept");
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      throw new Refusal("a whole number beyond 2^53 - 1");
    }
    this.take(String(value).length);
    return value;
  }

  private list(list: readonly unknown[], depth: number): readonly JsonValue[] {
    this.take(Math.max(list.length + 1, 2));
    const copied: JsonValue[] = [];
    for (let index = 0; index < list.length; index += 1) {
      copied.push(this.at(index, list[index], depth));
    }
    return copied;
  }

  private object(object: object, depth: number): JsonValue {
    const prototype: unknown = Object.getPrototypeOf(object);
    if (prototype !== null && prototype !== Object.prototype) throw new Refusal("not a JSON value");
    const members: [string, JsonValue][] = [];
    for (const [key, value] of Object.entries(object)) {
      this.text(key);
      this.take(2);
      members.push([key, this.at(key, value, depth)]);
    }
    this.take(members.length === 0 ? 2 : 1);
    // By definition and not by assignment: a key such as `__proto__` is a key like any other.
    return Object.fromEntries(members);
  }

  private at(step: string | number, value: unknown, depth: number): JsonValue {
    this.path.push(step);
    const copied = this.copy(value, depth);
    this.path.pop();
    return copied;
  }

  private text(text: string): void {
    // What needs no escape and one byte each is the rule.
    if (/^[ !#-[\]-~]*$/.test(text)) return this.take(text.length + 2);
    if (!text.isWellFormed()) throw new Refusal("a lone surrogate");
    this.take(utf8(JSON.stringify(text)).length);
  }

  /** Counts bytes of canonical JSON. */
  private take(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > SPEC_BYTES_MAX) throw new Refusal(`more than ${SPEC_BYTES_MAX} bytes of canonical JSON`);
  }
}
