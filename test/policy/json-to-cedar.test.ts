import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import { CEDAR_ENCODING_LIMITS, jsonToCedar } from "#policy/json-to-cedar.ts";
import type { Decider } from "#ports/decider.ts";
import { caseCount } from "#test/kit/cases.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { sha256 } from "#test/kit/policy-requests.ts";
import { verifies } from "#test/kit/verifies.ts";

/** Keys and texts that mean something to Cedar or to the encoding come often. */
const awkward = fc.constantFrom(
  "__entity",
  "__extn",
  "__expr",
  "____entity",
  "__array",
  "__null",
  "__number",
  "__text",
  "__proto__",
  "constructor",
  "items",
  "length",
  "type",
  "id",
  "fn",
  "arg",
  "",
  "_",
  "__",
  "___",
  "Agent",
  "ip",
  "decimal",
  "10.0.0.1",
  "1.25",
);
const text = fc.oneof(awkward, fc.string({ unit: "grapheme", maxLength: 12 }));
const { value: arbitraryJson } = fc.letrec<{ value: JsonValue; list: JsonValue[]; object: JsonObject }>(
  (tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(2 ** 53, -(2 ** 53), 2 ** 63, -(2 ** 63), 2 ** 64, Number.MAX_SAFE_INTEGER, 5e-324, -0),
      text,
      tie("list"),
      tie("object"),
      fc.record({ __entity: fc.record({ type: text, id: text }) }),
      fc.record({ __extn: fc.record({ fn: text, arg: text }) }),
      fc.record({ __array: text, items: tie("list"), length: fc.nat(3) }),
    ),
    list: fc.array(tie("value"), { maxLength: 4 }),
    object: fc.dictionary(text, tie("value"), { maxKeys: 4 }),
  }),
);

const encode = (object: JsonObject): JsonObject => {
  const encoding = jsonToCedar(object, sha256);
  if (!encoding.ok) throw new Error(encoding.reason);
  return encoding.value;
};

/** What a Cedar value stands for, read from the value alone: sets have no order and no repeats. */
const decode = (value: JsonValue): JsonValue => {
  if (!isJsonObject(value)) return value;
  if (Object.hasOwn(value, "__null")) return null;
  if (Object.hasOwn(value, "__number")) return Number(value["__number"]);
  if (Object.hasOwn(value, "__array")) return JSON.parse(value["__array"] as string) as JsonValue;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.startsWith("__") ? key.slice(2) : key, decode(inner)]),
  );
};

describe("jsonToCedar", () => {
  test("loses nothing: what was encoded can be read back", () => {
    fc.assert(
      fc.property(arbitraryJson, (value) => {
        expect(canonicalJson(decode(encode({ value })))).toBe(canonicalJson({ value }));
      }),
    );
  });

  test("has no key by which Cedar would read an entity or an extension value", () => {
    verifies("policy.beyond.injective-encoding");
    const keysOf = (value: JsonValue): readonly string[] =>
      Array.isArray(value)
        ? value.flatMap((item: JsonValue) => keysOf(item))
        : isJsonObject(value)
          ? Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)])
          : [];
    fc.assert(
      fc.property(arbitraryJson, (value) => {
        const reserved = keysOf(encode({ value })).filter((key) => /^__(?!_)./.test(key));
        for (const key of reserved) expect(["__null", "__number", "__array", "__text"]).toContain(key);
      }),
    );
  });

  test.each([
    [
      "lists",
      (depth: number): JsonValue => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`) as JsonValue,
    ],
    [
      "objects",
      (depth: number): JsonValue => JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`) as JsonValue,
    ],
  ])("refuses %s that nest too deep", (_what, nested) => {
    const { depthMax } = CEDAR_ENCODING_LIMITS;
    expect(jsonToCedar({ value: nested(depthMax - 1) }, sha256).ok).toBe(true);
    expect(jsonToCedar({ value: nested(depthMax) }, sha256)).toEqual({
      ok: false,
      reason: "nested too deep",
    });
  });

  test("refuses too many values, at the bound exactly", () => {
    const list = (length: number) => ({ list: Array.from({ length }, () => 1) });
    expect(jsonToCedar(list(CEDAR_ENCODING_LIMITS.valuesMax - 1), sha256).ok).toBe(true);
    expect(jsonToCedar(list(CEDAR_ENCODING_LIMITS.valuesMax), sha256)).toEqual({
      ok: false,
      reason: "too many values",
    });
  });

  test("counts keys and texts in bytes of UTF-8", () => {
    const limits = { ...CEDAR_ENCODING_LIMITS, bytesMax: 8 };
    expect(jsonToCedar({ é: "😀é" }, sha256, limits).ok).toBe(true);
    expect(jsonToCedar({ é: "😀éx" }, sha256, limits)).toEqual({ ok: false, reason: "too long" });
  });

  test("refuses numbers that JSON does not have", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(jsonToCedar({ value }, sha256)).toEqual({ ok: false, reason: "a number that is not finite" });
    }
  });
});

describe("to Cedar itself", () => {
  const { signal } = new AbortController();
  let decider: Decider;
  beforeAll(async () => {
    decider = inProcessCedar();
    const policies = {
      equal: { p: "permit (principal, action, resource) when { context.args.a == context.args.b };" },
      forged: {
        entity: "permit (principal, action, resource) when { context.args.a == principal };",
        extension: 'permit (principal, action, resource) when { context.args.a == ip("10.0.0.1") };',
        decimal: 'permit (principal, action, resource) when { context.args.a == decimal("1.25") };',
      },
    };
    const sets = Object.entries(policies).map(([name, texts]) => ({ name, policies: texts }));
    const loaded = await decider.load(sets, signal);
    if (!loaded.ok || loaded.value.length > 0) throw new Error(JSON.stringify(loaded));
  });
  afterAll(() => decider.close());

  const allowed = async (set: string, args: JsonObject): Promise<boolean | undefined> => {
    const answer = await decider.decide(
      {
        principal: { type: "Agent", id: "Agent" },
        action: { type: "Action", id: "respond" },
        resource: { type: "Run", id: "r" },
        context: { args: encode(args) },
        entities: [],
      },
      [set],
      signal,
    );
    if (!answer.ok) throw new Error(answer.fault.message);
    return answer.value[0]?.allowed;
  };

  test("two values are equal exactly when their JSON is", async () => {
    verifies("policy.beyond.injective-encoding");
    await fc.assert(
      fc.asyncProperty(arbitraryJson, arbitraryJson, async (a, b) => {
        expect(await allowed("equal", { a, b })).toBe(canonicalJson(a) === canonicalJson(b));
        expect(await allowed("equal", { a, b: a })).toBe(true);
      }),
      { numRuns: caseCount(250) },
    );
  });

  test("a list is not its permutation, and repeats count", async () => {
    expect(await allowed("equal", { a: ["x", "y"], b: ["y", "x"] })).toBe(false);
    expect(await allowed("equal", { a: ["x"], b: ["x", "x"] })).toBe(false);
  });

  test("nothing that a model can write is an entity or an extension value", async () => {
    verifies("policy.beyond.injective-encoding");
    expect(await allowed("forged", { a: { __entity: { type: "Agent", id: "Agent" } } })).toBe(false);
    expect(await allowed("forged", { a: { __extn: { fn: "ip", arg: "10.0.0.1" } } })).toBe(false);
    expect(await allowed("forged", { a: { __extn: { fn: "decimal", arg: "1.25" } } })).toBe(false);
    await fc.assert(
      fc.asyncProperty(arbitraryJson, async (a) => {
        expect(await allowed("forged", { a })).toBe(false);
      }),
      { numRuns: caseCount(250) },
    );
  });

  test("bare Cedar reads the same arguments as an entity and as an address", async () => {
    const raw = async (a: JsonValue): Promise<unknown> =>
      decider.decide(
        {
          principal: { type: "Agent", id: "Agent" },
          action: { type: "Action", id: "respond" },
          resource: { type: "Run", id: "r" },
          context: { args: { a } },
          entities: [],
        },
        ["forged"],
        signal,
      );
    expect(await raw({ __entity: { type: "Agent", id: "Agent" } })).toMatchObject({
      value: [{ allowed: true }],
    });
    expect(await raw({ __extn: { fn: "ip", arg: "10.0.0.1" } })).toMatchObject({
      value: [{ allowed: true }],
    });
  });
});
