import { invariant } from "#kernel/invariant.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { Problem, ProblemClass, Severity, TextEdit } from "#protocol/problem.ts";
import { type KnownProblemCode, problemKind } from "#protocol/problem-catalogue.ts";
import type { Span } from "#protocol/source.ts";
import { PROBLEMS_MAX } from "../parser/limits.ts";
import type { SourceText } from "../parser/source-text.ts";
import { nearest } from "./nearest.ts";

/** Problems that are collected before those that are no errors are only counted. */
const FOUND_MAX = 20 * PROBLEMS_MAX;

/** Comparisons with known names that one text is worth. */
const COMPARISONS_MAX = 50_000;

export interface ReportOptions {
  /** The catalogue's advice when this is not given. */
  readonly help?: string | undefined;
  /** Title and edits; the edits of one fix do not overlap. */
  readonly fix?: { readonly title: string; readonly edits: readonly TextEdit[] } | undefined;
  readonly related?: readonly { readonly message: string; readonly span: Span }[] | undefined;
  /** Another severity than the usual one; for `quality` problems only. */
  readonly severity?: Severity | undefined;
  /** Needed for, and only for, a code whose class depends on what was written. */
  readonly class?: ProblemClass;
}

/** Collects what is wrong with one text. Class and severity come from the catalogue. */
export class Reporter {
  readonly source: SourceText;
  private readonly found: Problem[] = [];
  private leftOut = 0;
  private comparisonsLeft = COMPARISONS_MAX;

  constructor(source: SourceText) {
    this.source = source;
  }

  report(code: KnownProblemCode, span: Span, message: string, options: ReportOptions = {}): void {
    const kind = problemKind(code);
    const problemClass = kind.class === "either" ? options.class : kind.class;
    invariant(problemClass !== undefined, `${code} needs a class`);
    const severity = problemClass === "enforcement" ? "error" : (options.severity ?? kind.severity);
    if (this.found.length >= FOUND_MAX && severity !== "error") {
      this.leftOut += 1;
      return;
    }
    this.found.push({
      code,
      class: problemClass,
      severity,
      message,
      range: this.source.range(span),
      help: options.help ?? kind.whatToDo,
      ...(options.fix === undefined ? {} : { fix: options.fix }),
      ...(options.related === undefined || options.related.length === 0
        ? {}
        : {
            related: options.related.map((place) => ({
              message: place.message,
              range: this.source.range(place.span),
            })),
          }),
    });
  }

  /** In the order of the text; of too many, those that keep the file from running are kept. */
  problems(): readonly Problem[] {
    if (this.found.length <= PROBLEMS_MAX) return this.found.toSorted(byPlace);
    const kept = this.found.toSorted((left, right) => weight(left) - weight(right)).slice(0, PROBLEMS_MAX);
    const leftOut = this.leftOut + this.found.length - kept.length;
    const summary = new Reporter(this.source);
    summary.report("WRIT082", [0, 0], `${leftOut} more problems are not listed`);
    return [...summary.found, ...kept.toSorted(byPlace)];
  }

  /** The known name that an unknown one was probably meant to be, as long as looking is cheap. */
  nearest(name: string, known: Iterable<string>): string | undefined {
    return nearest(name, this.affordable(known));
  }

  private *affordable(known: Iterable<string>): Generator<string> {
    for (const name of known) {
      if (this.comparisonsLeft <= 0) return;
      this.comparisonsLeft -= 1;
      yield name;
    }
  }
}

/** Text of a user inside a message: visible, short and in backticks. */
export const quoted = (text: string): string => `\`${visibleExcerpt(text, 60).replaceAll("`", "'")}\``;

/** Offers a known name in place of what stands at `span`; nothing where there is no such name. */
export const didYouMean = (guess: string | undefined, span: Span, text = guess): ReportOptions =>
  guess === undefined || text === undefined
    ? {}
    : {
        help: `Did you mean ${quoted(guess)}?`,
        fix: { title: `Write ${quoted(guess)}`, edits: [{ span, text }] },
      };

/** `a`, `a` and `b`, `a`, `b` and `c`. */
export const listed = (names: readonly string[], word: "and" | "or" = "or"): string => {
  const shown = names.map((name) => `\`${name}\``);
  const last = shown.at(-1) ?? "";
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(", ")} ${word} ${last}`;
};

const SEVERITIES: readonly Severity[] = ["error", "warning", "information", "hint"];

const weight = (problem: Problem): number =>
  problem.class === "enforcement" ? -1 : SEVERITIES.indexOf(problem.severity);

const byPlace = (left: Problem, right: Problem): number =>
  left.range.span[0] - right.range.span[0] ||
  left.range.span[1] - right.range.span[1] ||
  (left.code < right.code ? -1 : left.code > right.code ? 1 : 0);
