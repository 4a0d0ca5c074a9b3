import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";

import { curlLine } from "#apitest/run/curl.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { ApiCredential, ApiTestPlan } from "#protocol/api-test.ts";
import { readTestPlan } from "#protocol/api-test-schema.ts";
import { planOf } from "./kit.ts";

/** A plan of one operation that requires these alternatives, where `a` and `b` have a credential. */
const planned = async (schemes: JsonObject, security: JsonObject[] = [{ a: [] }]): Promise<ApiTestPlan> => {
  const responses = { "200": { description: "" } };
  const document = {
    openapi: "3.1.0",
    components: { securitySchemes: schemes },
    paths: { "/things": { get: { security, responses } } },
  };
  const credentials = ["a", "b"].map((scheme) => ({ scheme, variable: `KEY_${scheme.toUpperCase()}` }));
  const { tests } = await planOf({ "api.yaml": JSON.stringify(document) }, { credentials });
  if (tests === null) throw new Error("no tests");
  return tests.plan;
};

const KEY = { type: "apiKey", in: "header", name: "X-Key" };

describe("what an operation requires", () => {
  test.each<[string, JsonObject, Partial<ApiCredential> | null]>([
    ["a key in a header", KEY, { place: "header", name: "x-key", form: "plain" }],
    ["a key in the query", { ...KEY, in: "query" }, { place: "query", name: "X-Key", form: "plain" }],
    ["a key in a cookie", { ...KEY, in: "cookie" }, { place: "cookie", name: "X-Key", form: "plain" }],
    [
      "bearer",
      { type: "http", scheme: "BEARER" },
      { place: "header", name: "authorization", form: "bearer" },
    ],
    ["basic", { type: "http", scheme: "basic" }, { place: "header", name: "authorization", form: "basic" }],
    ["digest", { type: "http", scheme: "digest" }, null],
    ["oauth2", { type: "oauth2", flows: {} }, null],
    ["a key in a place of its own", { ...KEY, in: "body" }, null],
    ["a header that ends a line", { ...KEY, name: "X: y\r\nZ" }, null],
    ["a header that says whose request it is", { ...KEY, name: "Host" }, null],
    ["a header that cuts messages", { ...KEY, name: "Content-Length" }, null],
    ["a header with other cookies", { ...KEY, name: "Cookie" }, null],
    ["a cookie that is two", { ...KEY, in: "cookie", name: "a=b; c" }, null],
    ["no name", { type: "apiKey", in: "header" }, null],
  ])("%s", async (_, scheme, credential) => {
    const plan = await planned({ a: scheme });
    const [first] = plan.cases;
    if (credential === null) {
      expect(plan).toMatchObject({
        cases: [],
        leftOut: [{ why: "it needs credentials of a kind that is not sent" }],
      });
    } else {
      expect(first?.request.credentials).toEqual([{ scheme: "a", variable: "KEY_A", ...credential }]);
    }
  });

  const two = { a: KEY, b: { type: "http", scheme: "bearer" }, c: KEY, d: { type: "oauth2" } };
  test.each<[string, JsonObject[], readonly string[] | undefined]>([
    ["both of two", [{ a: [], b: [] }], ["a", "b"]],
    ["the first alternative that is at hand", [{ d: [] }, { c: [] }, { b: [] }, { a: [] }], ["b"]],
    ["nothing where it is optional", [{ a: [] }, {}], undefined],
    ["nothing where the list is empty", [], undefined],
  ])("%s", async (_, security, schemes) => {
    const plan = await planned(two, security);
    expect(plan.cases[0]?.request.credentials?.map(({ scheme }) => scheme)).toEqual(schemes);
    // Only what is required can be missing.
    const without = plan.cases.filter(({ rule }) => rule?.keyword === "security");
    expect(without).toHaveLength(schemes === undefined ? 0 : 1);
    expect(without.every(({ request }) => request.credentials === undefined)).toBe(true);
  });

  test("is said with its option where it is not at hand", async () => {
    const plan = await planned(two, [{ d: [] }, { c: [], a: [] }]);
    expect(plan.leftOut[0]?.why).toContain("`--credential c=VARIABLE` would name");
  });
});

test("a plan with a variable that a shell would read as more is none", async () => {
  const plan = await planned({ a: KEY });
  expect(readTestPlan(plan)).toEqual(plan);
  for (const variable of ["A;id", "A`id`", "$(id)", "", "1A", "A B"]) {
    const text = JSON.stringify(plan).replaceAll("KEY_A", variable);
    expect(readTestPlan(JSON.parse(text))).toBeUndefined();
  }
});

test("a shell reads a line for curl as it was meant, whatever a header is called", () => {
  const credential = {
    scheme: "a",
    variable: "KEY",
    place: "header",
    name: "x-$home`id`'",
    form: "plain",
  } as const;
  const request = { method: "GET", target: "/a?b=1", headers: [], body: null, credentials: [credential] };
  const line = curlLine("http://h", request);
  const env = { KEY: 'it\'s $HOME `id` "x"' };
  const words = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${line}`], { env, encoding: "utf8" }).split(
    "\0",
  );
  expect(words).toContain("x-$home`id`': it's $HOME `id` \"x\"");
});
