import type { SourceRange } from "./source.ts";

/**
 * What is wrong with a text that a user wrote. `enforcement` means that the file says something
 * that would not be enforced or executed as written, so it does not run and nothing can silence
 * it; `quality` is everything else.
 */
export type ProblemClass = "enforcement" | "quality";

export type Severity = "error" | "warning" | "information" | "hint";

export type ProblemCode = `WRIT${string}`;

export interface Problem {
  /** `WRIT` and three digits, from the catalogue in problem-catalogue.ts. */
  readonly code: ProblemCode;
  readonly class: ProblemClass;
  readonly severity: Severity;
  /** What is wrong and why, in one sentence without markup; quotes of the text stand in backticks. */
  readonly message: string;
  readonly range: SourceRange;
  /** What to do about it, when that is known. */
  readonly help?: string;
  /** Replacements that mend it, applied together; spans refer to the text that was checked. */
  readonly fix?: { readonly title: string; readonly edits: readonly TextEdit[] };
  readonly related?: readonly { readonly message: string; readonly range: SourceRange }[];
}

export interface TextEdit {
  readonly span: readonly [start: number, end: number];
  readonly text: string;
}

/** The outcome of a total function over user text: always a value as far as it could be made. */
export interface Checked<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

/** Whether a text may run: no `enforcement` problem and no error stands. */
export const mayRun = (problems: readonly Problem[]): boolean =>
  problems.every((problem) => problem.class !== "enforcement" && problem.severity !== "error");
