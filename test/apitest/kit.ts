import { createHash } from "node:crypto";

import { planTests, type PlannedDocument, type PlanOptions } from "#apitest/plan-tests.ts";
import type { JsonValue } from "#kernel/json.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import { API_TEST_AGENTS, type ApiTestCase } from "#protocol/api-test.ts";
import { createDocumentFilesFake } from "#test/kit/document-files-fake.ts";

export const digest = (bytes: Uint8Array) => sha256OfBytes(createHash("sha256").update(bytes).digest());

export const never = (): AbortSignal => new AbortController().signal;

/** Plans the tests of a workspace of texts whose document is `api.yaml` or the one named. */
export const planOf = (
  texts: Readonly<Record<string, string>>,
  options: Partial<Omit<PlanOptions, "file">> & { readonly file?: string } = {},
): Promise<PlannedDocument> =>
  planTests(
    {
      file: options.file ?? "api.yaml",
      seed: options.seed ?? 1,
      agents: options.agents ?? API_TEST_AGENTS,
      casesMax: options.casesMax ?? 10_000,
      casesPerOperationMax: options.casesPerOperationMax ?? 1000,
      credentials: options.credentials ?? [],
    },
    createDocumentFilesFake(texts),
    digest,
    never(),
  );

/** A document with one operation, `GET /things`, whose query has one parameter of this schema. */
export const queryDocument = (schema: JsonValue, more: Readonly<Record<string, JsonValue>> = {}): string =>
  document({ parameters: [{ name: "q", in: "query", required: true, schema, ...more }] });

/** A document with one operation, `POST /things`, whose body is of this schema. */
export const bodyDocument = (schema: JsonValue, openapi = "3.1.0"): string =>
  document(
    { requestBody: { required: true, content: { "application/json": { schema } } } },
    { method: "post", openapi },
  );

export const document = (
  operation: Readonly<Record<string, JsonValue>>,
  { method = "get", path = "/things", openapi = "3.1.0" } = {},
): string =>
  JSON.stringify({
    openapi,
    paths: { [path]: { [method]: { responses: { "200": { description: "" } }, ...operation } } },
  });

export const casesOf = async (text: string): Promise<readonly ApiTestCase[]> =>
  (await planOf({ "api.yaml": text })).tests?.plan.cases ?? [];

/** What `q` is in the requests with this expectation. */
export const sentAs = (
  cases: readonly ApiTestCase[],
  expectation: ApiTestCase["expectation"],
): readonly string[] =>
  cases
    .filter((each) => each.expectation === expectation)
    .map(({ request }) => decodeURIComponent(request.target.split("?q=")[1] ?? "(none)"));

/** Bodies of the requests with this expectation. */
export const bodiesOf = (
  cases: readonly ApiTestCase[],
  expectation: ApiTestCase["expectation"],
): readonly unknown[] =>
  cases
    .filter(
      (each) =>
        each.expectation === expectation && each.rule?.keyword !== "syntax" && each.request.body !== null,
    )
    .map(({ request }) => JSON.parse(request.body ?? "null") as unknown);
