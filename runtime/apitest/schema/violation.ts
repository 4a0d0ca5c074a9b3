import type { JsonValue } from "#kernel/json.ts";

import type { SchemaRef } from "./registry.ts";

/** What a server owes to a value that breaks a rule. */
export type Claim =
  /** It refuses it. */
  | "refused"
  /** It may take it or refuse it, and does not break down: readers differ about such rules. */
  | "survived";

/** A value that breaks exactly one rule of a schema. */
export interface Violation {
  readonly value: JsonValue;
  readonly keyword: string;
  /** Where the document says the rule. */
  readonly rule: SchemaRef;
  /** JSON pointer of the part that breaks it. */
  readonly at: string;
  readonly claim: Claim;
  /** In words: "`/qty` is one step above its bound, 1000". */
  readonly what: string;
}
