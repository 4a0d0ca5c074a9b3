import type { Draws } from "./draws.ts";
import { type Facets, numberRulesOf, type Rule, rulesOf, strictest } from "./facets.ts";
import { FORMAT_TEXTS } from "./format-texts.ts";
import { formatsOf } from "./formatted.ts";
import { compilePattern } from "./pattern.ts";
import { onBound, plain, type Sample } from "./sample.ts";
import { samplePattern } from "./sample-pattern.ts";

/** Longest text that is made to stand on a bound. */
const TEXT_LENGTH_MAX = 20_000;
/** Longest text that is made at all; a rule that wants more is one that nobody's server meets. */
const MADE_LENGTH_MAX = 100_000;
const PATTERN_TRIES = 60;

export interface TextRange {
  readonly shortest: Rule<number> | undefined;
  readonly longest: Rule<number> | undefined;
}

export const lengthsOf = (facets: Facets): TextRange => ({
  shortest: strictest(numberRulesOf(facets, "minLength"), "largest"),
  longest: strictest(numberRulesOf(facets, "maxLength"), "smallest"),
});

/**
 * Ordinary texts first, then the shortest and longest. Lengths are of code points; all signs are ASCII where it
 * is ours to choose. Of a format that is known only texts are made that are of it beyond doubt.
 */
export const textSamples = (facets: Facets, draws: Draws): readonly Sample[] => {
  const { shortest, longest } = lengthsOf(facets);
  const least = shortest?.value ?? 0;
  const most = longest?.value ?? Infinity;
  const isKnown =
    formatsOf(facets).some((format) => FORMAT_TEXTS.has(format)) && patternsOf(facets).length === 0;
  const samples: Sample[] = ordinaryFormatted(facets, least, most).map((text) => plain(text));
  // Beside its bounds where there is room: of a plainest request that is refused for one, others prove nothing.
  const usual = Math.max(least, Math.min(1, most), Math.min(Math.max(least + 1, 6), most - 1));
  const add = (length: number, make: (text: string) => Sample): void => {
    if (length < 0 || length > TEXT_LENGTH_MAX || length < least || length > most) return;
    const text = isKnown ? formattedText(facets, length) : textOf(facets, length, draws.at("length", length));
    if (text !== undefined) samples.push(make(text));
  };
  // A pattern may have no text of the usual length.
  const first = isKnown
    ? undefined
    : (textOf(facets, usual, draws.at("usual")) ?? anyText(facets, least, most, draws.at("any")));
  if (first !== undefined) samples.push(plain(first));
  if (shortest !== undefined) {
    add(least, (text) => onBound(text, shortest, `of its least length, ${least}`));
    add(least + 1, (text) => onBound(text, shortest, "one longer than its least length"));
  }
  if (longest !== undefined) {
    add(most, (text) => onBound(text, longest, `of its greatest length, ${most}`));
    add(most - 1, (text) => onBound(text, longest, "one shorter than its greatest length"));
  }
  return samples;
};

/** A text of this length that is of the formats which are known, and that all patterns match. */
const formattedText = (facets: Facets, length: number): string | undefined => {
  const engines = patternsOf(facets).map(compilePattern);
  return firstFound(formatsOf(facets), (format) => {
    const text = FORMAT_TEXTS.get(format)?.(length);
    return text !== undefined && engines.every((engine) => engine?.test(text) === true) ? text : undefined;
  });
};

/** What a format usually looks like, or the shortest text of it that is long enough. */
const ordinaryFormatted = (facets: Facets, least: number, most: number): readonly string[] => {
  const lengths = Array.from({ length: FORMATTED_LENGTHS }, (_, index) => least + index);
  const found = firstFound(
    [...USUAL_LENGTHS, ...lengths].filter((length) => length >= least && length <= most),
    (length) => formattedText(facets, length),
  );
  return found === undefined ? [] : [found];
};

/** A mail address, a URI, a moment and an address of a machine look most like themselves at these. */
const USUAL_LENGTHS = [4, 15, 21, 20, 11, 10] as const;
const FORMATTED_LENGTHS = 300;

const patternsOf = (facets: Facets): readonly string[] =>
  rulesOf(facets, "pattern").flatMap(({ value }) => (typeof value === "string" ? [value] : []));

/** A text of exactly this many code points that all patterns match, or undefined when none was found or it would be too long to make. */
export const textOf = (facets: Facets, length: number, draws: Draws): string | undefined => {
  if (length > MADE_LENGTH_MAX) return undefined;
  const patterns = patternsOf(facets);
  const [first] = patterns;
  if (first === undefined) return formattedText(facets, length) ?? word(length, draws);
  const engines = patterns.map(compilePattern);
  for (let attempt = 0; attempt < PATTERN_TRIES; attempt += 1) {
    // Wider repetitions in later tries reach greater lengths.
    const text = samplePattern(
      first,
      draws.at(attempt),
      1 + (attempt % 6) * Math.max(1, Math.ceil(length / 5)),
    );
    if (text === undefined) return triedText(engines, length);
    const fitted = fit(text, length);
    const found = [text, ...fitted].find(
      (each) => Array.from(each).length === length && engines.every((engine) => engine?.test(each) === true),
    );
    if (found !== undefined) return found;
  }
  return undefined;
};

const anyText = (facets: Facets, least: number, most: number, draws: Draws): string | undefined => {
  const patterns = patternsOf(facets);
  const [first] = patterns;
  if (first === undefined) return undefined;
  const engines = patterns.map(compilePattern);
  for (let attempt = 0; attempt < PATTERN_TRIES; attempt += 1) {
    const text = samplePattern(first, draws.at(attempt), attempt % 8);
    if (text === undefined) {
      const lengths = TRIED_LENGTHS.filter((length) => length >= least && length <= most);
      return firstFound([...lengths, least], (length) => triedText(engines, length));
    }
    const length = Array.from(text).length;
    if (length >= least && length <= most && engines.every((engine) => engine?.test(text) === true))
      return text;
  }
  return undefined;
};

/**
 * For patterns that are not understood, such as those of passwords with their look-ahead: beginnings that such
 * patterns ask for, each with its last sign as often as the length wants. The engine says which one fits.
 */
const triedText = (engines: readonly (RegExp | undefined)[], length: number): string | undefined =>
  firstFound(TRIED_BEGINNINGS, (beginning) => {
    const text = Array.from(beginning.padEnd(length, beginning.at(-1)))
      .slice(0, length)
      .join("");
    return engines.every((engine) => engine?.test(text) === true) ? text : undefined;
  });

const TRIED_BEGINNINGS = [
  "a",
  "Aa",
  "aA",
  "A",
  "1",
  "a1",
  "A1",
  "Aa1",
  "Aa1!a",
  "Aa1@a",
  "Aa1-a",
  "Aa1_a",
] as const;

const TRIED_LENGTHS = [8, 6, 12, 10, 4, 2, 3, 1, 5, 7, 9, 16, 20, 24, 32, 40, 64] as const;

const firstFound = <T, R>(each: readonly T[], find: (one: T) => R | undefined): R | undefined => {
  for (const one of each) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Cut, or made longer by its own last or middle sign; the caller tests what comes out. */
const fit = (text: string, length: number): readonly string[] => {
  const signs = Array.from(text);
  if (signs.length > length) return [signs.slice(0, length).join("")];
  const missing = length - signs.length;
  const middle = Math.floor(signs.length / 2);
  return [
    text + (signs.at(-1) ?? "a").repeat(missing),
    [...signs.slice(0, middle), (signs[middle] ?? "a").repeat(missing), ...signs.slice(middle)].join(""),
  ];
};

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Letters only: no place that a text is sent in changes them, and no reader takes them for another type. */
const word = (length: number, draws: Draws): string => {
  let text = "";
  while (text.length < length) text += LETTERS[draws.below(LETTERS.length)] ?? "a";
  return NOT_WORDS.includes(text) ? `${text.slice(0, -1)}q` : text;
};

/** Short words that lenient readers take for a flag or for nothing. */
const NOT_WORDS: readonly string[] = [
  "on",
  "no",
  "off",
  "yes",
  "nan",
  "inf",
  "nil",
  "true",
  "null",
  "none",
  "false",
  "t",
  "f",
  "y",
  "n",
];
