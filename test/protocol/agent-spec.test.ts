import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import { type Sha256, sha256OfBytes } from "#kernel/digest.ts";
import { type JsonValue, readJson } from "#kernel/json.ts";
import { SPEC_BYTES_MAX, SPEC_JSON_DEPTH_MAX, SPEC_VALUES_MAX } from "#protocol/agent-spec-bounds.ts";
import type { AgentSpec, DataValue, Expression, TypeReference } from "#protocol/agent-spec.ts";
import { readAgentSpec } from "#protocol/agent-spec-schema.ts";

const FOLDER = "test/vectors/agent-spec/";

const digest = (bytes: Uint8Array): Sha256 => sha256OfBytes(createHash("sha256").update(bytes).digest());

const read = (value: unknown): ReturnType<typeof readAgentSpec> => readAgentSpec(value, digest);

const sources = readdirSync(`${FOLDER}accepted`).filter((name) => name.endsWith(".json"));

/** A fresh copy of an accepted spec. */
const accepted = (name: string): AgentSpec => {
  const text = readFileSync(`${FOLDER}accepted/${name}.json`, "utf8");
  return (JSON.parse(text) as { readonly spec: AgentSpec }).spec;
};

/** One operation of RFC 6902. */
interface Patch {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: unknown;
}

interface Refused {
  readonly what: string;
  readonly from: string;
  readonly patch: Patch;
  readonly where: string;
}

const refused = JSON.parse(readFileSync(`${FOLDER}refused.json`, "utf8")) as readonly Refused[];

type Container = Record<string, unknown>;

const patched = (name: string, { op, path, value }: Patch): unknown => {
  const root: unknown = accepted(name);
  const steps = path
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = steps.pop() ?? "";
  const parent = steps.reduce((container, step) => (container as Container)[step], root) as Container;
  if (op !== "add") expect(Object.hasOwn(parent, last)).toBe(true);
  if (Array.isArray(parent) && last === "-") parent.push(value);
  else if (op === "remove") Reflect.deleteProperty(parent, last);
  else Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true });
  return root;
};

describe("the reader takes each accepted spec and leaves nothing out", () => {
  test.each(sources)("%s", (file) => {
    const name = file.replace(".json", "");
    const spec = accepted(name);
    const reading = read(spec);
    expect(reading).toEqual({ ok: true, value: spec });
    if (!reading.ok) return;
    const text = canonicalJson(reading.value as unknown as JsonValue);
    expect(text).toBe(canonicalJson(spec as unknown as JsonValue));
    const vector: unknown = JSON.parse(readFileSync(`${FOLDER}accepted/${file}`, "utf8"));
    expect(vector).toMatchObject({ canonicalDigest: digest(utf8(text)) });
  });
  test("a name with a meaning of its own stays data", () => {
    const { metadata, triggers } = accepted("data");
    expect(Object.keys(triggers[0]?.attributes ?? {})).toContain("__proto__");
    const reading = read(accepted("data"));
    expect(reading.ok && Object.keys(reading.value.triggers[0]?.attributes ?? {})).toContain("__proto__");
    expect(metadata.map(({ key }) => key)).toContain("__proto__");
  });
});

describe("one change that a reader refuses", () => {
  test.each(refused)("$what", ({ from, patch, where }) => {
    expect(read(patched(from, patch))).toMatchObject({ ok: false, where });
  });
});

describe("texts", () => {
  interface TextVector {
    readonly what: string;
    readonly from: string;
    readonly find: string;
    readonly put: string;
  }
  const texts = JSON.parse(readFileSync(`${FOLDER}texts.json`, "utf8")) as {
    readonly refused: readonly TextVector[];
    readonly same: readonly TextVector[];
  };
  const canonical = (name: string): string => canonicalJson(accepted(name) as unknown as JsonValue);
  const changed = ({ from, find, put }: TextVector): string => {
    const parts = canonical(from).split(find);
    expect(parts).toHaveLength(2);
    return parts.join(put);
  };
  const readText = (text: string): boolean => {
    const limits = {
      charactersMax: SPEC_BYTES_MAX,
      depthMax: SPEC_JSON_DEPTH_MAX,
      valuesMax: SPEC_VALUES_MAX,
    };
    const json = readJson(text, limits);
    return json.ok && read(json.value).ok;
  };
  test.each(texts.refused)("$what is refused", (vector) => {
    expect(readText(canonical(vector.from))).toBe(true);
    expect(readText(changed(vector))).toBe(false);
  });
  test.each(texts.same)("$what is the same spec", (vector) => {
    const json = readJson(changed(vector));
    if (!json.ok) throw new Error(json.detail);
    expect(canonicalJson(json.value)).toBe(canonical(vector.from));
    expect(read(json.value).ok).toBe(true);
  });
});

describe("what is no JSON is refused and not thrown at", () => {
  test.each([[undefined], [null], ["{}"], [[7n]], [() => undefined], [new Map()], [new Date(0)], [7n]])(
    "%s",
    (value) => {
      expect(read(value)).toMatchObject({ ok: false });
      expect(read({ ...accepted("minimal"), metadata: value })).toMatchObject({ ok: false });
    },
  );
  test.each([
    [{ ...accepted("minimal"), metadata: Array(2) }, "/metadata/0"],
    [{ ...accepted("minimal"), metadata: [new Error("no data")] }, "/metadata/0"],
    [{ ...accepted("minimal"), "a/b~c": NaN }, "/a~1b~0c"],
    [{ ...accepted("minimal"), x: -0 }, "/x"],
    [{ ...accepted("minimal"), x: Infinity }, "/x"],
    [{ ...accepted("minimal"), x: "\udc00" }, "/x"],
  ])("case %#", (value, where) => {
    expect(read(value)).toMatchObject({ ok: false, where });
  });
  test("a body far deeper than any", () => {
    let value: unknown = { k: "literal", value: 1, span: [0, 0] };
    for (let depth = 0; depth < 1_500; depth += 1) {
      value = { k: "unary", operator: "!", operand: value, span: [0, 0] };
    }
    const body = { statements: [{ k: "expression", value, span: [0, 0] }], span: [0, 0] };
    const spec = accepted("minimal");
    expect(read({ ...spec, agents: spec.agents.map((agent) => ({ ...agent, body })) })).toMatchObject({
      ok: false,
    });
  });
  test("a value deeper than the stack", () => {
    let deep: unknown = null;
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
    expect(read({ ...accepted("minimal"), metadata: deep })).toMatchObject({ ok: false });
  });
});

describe("bounds", () => {
  const span = [0, 1] as const;
  const range = { span, line: 1, column: 1, endLine: 1, endColumn: 2 };
  const nested = <T>(depth: number, leaf: T, around: (inner: T) => T): T => {
    let value = leaf;
    for (let count = 1; count < depth; count += 1) value = around(value);
    return value;
  };
  const literal: Expression = { k: "literal", value: true, span };
  const negated = (depth: number): Expression =>
    nested<Expression>(depth, literal, (operand) => ({ k: "unary", operator: "!", operand, span }));

  const withBody = (depth: number): unknown => {
    const spec = accepted("empty-bodies");
    const body = { statements: [{ k: "expression", value: negated(depth - 1), span }], span };
    return { ...spec, agents: spec.agents.map((agent) => ({ ...agent, body })) };
  };
  const withCondition = (depth: number): unknown => {
    const spec = accepted("policies");
    const [block] = spec.policies;
    const rules = block?.rules.map((rule) => ({ ...rule, condition: negated(depth) }));
    return { ...spec, policies: [{ ...block, rules }] };
  };
  const withType = (depth: number): unknown => {
    const type = nested<TypeReference>(depth, { name: "A", arguments: [], span }, (inner) => ({
      name: "A",
      arguments: [inner],
      span,
    }));
    return { ...accepted("minimal"), types: [{ name: "T", fields: null, alias: type, range }] };
  };
  const withData = (depth: number): unknown => {
    const value = nested<DataValue>(depth, 1, (inner) => [inner]);
    return { ...accepted("minimal"), metadata: [{ key: "a", value, range }] };
  };
  const withBlocks = (depth: number): unknown => {
    const value = nested<DataValue>(depth, 1, (inner) => ({ block: { a: inner } }));
    return { ...accepted("minimal"), metadata: [{ key: "a", value, range }] };
  };

  test.each([
    ["a body", withBody, 256, "/agents/0/body"],
    ["a condition", withCondition, 100, "/policies/0/rules/0/condition"],
    ["a type", withType, 256, "/types/0/alias"],
    ["lists of metadata", withData, 256, "/metadata/0/value"],
    ["blocks of metadata", withBlocks, 256, "/metadata/0/value"],
  ] as const)("%s is nested at most so deep", (_what, make, depthMax, where) => {
    expect(read(make(depthMax))).toMatchObject({ ok: true });
    expect(read(make(depthMax + 1))).toMatchObject({ ok: false, where });
  });

  test("a spec that is not whole is bounded as well", () => {
    expect(read({ ...(withBody(257) as object), isWhole: false })).toMatchObject({ ok: false });
  });

  const withMetadata = (value: unknown): unknown => ({
    ...accepted("minimal"),
    metadata: [{ key: "a", value, range }],
  });
  const bytesOf = (value: unknown): number => utf8(canonicalJson(value as JsonValue)).length;

  test.each([
    ["plain text", "x"],
    ["text of many bytes", "é"],
    ["text that is escaped", "\u0001"],
  ])("canonical JSON has at most so many bytes: %s", (_what, letter) => {
    const empty = bytesOf(withMetadata(""));
    const each = bytesOf(withMetadata(letter)) - empty;
    const count = Math.floor((SPEC_BYTES_MAX - empty) / each);
    const rest = SPEC_BYTES_MAX - empty - count * each;
    const full = letter.repeat(count) + "x".repeat(rest);
    expect(bytesOf(withMetadata(full))).toBe(SPEC_BYTES_MAX);
    expect(read(withMetadata(full))).toMatchObject({ ok: true });
    expect(read(withMetadata(`${full}x`))).toMatchObject({ ok: false });
  });
  test("and lists, blocks, numbers and words count as they are written", () => {
    const value = [
      [],
      { block: {} },
      [1, -2.5, 1e-7],
      true,
      false,
      null,
      { block: { a: 1, b: { ref: "c" } } },
    ];
    const empty = bytesOf(withMetadata([...value, ""]));
    const rest = "x".repeat(SPEC_BYTES_MAX - empty);
    expect(read(withMetadata([...value, rest]))).toMatchObject({ ok: true });
    expect(read(withMetadata([...value, `${rest}x`]))).toMatchObject({ ok: false });
  });
  test("a spec has at most so many values", () => {
    const valuesOf = (value: unknown): number =>
      typeof value === "object" && value !== null
        ? Object.values(value).reduce<number>((sum, member) => sum + valuesOf(member), 1)
        : 1;
    const count = SPEC_VALUES_MAX - valuesOf(withMetadata([]));
    expect(read(withMetadata(Array(count).fill(1)))).toMatchObject({ ok: true });
    expect(read(withMetadata(Array(count + 1).fill(1)))).toMatchObject({ ok: false });
  });
});

test("a spec that is not whole is read whatever does not fit together in it", () => {
  for (const { from, patch } of refused.filter(({ what }) => /name|digest|id |twice/.test(what))) {
    const spec = patched(from, patch);
    const reading = read({ ...(spec as object), isWhole: false });
    if (!reading.ok) expect(reading.where).not.toMatch(/\/(?:id|as)$/);
  }
  expect(read({ ...accepted("partial"), isWhole: true })).toMatchObject({
    ok: false,
    where: "/agents/0/policies/0/rules/1/id",
  });
});
