import { _, type Ajv2020, type KeywordErrorDefinition, Name } from "ajv/dist/2020.js";

import { invariant } from "#kernel/invariant.ts";

/** Keywords of which a value fits one or several branches. */
export const ALTERNATIVES = ["oneOf", "anyOf"] as const;

/** Keywords that are one mistake, whatever is broken inside of them: no item, or no name, is the one that is meant. */
const WHOLE = ["contains", "propertyNames"] as const;

/** What an error of such a keyword says besides its words. */
export interface InnerParams {
  /** How many errors directly before this one are those of what is inside. */
  readonly inside: number;
  /** Of alternatives: whether the value fits more branches than it may, and not none. */
  readonly fitsSeveral?: boolean;
}

/** The variable in which a compiled validator counts its errors. */
const ERROR_COUNT = new Name("errors");

/**
 * Has each error of a keyword with schemas inside say which errors are those of them: a list of errors is flat, and
 * behind a `$ref` their paths do not tell whose they are. What is valid stays as it is.
 */
export const countInnerErrors = (ajv: Ajv2020): void => {
  const count = (keyword: string, error: KeywordErrorDefinition): void => {
    const definition = ajv.getKeyword(keyword);
    invariant(typeof definition === "object", "the validator knows the keywords with schemas inside");
    ajv.removeKeyword(keyword).addKeyword({ ...definition, trackErrors: true, error });
  };
  for (const keyword of ALTERNATIVES) {
    count(keyword, {
      message: `must match ${keyword}`,
      // Two branches that fit are a list, one is a number, and none is null.
      params: ({ errsCount, params }) =>
        _`{inside: ${ERROR_COUNT} - ${errsCount}, fitsSeveral: Array.isArray(${params["passing"] ?? null})}`,
    });
  }
  for (const keyword of WHOLE) {
    count(keyword, {
      message: WORDS[keyword],
      params: ({ errsCount }) => _`{inside: ${ERROR_COUNT} - ${errsCount}}`,
    });
  }
};

const WORDS: Readonly<Record<(typeof WHOLE)[number], string>> = {
  contains: "must have as many items as `contains` asks for",
  propertyNames: "must have no names but those that `propertyNames` allows",
};
