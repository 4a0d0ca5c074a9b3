import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

import { curlLine } from "#apitest/run/curl.ts";
import { withCredentials } from "#apitest/wire/credentials.ts";
import { encodePart } from "#apitest/wire/encode.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { ApiCredential, ApiTestPlan } from "#protocol/api-test.ts";
import { readTestPlan } from "#protocol/api-test-schema.ts";
import { serve } from "#test/host/tests/rig.ts";
import { planOf } from "./kit.ts";
import { SHOWN } from "./orders-server.ts";

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
    ["a header that is taken for the method", { ...KEY, name: "X-HTTP-Method-Override" }, null],
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

  const other = { ...KEY, name: "X-Other" };
  const two = { a: KEY, b: { type: "http", scheme: "bearer" }, c: other, d: { type: "oauth2" } };
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

describe("what cannot be understood is never taken for public", () => {
  const problemsOf = async (security: unknown, inRoot = false, schemes: JsonObject = { a: KEY }) => {
    const operation = { responses: { "200": { description: "" } }, ...(inRoot ? {} : { security }) };
    const document = {
      openapi: "3.1.0",
      components: { securitySchemes: schemes },
      ...(inRoot ? { security } : {}),
      paths: { "/things": { get: operation } },
    };
    const credentials = ["a", "b"].map((scheme) => ({ scheme, variable: `KEY_${scheme.toUpperCase()}` }));
    const { tests, problems } = await planOf({ "api.yaml": JSON.stringify(document) }, { credentials });
    return { plan: tests?.plan, problems: problems.map(({ problem }) => problem) };
  };

  describe.each([false, true])("in the root: %s", (inRoot) => {
    test.each([
      ["an object", { a: [] }],
      ["a text", "a"],
      ["null", null],
      ["a list of texts", ["a"]],
      ["a list with null", [{ a: [] }, null]],
      ["a list of lists", [[]]],
    ])("%s", async (_, security) => {
      const { plan, problems } = await problemsOf(security, inRoot);
      expect(problems.map(({ code }) => code)).toContain("WRIT116");
      expect(plan).toMatchObject({
        cases: [],
        leftOut: [{ path: "/things", why: "what its `security` asks for cannot be read" }],
      });
    });
  });

  test("a scheme that the document does not have is an error where it is named", async () => {
    const { plan, problems } = await problemsOf([{ gone: [] }]);
    expect(problems).toContainEqual(
      expect.objectContaining({
        code: "WRIT115",
        severity: "error",
        message: "`components.securitySchemes` has no scheme of this name",
      }),
    );
    expect(plan).toMatchObject({
      cases: [],
      leftOut: [{ why: "it needs credentials of a scheme that the document does not have" }],
    });
  });

  test.each<[string, JsonObject]>([
    ["one header", { a: KEY, b: { ...KEY, name: "x-key" } }],
    ["one member of the query", { a: { ...KEY, in: "query" }, b: { ...KEY, in: "query" } }],
    ["one cookie", { a: { ...KEY, in: "cookie" }, b: { ...KEY, in: "cookie" } }],
    ["authorization", { a: { type: "http", scheme: "bearer" }, b: { type: "http", scheme: "basic" } }],
  ])("two credentials in %s", async (_, schemes) => {
    const both = { a: [], b: [] };
    const { plan } = await problemsOf([both], false, schemes);
    expect(plan).toMatchObject({ cases: [], leftOut: [{ why: "it needs two credentials in one place" }] });
    const other = await problemsOf([both, { b: [] }], false, schemes);
    expect(other.plan?.cases[0]?.request.credentials?.map(({ scheme }) => scheme)).toEqual(["b"]);
  });
});

describe("a parameter that is left out", () => {
  const planWith = async (name: string, place = "header", required = false) => {
    const parameters = [{ name, in: place, required, schema: { type: "string", enum: ["DELETE"] } }];
    const operation = { parameters, responses: { "200": { description: "" } } };
    const document = { openapi: "3.1.0", paths: { "/things": { get: operation } } };
    const { tests, problems } = await planOf({ "api.yaml": JSON.stringify(document) });
    return { plan: tests?.plan, codes: problems.map(({ problem }) => problem.code) };
  };

  test.each([
    "Host",
    "Connection",
    "Content-Length",
    "Transfer-Encoding",
    "Upgrade",
    "Expect",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Proxy-Authorization",
    "Proxy-Connection",
    "X-HTTP-Method-Override",
    "x-http-method",
    "X-Method-Override",
    "X-Original-URL",
    "X-Rewrite-URL",
  ])("is the header %s", async (name) => {
    const { plan, codes } = await planWith(name);
    expect(codes).toContain("WRIT117");
    expect(plan?.cases.length).toBeGreaterThan(0);
    expect(JSON.stringify(plan?.cases).toLowerCase()).not.toContain(`"${name.toLowerCase()}"`);
    const needed = await planWith(name, "header", true);
    expect(needed.plan).toMatchObject({ cases: [], leftOut: [{ path: "/things" }] });
  });

  test("is the member `_method` of the query", async () => {
    const { plan, codes } = await planWith("_method", "query");
    expect(codes).toContain("WRIT117");
    expect(JSON.stringify(plan?.cases)).not.toContain("_method");
  });

  test("is none of any other name", async () => {
    expect((await planWith("X-Method")).codes).toEqual([]);
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
  const line = curlLine("http://h", request, SHOWN);
  const env = { KEY: 'it\'s $HOME `id` "x"' };
  const words = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${line}`], { env, encoding: "utf8" }).split(
    "\0",
  );
  expect(words).toContain("x-$home`id`': it's $HOME `id` \"x\"");
});

describe("a line for curl sends what the run sends", () => {
  const KEYS = ["plain-key-1", "a+b/c==&d#e?f%41", "x'y\"z`id`$HOME\\n", "@file", "~!*()"];
  const credential = (name: string): ApiCredential => ({
    scheme: "a",
    variable: "KEY",
    place: "query",
    name,
    form: "plain",
  });
  test.each([
    ["GET", "/a", null],
    ["GET", "/a?b=1&c=x%2Fy", null],
    ["HEAD", "/a?b=1", null],
    ["DELETE", "/a", null],
    ["POST", "/a", null],
    ["POST", "/a?b=1", '{"n":"it\'s"}'],
    ["PUT", "/a", "{}"],
  ])("%s %s with the body %s", async (method, target, body) => {
    const bodies: string[] = [];
    const server = await serve((request, response) => {
      const chunks: Uint8Array[] = [];
      request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      request.on("end", () => {
        bodies.push(Buffer.concat(chunks).toString("utf8"));
        response.writeHead(200).end();
      });
    });
    const wanted: string[] = [];
    try {
      for (const [index, key] of KEYS.entries()) {
        const credentials = [credential(index === 0 ? "k@[]=&" : "key")];
        const headers: [string, string][] = body === null ? [] : [["content-type", "application/json"]];
        const request = { method, target, headers, body, credentials };
        await promisify(execFile)("/bin/sh", ["-c", curlLine(server.origin, request, SHOWN)], {
          env: { KEY: key, PATH: "/usr/bin:/bin" },
        });
        wanted.push(`${method} ${withCredentials(request, () => encodePart(key)).target}`);
      }
    } finally {
      await server.close();
    }
    // Which hexadecimal digits stand for a sign means nothing (RFC 3986 section 6.2.2.1), and curl has its own.
    const upper = (line: string): string => line.replace(/%../g, (sign) => sign.toUpperCase());
    expect(server.seen.map(upper)).toEqual(wanted);
    expect(bodies).toEqual(KEYS.map(() => body ?? ""));
  });
});
