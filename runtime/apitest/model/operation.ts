import type { ApiCredential } from "#protocol/api-test.ts";

import type { Node } from "../load/document-set.ts";
import type { SchemaRef } from "../schema/registry.ts";

export const METHODS = ["get", "put", "post", "delete", "options", "head", "patch"] as const;

export type Method = Uppercase<(typeof METHODS)[number]>;

/** What a document says of itself as far as tests need it. */
export interface ApiModel {
  /** Of the first server that the document names, without origin and without a slash at its end. */
  readonly basePath: string;
  /** Origins that the document suggests; a suggestion only, nothing is sent there for it. */
  readonly suggestedOrigins: readonly string[];
  readonly operations: readonly Operation[];
  /** Operations that cannot be called without something that is not understood. */
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  /** In upper case. */
  readonly method: string;
  readonly path: string;
  readonly node: Node;
  /** Why, as the end of a sentence. */
  readonly why: string;
}

export interface Operation {
  readonly method: Method;
  /** As the document has it, with its `{names}`. */
  readonly path: string;
  readonly node: Node;
  readonly parameters: readonly Parameter[];
  readonly body: RequestBody | null;
  readonly responses: readonly ResponseRule[];
  /** Null where a request needs no credential. */
  readonly security: RequiredSecurity | null;
}

/** What every request of an operation has to bring. */
export interface RequiredSecurity {
  readonly node: Node;
  readonly credentials: readonly ApiCredential[];
}

export type ParameterPlace = "path" | "query" | "header" | "cookie";

/** How a value becomes text; `json` is a parameter with `content` of JSON. */
export type ParameterStyle = "simple" | "form" | "spaceDelimited" | "pipeDelimited" | "deepObject" | "json";

export interface Parameter {
  readonly node: Node;
  readonly name: string;
  readonly place: ParameterPlace;
  readonly required: boolean;
  readonly style: ParameterStyle;
  readonly explode: boolean;
  readonly schema: SchemaRef;
}

export interface RequestBody {
  readonly node: Node;
  readonly required: boolean;
  /** As the document spells it, such as `application/json`. */
  readonly mediaType: string;
  readonly form: "json" | "urlencoded";
  readonly schema: SchemaRef;
}

export interface ResponseRule {
  readonly node: Node;
  /** `200`, `4XX` or `default`. */
  readonly status: string;
  readonly contents: readonly ResponseContent[];
}

export interface ResponseContent {
  readonly mediaType: string;
  /** Only of what may be JSON; null where nothing but the type is checked. */
  readonly schema: SchemaRef | null;
}
