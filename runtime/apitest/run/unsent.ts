import { visibleText } from "#kernel/visible-text.ts";
import type { ApiOperation, ApiTestCase } from "#protocol/api-test.ts";
import type { ApiUnsent } from "#protocol/api-test-report.ts";

/** Cases of one operation that were kept back, by what kept them. */
interface Unsent {
  readonly denied: readonly ApiTestCase[];
  readonly unsendable: readonly ApiTestCase[];
  /** Whoever decides ended the work, or did not let it begin. */
  readonly stopped: Pick<ApiUnsent, "why" | "message" | "rules" | "cases"> | null;
  /** Nobody answered so many cases one after another. */
  readonly silent: { readonly cases: number; readonly silences: number } | null;
}

/** What a report says of the cases of an operation that were not sent; nothing where all were. */
export const unsentOf = (
  { method, path, place }: ApiOperation,
  { denied, unsendable, stopped, silent }: Unsent,
): readonly ApiUnsent[] => {
  const entry = (why: ApiUnsent["why"], cases: number, message: string): ApiUnsent => ({
    method,
    path,
    place,
    cases,
    why,
    message,
    rules: [],
  });
  return [
    entry("path-denied", denied.length, `the policies permit the operation and not ${pathsOf(denied)}`),
    entry("unsendable", unsendable.length, "such a request cannot be sent as it stands"),
    ...(stopped === null
      ? []
      : [{ ...entry(stopped.why, stopped.cases, stopped.message), rules: stopped.rules }]),
    ...(silent === null
      ? []
      : [
          entry(
            "silent",
            silent.cases,
            `${silent.silences} cases of it, one after another, had no complete answer`,
          ),
        ]),
  ].filter(({ cases }) => cases > 0);
};

const PATHS_SHOWN_MAX = 3;
const PATH_CHARACTERS_MAX = 120;

/** The paths that requests go to, each once, as far as a line holds them. */
const pathsOf = (cases: readonly ApiTestCase[]): string => {
  const paths = [...new Set(cases.map(({ request }) => request.target.split("?", 1)[0] ?? ""))];
  const shown = paths
    .slice(0, PATHS_SHOWN_MAX)
    .map((path) => (path.length <= PATH_CHARACTERS_MAX ? path : `${path.slice(0, PATH_CHARACTERS_MAX)}…`));
  const more = paths.length - shown.length;
  return visibleText(`${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`);
};
