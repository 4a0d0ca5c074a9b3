import type { JsonValue } from "#kernel/json.ts";
import type { SourceRange } from "./source.ts";

/* Tests of an HTTP interface as they pass between threads and processes, and to whoever reads `--json`. */

/** The test agents of this version; each is a pure function of a model, a seed and options. */
export const API_TEST_AGENTS = ["functional-positive", "functional-negative"] as const;

export type ApiTestAgent = (typeof API_TEST_AGENTS)[number];

/** Where a document says something. */
export interface ApiPlace {
  /** Workspace-relative, `/`-separated. */
  readonly file: string;
  /** JSON Pointer (RFC 6901) within the file. */
  readonly pointer: string;
  readonly range: SourceRange;
}

/** A request as it goes over the wire, byte for byte but for `Host`, `Connection` and `Content-Length`. */
export interface ApiRequest {
  readonly method: string;
  /** Request target in origin form (RFC 9112 section 3.2.1), ASCII, sent as it stands. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Sent as UTF-8; null for no body at all. */
  readonly body: string | null;
  /** What is put in where the request is sent, and nowhere before; absent where it needs none. */
  readonly credentials?: readonly ApiCredential[];
}

/** Where a credential goes and which variable of the environment has it. Nothing here is secret. */
export interface ApiCredential {
  /** Name of the security scheme in the document. */
  readonly scheme: string;
  readonly variable: string;
  readonly place: "header" | "query" | "cookie";
  /** Of the header (in lower case), of the member of the query, or of the cookie. */
  readonly name: string;
  /** `basic`: the variable has `user:password`. */
  readonly form: "plain" | "bearer" | "basic";
}

/** Which variable of the environment has the credential of a security scheme, as a person says. */
export interface ApiCredentialChoice {
  readonly scheme: string;
  readonly variable: string;
}

/** `survived`: the document leaves open whether such a request is taken, so only a breakdown is wrong. */
export type ApiExpectation = "accepted" | "rejected" | "survived";

export interface ApiTestCase {
  /** 16 hexadecimal digits; the same request for the same reason has the same id in every run. */
  readonly id: string;
  readonly agent: ApiTestAgent;
  readonly method: string;
  /** The path as the document has it. */
  readonly path: string;
  readonly place: ApiPlace;
  readonly request: ApiRequest;
  readonly expectation: ApiExpectation;
  /** The rule that the request breaks, or the bound that it stands on. */
  readonly rule: ApiRule | null;
  /** Whether this is the plainest request of its operation, from which the others differ in one part. */
  readonly isPlainest: boolean;
  /** That part; null for the plainest request, and for one that differs from it in several. */
  readonly part: string | null;
  readonly title: string;
  /** Why the server owes the expected answer, in one sentence. */
  readonly why: string;
}

export interface ApiRule {
  /** `maximum`, `required`, or `syntax` for a body that is no JSON. */
  readonly keyword: string;
  /** Part of the request: `body`, `query limit`. */
  readonly part: string;
  /** JSON pointer within that part's value. */
  readonly at: string;
  readonly place: ApiPlace;
}

/** What a server answered. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** What a document promises of one operation, for whoever writes tests of it. */
export interface ApiOperation {
  readonly method: string;
  readonly path: string;
  /** Path of its requests, ASCII, with `{names}` where parameters go and no other brace. */
  readonly target: string;
  readonly place: ApiPlace;
  readonly responses: readonly ApiResponse[];
}

export interface ApiResponse {
  /** `200`, `4XX` or `default`. */
  readonly status: string;
  readonly contents: readonly {
    readonly mediaType: string;
    /** Name of a schema of the plan, or null where nothing but the type is known. */
    readonly schema: string | null;
  }[];
}

/** An operation that no test is made of. */
export interface ApiLeftOut {
  readonly method: string;
  readonly path: string;
  readonly place: ApiPlace;
  /** Why, as the end of a sentence. */
  readonly why: string;
}

/** All cases of a document for one seed. */
export interface ApiTestPlan {
  readonly operations: readonly ApiOperation[];
  /** Operations of the document that are not among them, or have no cases. */
  readonly leftOut: readonly ApiLeftOut[];
  /** Operation by operation, the plainest request of each first. */
  readonly cases: readonly ApiTestCase[];
  /**
   * Schemas of answers by name, as JSON Schema 2020-12 with `$ref`s of the form `#/$defs/<name>` to each
   * other; those that answers need and no others.
   */
  readonly schemas: { readonly [name: string]: JsonValue };
  /** Origins that the document names as servers. Nothing is sent there for that. */
  readonly suggestedOrigins: readonly string[];
}

export const API_CHECKS = [
  "answered",
  "server-error",
  "status-documented",
  "content-type",
  "body-decodes",
  "response-schema",
  "valid-accepted",
  "invalid-rejected",
] as const;

export type ApiCheck = (typeof API_CHECKS)[number];

/** What is wrong with one answer. */
export interface ApiFinding {
  readonly check: ApiCheck;
  /** A warning is worth reading and proves nothing against the server. */
  readonly severity: "failure" | "warning";
  /** Same text, same cause: check, operation, and the rule, status or part of the schema. */
  readonly cause: string;
  readonly message: string;
  /** The line of the document that the answer contradicts. */
  readonly place: ApiPlace;
}
