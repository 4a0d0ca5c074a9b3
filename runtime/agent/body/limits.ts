/** Bounds of one agent body. Reaching one ends the run as limited. */
export interface BodyLimits {
  /** Steps of the whole run: one for each instruction, and more for operations on large values. */
  readonly stepsMax: number;
  /** Longest string in UTF-16 code units. */
  readonly stringLengthMax: number;
  /** Items of a list, fields of a record. */
  readonly itemsMax: number;
  /** Nesting of lists and records; a scalar has depth 0. */
  readonly depthMax: number;
  /** Largest value, in bytes as `bytesOf` counts them. */
  readonly valueBytesMax: number;
  /** All variables and open operands together, in the same bytes. */
  readonly heldBytesMax: number;
  /** Operands that wait at the same moment, over all open calls. */
  readonly operandsMax: number;
  /** Calls of `print` and `log` in the whole run. */
  readonly printsMax: number;
  /** One printed text in UTF-16 code units. */
  readonly printLengthMax: number;
}

export const BODY_LIMITS_DEFAULT: BodyLimits = {
  stepsMax: 10_000_000,
  stringLengthMax: 4 * 1024 * 1024,
  itemsMax: 100_000,
  depthMax: 32,
  valueBytesMax: 16 * 1024 * 1024,
  heldBytesMax: 64 * 1024 * 1024,
  operandsMax: 100_000,
  printsMax: 10_000,
  printLengthMax: 16_000,
};

/** Calls of functions that may be open at once; part of the language, so it is no setting. */
export const OPEN_CALLS_MAX = 100;
