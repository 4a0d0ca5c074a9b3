/** What a text may be at most to be read at all. Each limit keeps reading linear and the stack short. */

/** Deepest nesting of brackets, of type arguments and of lambdas. */
export const NESTING_MAX = 256;

/** Largest number of words, literals and signs, comments not counted. */
export const TOKENS_MAX = 250_000;

/** Most problems that one text is told about. */
export const PROBLEMS_MAX = 1_000;
