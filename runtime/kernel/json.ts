/** JSON values as data: what may be read from outside, and within which bounds. */

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export type JsonObject = { readonly [key: string]: JsonValue };

export interface JsonLimits {
  /** Longest text that is read at all, in UTF-16 code units. */
  readonly charactersMax: number;
  /** Deepest nesting of arrays and objects; a scalar has depth 0. */
  readonly depthMax: number;
  /** Largest number of values, keys not counted. */
  readonly valuesMax: number;
}

export const JSON_LIMITS_DEFAULT: JsonLimits = {
  charactersMax: 16 * 1024 * 1024,
  depthMax: 64,
  valuesMax: 1_000_000,
};

export type JsonReading =
  | { readonly ok: true; readonly value: JsonValue }
  | {
      readonly ok: false;
      readonly reason:
        | "not-json"
        | "too-long"
        | "too-deep"
        | "too-many-values"
        | "duplicate-key"
        | "lone-surrogate"
        | "unsafe-number";
      readonly detail: string;
    };

/** True for plain objects; arrays and null are not. */
export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Own property or undefined: a key such as `__proto__` from outside never reaches the prototype. */
export const ownValue = (object: JsonObject, key: string): JsonValue | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/** A text under an object's own name; empty where there is none, or something else. */
export const ownText = (object: JsonObject, name: string): string => {
  const value = ownValue(object, name);
  return typeof value === "string" ? value : "";
};

/**
 * Reads JSON of unknown origin (RFC 8259) more strictly than `JSON.parse`: one value per key
 * (a duplicate would be read differently by different readers), well-formed strings, finite
 * numbers, bounded length, depth and count. Objects have no prototype, so no key is special.
 * Never throws.
 */
export const readJson = (text: string, limits: JsonLimits = JSON_LIMITS_DEFAULT): JsonReading => {
  if (text.length > limits.charactersMax) {
    return refuse("too-long", `${text.length} characters, at most ${limits.charactersMax} are read`);
  }
  try {
    return { ok: true, value: new Reader(text, limits).document() };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, reason: error.reason, detail: error.message };
    throw error;
  }
};

type RefusalReason = Extract<JsonReading, { ok: false }>["reason"];

const refuse = (reason: RefusalReason, detail: string): JsonReading => ({ ok: false, reason, detail });

/** Thrown and caught inside this file only. */
class Refusal extends Error {
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const CONTROL = /[\u0000-\u001f]/;
const WHITE = /[ \t\n\r]*/y;

class Reader {
  private readonly text: string;
  private readonly limits: JsonLimits;
  private at = 0;
  private values = 0;

  constructor(text: string, limits: JsonLimits) {
    this.text = text;
    this.limits = limits;
  }

  document(): JsonValue {
    this.white();
    const value = this.value(0);
    this.white();
    if (this.at !== this.text.length) this.unexpected();
    return value;
  }

  private value(depth: number): JsonValue {
    this.values += 1;
    if (this.values > this.limits.valuesMax) {
      throw new Refusal("too-many-values", `more than ${this.limits.valuesMax} values`);
    }
    switch (this.text[this.at]) {
      case "{":
        return this.object(this.deeper(depth));
      case "[":
        return this.array(this.deeper(depth));
      case '"':
        return this.string();
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      case "n":
        return this.word("null", null);
      default:
        return this.number();
    }
  }

  private deeper(depth: number): number {
    if (depth >= this.limits.depthMax) {
      throw new Refusal("too-deep", `nested more than ${this.limits.depthMax} deep`);
    }
    return depth + 1;
  }

  private object(depth: number): JsonObject {
    const object: Record<string, JsonValue> = Object.create(null) as Record<string, JsonValue>;
    this.at += 1;
    this.white();
    if (this.take("}")) return object;
    for (;;) {
      this.white();
      if (this.text[this.at] !== '"') this.unexpected();
      const key = this.string();
      if (Object.hasOwn(object, key)) {
        throw new Refusal("duplicate-key", `a key stands twice in one object at offset ${this.at}`);
      }
      this.white();
      if (!this.take(":")) this.unexpected();
      this.white();
      object[key] = this.value(depth);
      this.white();
      if (this.take("}")) return object;
      if (!this.take(",")) this.unexpected();
    }
  }

  private array(depth: number): readonly JsonValue[] {
    const array: JsonValue[] = [];
    this.at += 1;
    this.white();
    if (this.take("]")) return array;
    for (;;) {
      this.white();
      array.push(this.value(depth));
      this.white();
      if (this.take("]")) return array;
      if (!this.take(",")) this.unexpected();
    }
  }

  /**
   * The end quote is found by searching: an expression that takes a text character by character runs
   * out of its own stack on one of some millions.
   */
  private string(): string {
    let end = this.text.indexOf('"', this.at + 1);
    while (end !== -1 && this.isEscaped(end)) end = this.text.indexOf('"', end + 1);
    const source = end === -1 ? "" : this.text.slice(this.at, end + 1);
    if (source === "" || CONTROL.test(source)) this.unexpected();
    const decoded = source.includes("\\") ? unescaped(source) : source.slice(1, -1);
    if (decoded === undefined) this.unexpected();
    this.at = end + 1;
    if (!isWellFormed(decoded)) {
      throw new Refusal("lone-surrogate", `a string holds half of a surrogate pair before offset ${this.at}`);
    }
    return decoded;
  }

  /** Whether an odd number of backslashes stands before a quote. */
  private isEscaped(quote: number): boolean {
    let first = quote;
    while (this.text[first - 1] === "\\") first -= 1;
    return (quote - first) % 2 === 1;
  }

  private number(): number {
    const source = this.match(NUMBER);
    if (source === undefined) this.unexpected();
    const number = Number(source);
    if (!Number.isFinite(number)) {
      throw new Refusal("unsafe-number", `a number beyond the range of a double before offset ${this.at}`);
    }
    return number;
  }

  private word<T extends JsonValue>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.unexpected();
    this.at += word.length;
    return value;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  private white(): void {
    this.match(WHITE);
  }

  private unexpected(): never {
    throw new Refusal(
      "not-json",
      `unexpected ${this.at < this.text.length ? "character" : "end"} at offset ${this.at}`,
    );
  }
}

/** What a quoted text with escapes says; undefined when an escape is none. */
const unescaped = (source: string): string | undefined => {
  try {
    return JSON.parse(source) as string;
  } catch {
    return undefined;
  }
};

/** Whether a string has no lone surrogate and so has exactly one UTF-8 form. */
export const isWellFormed = (text: string): boolean => text.isWellFormed();
