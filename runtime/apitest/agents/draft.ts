import type { JsonValue } from "#kernel/json.ts";
import type { ApiExpectation, ApiTestAgent } from "#protocol/api-test.ts";

import type { Node } from "../load/document-set.ts";
import type { Operation } from "../model/operation.ts";
import type { SchemaRef } from "../schema/registry.ts";

/** `body`, or place and name of a parameter: `query limit`. */
export type PartName = string;

/** A test case as values, before it is bytes. */
export interface Draft {
  readonly agent: ApiTestAgent;
  readonly operation: Operation;
  /** What is sent; a part that is not here is left out of the request. */
  readonly values: ReadonlyMap<PartName, JsonValue>;
  readonly deviation: Deviation | null;
  readonly expectation: ApiExpectation;
  /** What is particular about it: "query limit at its maximum, 100". */
  readonly what: string;
}

/** The one thing in which a request differs from the plainest one, with the rule that it is about. */
export type Deviation =
  /** A value that stands exactly on a bound, or is otherwise chosen on purpose. */
  | {
      readonly k: "valid";
      readonly part: PartName;
      readonly rule: { readonly keyword: string; readonly node: Node; readonly ref: SchemaRef } | null;
    }
  /** A value that breaks this rule and no other. */
  | {
      readonly k: "broken";
      readonly part: PartName;
      readonly keyword: string;
      readonly node: Node;
      readonly ref: SchemaRef;
      readonly at: string;
    }
  /** No credential is sent where one is required. */
  | { readonly k: "anonymous"; readonly part: "credentials"; readonly node: Node }
  /** A required part that is not sent. */
  | { readonly k: "missing"; readonly part: PartName; readonly node: Node }
  /** Bytes that are no JSON in place of a body. */
  | { readonly k: "syntax"; readonly part: "body"; readonly node: Node; readonly text: string };

export const PLAINEST = "the plainest request";
