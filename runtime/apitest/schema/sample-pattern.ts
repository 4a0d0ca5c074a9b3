import type { Draws } from "./draws.ts";

/**
 * Texts that a regular expression matches, for the part of the language that most patterns are written in:
 * signs, classes, `\d \w \s`, groups, alternatives, anchors and quantifiers. Anything else (look-around, back
 * references, properties) gives undefined. Whoever asks tests the text with the engine before using it.
 */
export const samplePattern = (source: string, draws: Draws, extraMax: number): string | undefined => {
  try {
    const parser = new PatternParser(source);
    const tree = parser.parse();
    return tree === undefined ? undefined : write(tree, draws, extraMax, { left: 4000 });
  } catch (error) {
    if (error === UNSUPPORTED) return undefined;
    throw error;
  }
};

type Tree =
  | { readonly k: "signs"; readonly signs: readonly string[] }
  | { readonly k: "all"; readonly parts: readonly Tree[] }
  | { readonly k: "one"; readonly choices: readonly Tree[] }
  | { readonly k: "repeat"; readonly part: Tree; readonly min: number; readonly max: number };

const UNSUPPORTED = Symbol("unsupported");
const unsupported = (): never => {
  throw UNSUPPORTED;
};

const DIGITS = Array.from("0123456789");
const LETTERS = Array.from("abcdefghijklmnopqrstuvwxyz");
const CAPITALS = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
const WORD = [...LETTERS, ...CAPITALS, ...DIGITS, "_"];
const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

const DEPTH_MAX = 50;

class PatternParser {
  private readonly source: string;
  private at = 0;
  private depth = 0;

  constructor(source: string) {
    this.source = source;
  }

  parse(): Tree | undefined {
    const tree = this.choices();
    return this.at === this.source.length ? tree : undefined;
  }

  private choices(): Tree {
    this.depth += 1;
    if (this.depth > DEPTH_MAX) unsupported();
    const choices = [this.sequence()];
    while (this.take("|")) choices.push(this.sequence());
    this.depth -= 1;
    return choices.length === 1 ? (choices[0] as Tree) : { k: "one", choices };
  }

  private sequence(): Tree {
    const parts: Tree[] = [];
    while (this.at < this.source.length && !"|)".includes(this.source[this.at] ?? "")) {
      // Anchors say where a match stands, and a whole text is made.
      if (this.take("^") || this.take("$")) continue;
      parts.push(this.quantified(this.atom()));
    }
    return { k: "all", parts };
  }

  private atom(): Tree {
    if (this.take("(")) {
      if (this.take("?") && !this.take(":")) unsupported();
      const inner = this.choices();
      if (!this.take(")")) unsupported();
      return inner;
    }
    if (this.take("[")) return { k: "signs", signs: this.classSigns() };
    if (this.take(".")) return { k: "signs", signs: PRINTABLE };
    if (this.take("\\")) return { k: "signs", signs: this.escaped() };
    const sign = this.next();
    if ("*+?{}]".includes(sign)) unsupported();
    return { k: "signs", signs: [sign] };
  }

  private quantified(part: Tree): Tree {
    let min = 1;
    let max = 1;
    if (this.take("*")) [min, max] = [0, Infinity];
    else if (this.take("+")) [min, max] = [1, Infinity];
    else if (this.take("?")) [min, max] = [0, 1];
    else {
      const match = /^\{(\d{1,5})(?:(,)(\d{1,5})?)?\}/.exec(this.source.slice(this.at, this.at + 16));
      if (match === null) return part;
      this.at += match[0].length;
      min = Number(match[1]);
      max = match[2] === undefined ? min : match[3] === undefined ? Infinity : Number(match[3]);
    }
    this.take("?");
    return { k: "repeat", part, min, max };
  }

  private classSigns(): readonly string[] {
    const isNegated = this.take("^");
    const signs = new Set<string>();
    while (!this.take("]")) {
      if (this.at >= this.source.length) unsupported();
      const from = this.take("\\") ? this.escaped() : [this.next()];
      const isRange = this.source[this.at] === "-" && this.source[this.at + 1] !== "]" && from.length === 1;
      if (!isRange) {
        for (const sign of from) signs.add(sign);
        continue;
      }
      this.at += 1;
      const to = this.take("\\") ? this.escaped() : [this.next()];
      const first = from[0]?.codePointAt(0) ?? 0;
      const last = to[0]?.codePointAt(0) ?? 0;
      // A wide range is stood for by its beginning.
      for (let point = first; point <= Math.min(last, first + 300); point += 1) {
        if (point < 0xd800 || point > 0xdfff) signs.add(String.fromCodePoint(point));
      }
    }
    const chosen = isNegated ? PRINTABLE.filter((sign) => !signs.has(sign)) : [...signs];
    if (chosen.length === 0) unsupported();
    return chosen;
  }

  private escaped(): readonly string[] {
    const sign = this.next();
    switch (sign) {
      case "d":
        return DIGITS;
      case "w":
        return WORD;
      case "s":
        return [" "];
      case "D":
        return LETTERS;
      case "W":
        return ["-", ".", "!"];
      case "S":
        return WORD;
      case "x": {
        const match = /^[0-9a-fA-F]{2}/.exec(this.source.slice(this.at, this.at + 2));
        if (match === null) return unsupported();
        this.at += 2;
        return [String.fromCharCode(Number.parseInt(match[0], 16))];
      }
      default:
        return /[a-zA-Z0-9]/.test(sign) ? unsupported() : [sign];
    }
  }

  private take(sign: string): boolean {
    if (this.source[this.at] !== sign) return false;
    this.at += 1;
    return true;
  }

  private next(): string {
    const point = this.source.codePointAt(this.at);
    if (point === undefined) return unsupported();
    const sign = String.fromCodePoint(point);
    this.at += sign.length;
    return sign;
  }
}

/** Letters and digits first where a class has them: they survive every place that a text is sent in. */
const plainOf = (signs: readonly string[]): readonly string[] => {
  const plain = signs.filter((sign) => /^[0-9A-Za-z]$/.test(sign));
  return plain.length > 0 ? plain : signs;
};

const write = (tree: Tree, draws: Draws, extraMax: number, budget: { left: number }): string => {
  switch (tree.k) {
    case "signs": {
      budget.left -= 1;
      if (budget.left < 0) unsupported();
      const signs = plainOf(tree.signs);
      return signs[draws.below(signs.length)] ?? "";
    }
    case "all":
      return tree.parts.map((part) => write(part, draws, extraMax, budget)).join("");
    case "one":
      return write(
        tree.choices[draws.below(tree.choices.length)] ?? { k: "all", parts: [] },
        draws,
        extraMax,
        budget,
      );
    case "repeat": {
      const most = Math.min(tree.max, tree.min + extraMax);
      const times = tree.min + draws.below(most - tree.min + 1);
      let text = "";
      for (let count = 0; count < times; count += 1) text += write(tree.part, draws, extraMax, budget);
      return text;
    }
  }
};
