import type { SchemaRef } from "./registry.ts";

/** A part of a schema that no value which is made has, with the reason. */
export interface Gap {
  readonly ref: SchemaRef;
  readonly why: GapReason;
  /** What lacks a value: "`name`", "an item of this list". */
  readonly what: string;
}

/** No value was found, optional parts lie too deep to be filled, or too many values were put together before it. */
export type GapReason = "no-value" | "too-deep" | "too-much";
