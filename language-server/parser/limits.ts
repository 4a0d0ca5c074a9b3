/** What a text may be at most to be read at all. Each limit keeps reading linear and the stack short. */

/** Largest agent file, in bytes as on disk. */
export const SOURCE_BYTES_MAX = 1024 * 1024;

/** Deepest nesting of brackets, of type arguments and of lambdas. */
export const NESTING_MAX = 256;

/** Largest number of words, literals and signs, comments not counted. */
export const TOKENS_MAX = 250_000;

/** Most problems that one text is told about. */
export const PROBLEMS_MAX = 1_000;
