import type { Span } from "#protocol/source.ts";
import { NESTING_MAX, TOKENS_MAX } from "./limits.ts";

/**
 * One pass over the characters before any parser sees them. It finds what would make a parser
 * slow or deep (so that nothing of it is parsed) and what a parser explains badly: a string that
 * never ends, a bracket without its other half, characters that nobody can see.
 */
export interface Scan {
  /** Why the text is not parsed at all. */
  readonly refusal: { readonly k: "too-deep" | "too-many-tokens" | "binary"; readonly at: number } | null;
  /** A string or comment that runs to the end of the file. */
  readonly endless: { readonly k: "string" | "comment"; readonly at: number } | null;
  /** The first bracket that has no partner. */
  readonly unpaired:
    | { readonly k: "never-closed"; readonly at: number; readonly bracket: string }
    | {
        readonly k: "never-opened";
        readonly at: number;
        readonly bracket: string;
        /** The bracket it would have closed. */
        readonly open: number | null;
      }
    | null;
  readonly hidden: readonly HiddenCharacters[];
  /** Words of the code with other letters than ASCII. */
  readonly foreignWords: readonly Span[];
  /** The outermost brackets, in order; the last may end with the text. */
  readonly outermost: readonly Span[];
}

/** How many outermost brackets have closed before an offset: which item of a file it belongs to. */
export const itemAt = ({ outermost }: Scan, offset: number): number => {
  let low = 0;
  let high = outermost.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((outermost[middle]?.[1] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Whether no bracket is open at an offset. */
export const isOutermost = (found: Scan, offset: number): boolean => {
  const bracket = found.outermost[itemAt(found, offset)];
  return bracket === undefined || offset <= bracket[0];
};

/** A run of characters that look like nothing or like a space. */
export interface HiddenCharacters {
  readonly span: Span;
  readonly where: "code" | "string" | "comment";
}

const CLOSING: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };

/** Places that are told about; a text full of them is no better known by the thousandth. */
const PLACES_MAX = 100;

const BLANK = /[ \t\r\n\f\v]+/y;
const WORD =
  /[A-Za-z0-9_\u00aa\u00b5\u00ba\u00c0-\u034e\u0350-\u061b\u061d-\u167f\u1681-\u180d\u180f-\u1fff\u2c00-\u2fff\u3001-\ud7ff\uf900-\ufdff\ufe10-\ufefe\uff21-\uffdc]+/y;
const VAULT = /vault:\/\/[A-Za-z0-9_\-/.]+/y;
const LINE_COMMENT = /(?:\/\/|#)[^\r\n]*/y;
const STRING = /"(?:[^"\\]|\\[^])*"/y;
const SINGLE_QUOTED = /'[^'\r\n]*'/y;
/** Spaces beside the ASCII ones, zero-width and bidirectional characters, tag characters. */
const HIDDEN_RUN =
  /(?:[\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]|\u034f|\u061c|\udb40[\udc00-\udfff])+/y;
/** The same for matching everywhere; never used where it would remember a place. */
const HIDDEN_RUNS = new RegExp(HIDDEN_RUN.source, "g");

export const scan = (text: string): Scan => new Scanner(text).scan();

class Scanner {
  private readonly text: string;
  private at = 0;
  private tokens = 0;
  private readonly open: { readonly at: number; readonly bracket: string }[] = [];
  private angles = 0;
  private arrows = 0;
  private refusal: Scan["refusal"] = null;
  private endless: Scan["endless"] = null;
  private unpaired: Scan["unpaired"] = null;
  private readonly hidden: HiddenCharacters[] = [];
  private readonly foreignWords: Span[] = [];
  private readonly outermost: Span[] = [];

  constructor(text: string) {
    this.text = text;
  }

  scan(): Scan {
    const nul = this.text.indexOf("\0");
    if (nul >= 0) this.refusal = { k: "binary", at: nul };
    while (this.at < this.text.length && this.refusal === null) this.step();
    const last = this.open.at(-1);
    if (last !== undefined) this.unpaired ??= { k: "never-closed", ...last };
    const first = this.open[0];
    if (first !== undefined) this.outermost.push([first.at, this.text.length]);
    const { refusal, endless, unpaired, hidden, foreignWords, outermost } = this;
    return { refusal, endless, unpaired, hidden, foreignWords, outermost };
  }

  private step(): void {
    if (this.take(BLANK)) return;
    const start = this.at;
    if (this.take(LINE_COMMENT)) return this.note(start, "comment");
    if (this.text.startsWith("/*", start)) return this.until("*/", "comment");
    this.tokens += 1;
    if (this.tokens > TOKENS_MAX) this.refusal = { k: "too-many-tokens", at: start };
    if (this.text.startsWith('"""', start)) return this.until('"""', "string");
    if (this.take(STRING) || this.take(SINGLE_QUOTED)) return this.note(start, "string");
    if (this.text[start] === '"') return this.until("\0", "string");
    if (this.take(VAULT)) return;
    if (this.take(WORD)) return this.word(start);
    this.sign(this.text[start] ?? "");
  }

  private word(start: number): void {
    const word = this.text.slice(start, this.at);
    if (this.foreignWords.length < PLACES_MAX && /[^ -~]/.test(word))
      this.foreignWords.push([start, this.at]);
  }

  private sign(character: string): void {
    const start = this.at;
    this.at += 1;
    if (/[{};,]/.test(character)) this.angles = this.arrows = 0;
    switch (character) {
      case "{":
      case "[":
      case "(":
        this.open.push({ at: start, bracket: character });
        break;
      case "}":
      case "]":
      case ")":
        this.close(start, character);
        break;
      case "<":
        this.angles += 1;
        break;
      case ">":
        if (this.text[start - 1] === "=") this.arrows += 1;
        else if (this.angles > 0) this.angles -= 1;
        break;
      default:
        if (character.charCodeAt(0) >= 0x80) this.hiddenRun(start);
    }
    if (this.open.length > NESTING_MAX || this.angles > NESTING_MAX || this.arrows > NESTING_MAX) {
      this.refusal ??= { k: "too-deep", at: start };
    }
  }

  private close(at: number, bracket: string): void {
    const partner = this.open.pop();
    if (partner !== undefined && this.open.length === 0) this.outermost.push([partner.at, at + 1]);
    if (partner !== undefined && CLOSING[partner.bracket] === bracket) return;
    this.unpaired ??= { k: "never-opened", at, bracket, open: partner?.at ?? null };
  }

  /** Goes on behind `end`, or to the end of the text when it is not there. */
  private until(end: string, k: "string" | "comment"): void {
    const start = this.at;
    const found = this.text.indexOf(end, start + Math.max(end.length, 1));
    if (found < 0) this.endless = { k, at: start };
    this.at = found < 0 ? this.text.length : found + end.length;
    this.note(start, k);
  }

  private note(start: number, where: "string" | "comment"): void {
    const token = this.text.slice(start, this.at);
    for (const { index, 0: run } of token.matchAll(HIDDEN_RUNS)) {
      // A space in a text or remark is what its author meant, however it is encoded.
      if (/^[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+$/.test(run)) continue;
      this.report([start + index, start + index + run.length], where);
    }
  }

  private hiddenRun(start: number): void {
    HIDDEN_RUN.lastIndex = start;
    const found = HIDDEN_RUN.exec(this.text);
    if (found === null) return;
    this.at = start + found[0].length;
    // A byte order mark is where editors put it.
    if (start === 0 && found[0] === "\ufeff") return;
    this.report([start, this.at], "code");
  }

  private report(span: Span, where: HiddenCharacters["where"]): void {
    if (this.hidden.length < PLACES_MAX) this.hidden.push({ span, where });
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return false;
    this.at += found[0].length;
    return true;
  }
}
