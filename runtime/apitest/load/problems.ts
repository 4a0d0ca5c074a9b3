import type { Problem, Severity } from "#protocol/problem.ts";
import type { KnownProblemCode } from "#protocol/problem-catalogue.ts";
import { problemKind } from "#protocol/problem-catalogue.ts";
import type { SourceRange } from "#protocol/source.ts";

/** What can be wrong with a document that tests are made of. Codes are never reused. */
export const API_PROBLEM_CODES = {
  /** Size, depth, number of values or of files beyond what is read. */
  tooLarge: "WRIT110",
  /** Neither JSON nor YAML. */
  syntax: "WRIT111",
  /** A key that stands twice in one object. */
  duplicateKey: "WRIT112",
  /** A value that JSON cannot hold. */
  unfitValue: "WRIT113",
  /** A `$ref` that is not followed: another machine, or outside the workspace. */
  refusedReference: "WRIT114",
  /** A `$ref` that leads nowhere. */
  lostReference: "WRIT115",
  /** Not OpenAPI 3.0 or 3.1 at this place. */
  shape: "WRIT116",
  /** Said by the document and not tested. */
  notTested: "WRIT117",
  /** No request can be made that the document allows. */
  noValue: "WRIT118",
  /** An example that its own schema refuses. */
  wrongExample: "WRIT119",
} as const satisfies Readonly<Record<string, KnownProblemCode>>;

export type ApiProblemCode = (typeof API_PROBLEM_CODES)[keyof typeof API_PROBLEM_CODES];

/** A problem with the file that it is in, as documents may span several. */
export interface DocumentProblem {
  /** Workspace-relative, `/`-separated. */
  readonly file: string;
  readonly problem: Problem;
}

export const apiProblem = (
  code: ApiProblemCode,
  message: string,
  range: SourceRange,
  options: { readonly help?: string; readonly severity?: Severity } = {},
): Problem => ({
  code,
  class: "quality",
  severity: options.severity ?? problemKind(code).severity,
  message,
  range,
  ...(options.help === undefined ? {} : { help: options.help }),
});
