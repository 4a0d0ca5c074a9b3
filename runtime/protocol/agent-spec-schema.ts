import * as z from "zod/mini";

import type { Sha256 } from "#kernel/digest.ts";
import { DURATION_MS_MAX } from "#kernel/duration.ts";
import type { JsonValue } from "#kernel/json.ts";
import type {
  AgentSpec,
  Argument,
  Block,
  Expression,
  Limited,
  MatchArm,
  PlaceStep,
  Statement,
  TypeReference,
} from "./agent-spec.ts";
import { AGENT_SPEC_VERSION, SANDBOX_TIERS } from "./agent-spec.ts";

/*
 * The reader of AgentSpec, version 1. It refuses what docs/formats/agent-spec.md refuses: an
 * unknown version, an unknown field, an unknown value of a closed set. What no type can say (that
 * ids are unique, that a name is bound) is what lowering promises and the vectors show.
 */

const offset = z.number().check(z.int(), z.nonnegative());
const text = z.string().check(z.refine((value) => value.isWellFormed(), "a lone surrogate"));
const finite = z.number().check(z.refine((value) => Number.isFinite(value) && !Object.is(value, -0)));
const name = text;
const sha256 = z.custom<Sha256>((value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value));

const span = z.readonly(z.tuple([offset, offset])).check(z.refine(([start, end]) => start <= end));
const position = offset.check(z.positive());
const range = z.strictObject({
  span,
  line: position,
  column: position,
  endLine: position,
  endColumn: position,
});

const literal = z.union([text, finite, z.boolean(), z.null()]);
const scalar = z.union([text, finite, z.boolean()]);

const json: z.ZodMiniType<JsonValue> = z.lazy(() => z.union([literal, z.array(json), jsonObject]));
const jsonObject: z.ZodMiniType<{ readonly [key: string]: JsonValue }> = z.record(z.string(), json);

const type: z.ZodMiniType<TypeReference> = z.lazy(() =>
  z.strictObject({ name, arguments: z.array(type), span }),
);

/* ---- bodies ---- */

const lazyExpression: z.ZodMiniType<Expression> = z.lazy(() => expression);
const lazyStatement: z.ZodMiniType<Statement> = z.lazy(() => statement);
const block: z.ZodMiniType<Block> = z.strictObject({ statements: z.array(lazyStatement), span });
const argument: z.ZodMiniType<Argument> = z.strictObject({ name: z.nullable(name), value: lazyExpression });

const target = z.discriminatedUnion("k", [
  z.strictObject({ k: z.literal("function"), name }),
  z.strictObject({ k: z.literal("builtin"), name }),
  z.strictObject({ k: z.literal("tool"), name }),
  z.strictObject({ k: z.literal("method"), name }),
  z.strictObject({ k: z.literal("reason") }),
]);

const expression = z.discriminatedUnion("k", [
  z.strictObject({ k: z.literal("literal"), value: literal, span }),
  z.strictObject({
    k: z.literal("duration"),
    ms: offset.check(z.maximum(DURATION_MS_MAX)),
    span,
  }),
  z.strictObject({ k: z.literal("secret"), reference: text, span }),
  z.strictObject({ k: z.literal("name"), name, span }),
  z.strictObject({ k: z.literal("member"), object: lazyExpression, name, span }),
  z.strictObject({ k: z.literal("index"), object: lazyExpression, index: lazyExpression, span }),
  z.strictObject({ k: z.literal("unary"), operator: z.enum(["!", "-"]), operand: lazyExpression, span }),
  z.strictObject({
    k: z.literal("binary"),
    operator: z.enum(["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "in", "&&", "||"]),
    left: lazyExpression,
    right: lazyExpression,
    span,
  }),
  z.strictObject({ k: z.literal("list"), items: z.array(lazyExpression), span }),
  z.strictObject({
    k: z.literal("record"),
    type: z.nullable(name),
    fields: z.array(z.strictObject({ name: text, value: lazyExpression })),
    span,
  }),
  z.strictObject({
    k: z.literal("conditional"),
    condition: lazyExpression,
    then: block,
    otherwise: block,
    span,
  }),
  z.strictObject({ k: z.literal("call"), target, arguments: z.array(argument), span }),
]);

const step: z.ZodMiniType<PlaceStep> = z.discriminatedUnion("k", [
  z.strictObject({ k: z.literal("member"), name }),
  z.strictObject({ k: z.literal("index"), index: lazyExpression }),
]);

const arm: z.ZodMiniType<MatchArm> = z.strictObject({
  pattern: z.discriminatedUnion("k", [
    z.strictObject({ k: z.literal("literal"), value: literal }),
    z.strictObject({ k: z.literal("else") }),
  ]),
  body: block,
  span,
});

const statement = z.discriminatedUnion("k", [
  z.strictObject({ k: z.literal("let"), name, value: lazyExpression, span }),
  z.strictObject({
    k: z.literal("assign"),
    target: z.strictObject({ name, path: z.array(step), span }),
    operator: z.enum(["=", "+=", "-=", "*=", "/=", "%="]),
    value: lazyExpression,
    span,
  }),
  z.strictObject({
    k: z.literal("if"),
    condition: lazyExpression,
    then: block,
    otherwise: z.nullable(block),
    span,
  }),
  z.strictObject({ k: z.literal("match"), subject: lazyExpression, arms: z.array(arm), span }),
  z.strictObject({ k: z.literal("for"), name, over: lazyExpression, body: block, span }),
  z.strictObject({ k: z.literal("return"), value: z.nullable(lazyExpression), span }),
  z.strictObject({ k: z.literal("break"), span }),
  z.strictObject({ k: z.literal("continue"), span }),
  z.strictObject({ k: z.literal("expression"), value: lazyExpression, span }),
]);

/* ---- policies ---- */

const tier = z.enum(SANDBOX_TIERS);

const pattern = z.strictObject({
  name,
  kind: z.enum(["any", "action", "tool"]),
  arguments: z.array(
    z.discriminatedUnion("k", [
      z.strictObject({ k: z.literal("bind"), parameter: name, as: name }),
      z.strictObject({ k: z.literal("equals"), parameter: name, value: scalar }),
    ]),
  ),
  span,
});

const requirement = z.discriminatedUnion("k", [
  z.strictObject({ k: z.literal("approval") }),
  z.strictObject({ k: z.literal("sandbox-tier"), tier }),
  z.strictObject({ k: z.literal("timeout"), timeoutMs: position }),
]);

const rule = z
  .strictObject({
    id: name,
    effect: z.enum(["allow", "deny", "require", "audit"]),
    patterns: z.array(pattern).check(z.minLength(1)),
    requirement: z.nullable(requirement),
    condition: z.nullable(lazyExpression),
    text,
    range,
    digest: sha256,
  })
  .check(
    z.refine(
      (value) => (value.effect === "require") === (value.requirement !== null),
      "a requirement belongs to `require` and to nothing else",
    ),
  );

const policy = z.strictObject({ name, rules: z.array(rule), range });

/* ---- the file ---- */

const parameter = z.strictObject({ name, type, labels: z.array(name), range });

const functionDefinition = z.strictObject({
  name,
  parameters: z.array(parameter),
  returns: z.nullable(type),
  body: block,
  range,
});

const limited: z.ZodMiniType<Limited> = z.nullable(
  z.strictObject({ value: finite.check(z.positive()), range }),
);

const agent = z.strictObject({
  name,
  parameters: z.array(parameter),
  returns: z.nullable(type),
  capabilities: z.array(z.strictObject({ name, range })),
  sandboxFloor: z.nullable(z.strictObject({ tier, range })),
  limits: z.strictObject({
    timeoutMs: limited,
    iterationsMax: limited,
    tokensMax: limited,
    memoryBytesMax: limited,
    cpuCoresMax: limited,
  }),
  policies: z.array(policy),
  functions: z.array(functionDefinition),
  body: z.nullable(block),
  range,
  nameRange: range,
});

const typeDefinition = z
  .strictObject({
    name,
    fields: z.nullable(z.array(z.strictObject({ name: text, type }))),
    alias: z.nullable(type),
    range,
  })
  .check(z.refine((value) => (value.fields === null) !== (value.alias === null), "fields or alias"));

const relativePath = text.check(
  z.refine(
    (value) =>
      value === value.normalize("NFC") &&
      value.split("/").every((part) => part !== "" && part !== "." && part !== ".."),
    "a workspace-relative path",
  ),
);

const spec = z.strictObject({
  v: z.literal(AGENT_SPEC_VERSION),
  source: z.strictObject({
    path: relativePath,
    digest: sha256,
    sizeBytes: offset,
    dialect: z.enum(["D1", "D2", "D3", "D4", "D5", "D6", "D7", "unknown"]),
  }),
  metadata: z.array(z.strictObject({ key: text, value: json, range })),
  agents: z.array(agent),
  policies: z.array(policy),
  functions: z.array(functionDefinition),
  types: z.array(typeDefinition),
  triggers: z.array(
    z.strictObject({
      kind: z.enum(["schedule", "webhook", "memory", "channel"]),
      name,
      agent: z.nullable(name),
      attributes: jsonObject,
      range,
    }),
  ),
});

export type AgentSpecReading =
  | { readonly ok: true; readonly value: AgentSpec }
  | { readonly ok: false; readonly where: string; readonly why: string };

/** Reads a value of unknown origin as an AgentSpec. Never throws. */
export const readAgentSpec = (value: unknown): AgentSpecReading => {
  try {
    const result = spec.safeParse(value);
    if (result.success) return { ok: true, value: result.data };
    const [issue] = result.error.issues;
    return { ok: false, where: (issue?.path ?? []).join("."), why: issue?.message ?? "not an AgentSpec" };
  } catch (error) {
    // The reader goes down with the value; one that is deeper than any spec uses up the stack.
    if (isStackOverflow(error)) return { ok: false, where: "", why: "nested too deep" };
    throw error;
  }
};

const isStackOverflow = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "name" in error && error.name === "RangeError";
