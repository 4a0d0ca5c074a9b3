import * as z from "zod/mini";

import type { JsonValue } from "#kernel/json.ts";

import type { ApiFinding, ApiTestCase, ApiTestPlan } from "./api-test.ts";
import { API_CHECKS, API_TEST_AGENTS } from "./api-test.ts";

/* Readers of plans and findings that come from the thread that has read a hostile document. */

const offset = z.number().check(z.int(), z.nonnegative());
const position = offset.check(z.positive());
const range = z.strictObject({
  span: z.readonly(z.tuple([offset, offset])),
  line: position,
  column: position,
  endLine: position,
  endColumn: position,
});
const place = z.strictObject({ file: z.string(), pointer: z.string(), range });

/** What no request may hold, whoever planned it: anything that would end a line or begin another header. */
const token = z.string().check(z.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/));
const credential = z.strictObject({
  scheme: z.string().check(z.regex(/^[A-Za-z0-9._-]{1,64}$/)),
  // Stands in lines for a shell.
  variable: z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/)),
  place: z.enum(["header", "query", "cookie"]),
  name: token,
  form: z.enum(["plain", "bearer", "basic"]),
});
const request = z.strictObject({
  method: z.string().check(z.regex(/^[A-Z]+$/)),
  target: z.string().check(z.regex(/^\/[\u0021-\u007e]*$/)),
  headers: z.array(z.readonly(z.tuple([token, z.string().check(z.regex(/^[\u0020-\u007e]*$/))]))),
  body: z.nullable(z.string()),
  credentials: z.exactOptional(z.array(credential)),
});

const testCase = z.strictObject({
  id: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  agent: z.enum(API_TEST_AGENTS),
  method: z.string(),
  path: z.string(),
  place,
  request,
  expectation: z.enum(["accepted", "rejected", "survived"]),
  rule: z.nullable(z.strictObject({ keyword: z.string(), part: z.string(), at: z.string(), place })),
  isPlainest: z.boolean(),
  part: z.nullable(z.string()),
  title: z.string(),
  why: z.string(),
});

/** Deeper than any document that is read. */
const JSON_DEPTH_MAX = 400;

const isJson = (value: unknown, depth = 0): boolean => {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value !== "object") return false;
  if (value === null) return true;
  if (depth >= JSON_DEPTH_MAX) return false;
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  return isPlain && Object.values(value).every((each) => isJson(each, depth + 1));
};

const json = z.custom<JsonValue>((value) => isJson(value));

/** Stands in a suite as a name. */
const schemaName = z.string().check(z.regex(/^s(?:0|[1-9][0-9]{0,8})$/));

const plan = z.strictObject({
  operations: z.array(
    z.strictObject({
      method: z.string().check(z.regex(/^[A-Z]+$/)),
      path: z.string(),
      target: z.string().check(z.regex(/^\/[\u0021-\u007e]*$/)),
      place,
      responses: z.array(
        z.strictObject({
          status: z.string().check(z.regex(/^(?:[1-5][0-9]{2}|[1-5]XX|default)$/)),
          contents: z.array(z.strictObject({ mediaType: z.string(), schema: z.nullable(schemaName) })),
        }),
      ),
    }),
  ),
  leftOut: z.array(z.strictObject({ method: z.string(), path: z.string(), place, why: z.string() })),
  cases: z.array(testCase),
  schemas: z.record(schemaName, json),
  suggestedOrigins: z.array(z.string()),
});

const finding = z.strictObject({
  check: z.enum(API_CHECKS),
  severity: z.enum(["failure", "warning"]),
  cause: z.string(),
  message: z.string(),
  place,
});

/** Each reader gives undefined for anything else, and never throws. */
export const readTestPlan = (value: unknown): ApiTestPlan | undefined => plan.safeParse(value).data;

export const readTestCases = (value: unknown): readonly ApiTestCase[] | undefined =>
  z.array(testCase).safeParse(value).data;

export const readFindings = (value: unknown): readonly ApiFinding[] | undefined =>
  z.array(finding).safeParse(value).data;
