import type { ProblemCode } from "./problem.ts";

/*
 * What can be wrong with policies, beside what the language says of an agent file. Codes are never
 * reused; the catalogue of all problems takes these in.
 */

export const POLICY_PROBLEM_CODES = {
  /** Text, number of policies, or depth of one beyond what is read. */
  tooLarge: "WRIT100",
  /** Not Cedar. */
  syntax: "WRIT101",
  /** A name, attribute or type that the vocabulary does not have. */
  vocabulary: "WRIT102",
  /** Can match no request that is ever made. */
  neverMatches: "WRIT103",
  /** An annotation that is unknown, malformed or in the wrong place. */
  annotation: "WRIT104",
  /** A form of policy that is not read: JSON, templates. */
  form: "WRIT105",
  /** A rule of an agent file that has no exact translation. */
  untranslatable: "WRIT106",
  /** Two readers of one policy disagree about what it says. */
  disagreement: "WRIT107",
} as const satisfies Readonly<Record<string, ProblemCode>>;
