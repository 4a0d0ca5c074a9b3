import type { Fault, Result } from "#kernel/result.ts";
import { fault } from "#kernel/result.ts";

/**
 * Why a body cannot go on. `BODY_BOUND` is the only one that is no mistake of the body: it ran
 * into a bound of ours, and its run ends as limited instead of failed.
 */
export type BodyFault = Fault<
  /** An operation that these kinds of values do not have. */
  | "BODY_KIND"
  /** A field, an element or a name that is not there. */
  | "BODY_MISSING"
  /** A number that cannot be, or not exactly. */
  | "BODY_NUMBER"
  /** Text that says no value. */
  | "BODY_TEXT"
  /** More than 100 calls of functions are open. */
  | "BODY_RECURSION"
  /** The body said `error(…)`. */
  | "BODY_ERROR"
  /** A tree that lowering does not make. */
  | "BODY_MALFORMED"
  | "BODY_BOUND"
>;

/** What an operation on values gives. */
export type Evaluated<T> = Result<T, BodyFault>;

export interface Refused {
  readonly ok: false;
  readonly fault: BodyFault;
}

export const refuse = (code: BodyFault["code"], message: string): Refused => ({
  ok: false,
  fault: fault(code, message),
});
