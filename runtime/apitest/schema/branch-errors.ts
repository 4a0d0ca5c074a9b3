import { _, type Ajv2020, Name } from "ajv/dist/2020.js";

import { invariant } from "#kernel/invariant.ts";

/** Keywords of which a value fits one or several branches. */
export const ALTERNATIVES = ["oneOf", "anyOf"] as const;

/** What an error of alternatives says besides its words. */
export interface AlternativesParams {
  /** How many errors directly before this one are those of the branches. */
  readonly inside: number;
  /** Whether the value fits more branches than it may, and not none. */
  readonly fitsSeveral: boolean;
}

/** The variable in which a compiled validator counts its errors. */
const ERROR_COUNT = new Name("errors");

/**
 * Has each error of alternatives say which errors are those of its branches: a list of errors is flat, and
 * behind a `$ref` their paths do not tell whose they are. What is valid stays as it is.
 */
export const countBranchErrors = (ajv: Ajv2020): void => {
  for (const keyword of ALTERNATIVES) {
    const definition = ajv.getKeyword(keyword);
    invariant(typeof definition === "object", "the validator knows the keywords of alternatives");
    ajv.removeKeyword(keyword).addKeyword({
      ...definition,
      error: {
        message: `must match ${keyword}`,
        // Two branches that fit are a list, one is a number, and none is null.
        params: ({ errsCount, params }) =>
          _`{inside: ${ERROR_COUNT} - ${errsCount}, fitsSeveral: Array.isArray(${params["passing"] ?? null})}`,
      },
    });
  }
};
