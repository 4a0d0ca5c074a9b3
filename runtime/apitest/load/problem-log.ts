import type { Severity } from "#protocol/problem.ts";

import { type LostReference, type Node, nodeKey } from "./document-set.ts";
import { API_PROBLEM_CODES, apiProblem, type ApiProblemCode, type DocumentProblem } from "./problems.ts";

const LISTED_MAX = 1000;

/** Gathers problems with their places; the same one at the same place is listed once, however often it is met. */
export class ProblemLog {
  private readonly found = new Map<string, DocumentProblem>();

  say(
    code: ApiProblemCode,
    at: Node,
    message: string,
    options: { readonly help?: string; readonly severity?: Severity } = {},
  ): void {
    const key = `${code} ${nodeKey(at)} ${message}`;
    if (this.found.has(key) || this.found.size >= LISTED_MAX) return;
    const problem = apiProblem(code, message, at.document.rangeOf(at.pointer), options);
    this.found.set(key, { file: at.document.file, problem });
  }

  lost({ at, why }: LostReference): void {
    const { code, message } = LOST[why];
    this.say(code, at, message);
  }

  get problems(): readonly DocumentProblem[] {
    return [...this.found.values()];
  }
}

const LOST: Readonly<
  Record<LostReference["why"], { readonly code: ApiProblemCode; readonly message: string }>
> = {
  remote: {
    code: API_PROBLEM_CODES.refusedReference,
    message: "this `$ref` names another machine; nothing is fetched",
  },
  outside: {
    code: API_PROBLEM_CODES.refusedReference,
    message: "this `$ref` leads out of the workspace; nothing there is opened",
  },
  unreadable: {
    code: API_PROBLEM_CODES.lostReference,
    message: "the file that this `$ref` names is not in the workspace or cannot be read",
  },
  missing: { code: API_PROBLEM_CODES.lostReference, message: "nothing stands where this `$ref` leads" },
  malformed: {
    code: API_PROBLEM_CODES.lostReference,
    message: "this `$ref` is no relative path with a JSON pointer behind `#`",
  },
  cyclic: {
    code: API_PROBLEM_CODES.lostReference,
    message: "this `$ref` leads to itself and to nothing else",
  },
};
