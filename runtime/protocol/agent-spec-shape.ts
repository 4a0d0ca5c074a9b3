import * as z from "zod/mini";

import type { Sha256 } from "#kernel/digest.ts";
import { DURATION_MS_MAX } from "#kernel/duration.ts";
import type {
  AgentSpec,
  Argument,
  Block,
  DataBlock,
  DataValue,
  Expression,
  MatchArm,
  PlaceStep,
  Statement,
  TypeReference,
} from "./agent-spec.ts";
import { AGENT_SPEC_VERSION, SANDBOX_TIERS } from "./agent-spec.ts";
import {
  CALL_TIMEOUT_MS_MAX,
  isWithin,
  LABELS_MAX,
  LIMIT_RANGES,
  type LimitRange,
  pathMistake,
  SOURCE_BYTES_MAX,
} from "./agent-spec-bounds.ts";
import { BUILTINS, METHODS } from "./builtins.ts";
import { ACTION_NAMES } from "./policy-vocabulary.ts";

/*
 * The members and types of AgentSpec, version 1: what docs/formats/agent-spec.md says of each object by
 * itself. It is asked about JSON that was copied and found well-formed (agent-spec-json.ts); what objects
 * have to do with each other is for agent-spec-whole.ts.
 */

const offset = z.number().check(z.int(), z.nonnegative());
const text = z.string();
const name = text;
const number = z.number();
const sha256 = z.custom<Sha256>((value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value));

const span = z
  .readonly(z.tuple([offset, offset]))
  .check(z.refine(([start, end]) => start <= end, "ends before it starts"));
const position = offset.check(z.positive());
const range = z
  .strictObject({ span, line: position, column: position, endLine: position, endColumn: position })
  .check(
    z.refine(
      ({ line, column, endLine, endColumn }) => endLine > line || (endLine === line && endColumn >= column),
      "ends before it starts",
    ),
  );

const literal = z.union([text, number, z.boolean(), z.null()]);
const scalar = z.union([text, number.check(z.int()), z.boolean()]);

const data: z.ZodMiniType<DataValue> = z.lazy(() =>
  z.union([
    literal,
    z.array(data),
    z.strictObject({ ref: text }),
    z.strictObject({ duration: text }),
    z.strictObject({ size: text }),
    z.strictObject({ block: dataBlock }),
  ]),
);
// The keys are texts of the file; what stands behind each is asked about one by one, `__proto__` included.
const dataBlock = z.custom<DataBlock>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((member) => z.safeParse(data, member).success),
  "a block of values that are kept as data",
);

const type: z.ZodMiniType<TypeReference> = z.lazy(() =>
  z.strictObject({ name, arguments: z.array(type), span }),
);

/* ---- bodies ---- */

const lazyExpression: z.ZodMiniType<Expression> = z.lazy(() => expression);
const lazyStatement: z.ZodMiniType<Statement> = z.lazy(() => statement);
const block: z.ZodMiniType<Block> = z.strictObject({ statements: z.array(lazyStatement), span });
const argument: z.ZodMiniType<Argument> = z.strictObject({ name: z.nullable(name), value: lazyExpression });

const target = z.discriminatedUnion("k", [
  z.strictObject({ k: z.literal("function"), scope: z.enum(["agent", "file"]), name }),
  z.strictObject({ k: z.literal("builtin"), name: z.enum(BUILTINS.map((builtin) => builtin.name)) }),
  z.strictObject({ k: z.literal("tool"), name }),
  z.strictObject({ k: z.literal("method"), name: z.enum(METHODS) }),
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

const patternArguments = z.array(
  z.discriminatedUnion("k", [
    z.strictObject({ k: z.literal("bind"), parameter: name, as: name }),
    z.strictObject({ k: z.literal("equals"), parameter: name, value: scalar }),
  ]),
);

const nothing = z.readonly(z.tuple([]));

const pattern = z.discriminatedUnion("kind", [
  z.strictObject({ name: z.literal("*"), kind: z.literal("any"), arguments: nothing, span }),
  z.strictObject({ name: z.enum(ACTION_NAMES), kind: z.literal("action"), arguments: nothing, span }),
  z.strictObject({ name, kind: z.literal("tool"), arguments: patternArguments, span }),
]);

const requirement = z.discriminatedUnion("k", [
  z.strictObject({ k: z.literal("approval") }),
  z.strictObject({ k: z.literal("sandbox-tier"), tier }),
  z.strictObject({ k: z.literal("timeout"), timeoutMs: position.check(z.maximum(CALL_TIMEOUT_MS_MAX)) }),
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

const labels = z.array(z.string().check(z.regex(/^[a-z0-9:_.-]{1,64}$/))).check(
  z.maxLength(LABELS_MAX),
  z.refine(
    (all) => all.every((label, index) => index === 0 || (all[index - 1] ?? "") < label),
    "labels are sorted, each once",
  ),
);

const parameter = z.strictObject({ name, type, labels, range });

const functionDefinition = z.strictObject({
  name,
  parameters: z.array(parameter),
  returns: z.nullable(type),
  body: block,
  range,
});

const limited = (bounds: LimitRange) =>
  z.nullable(
    z.strictObject({
      value: number.check(z.refine((value) => isWithin(value, bounds), "out of range")),
      range,
    }),
  );

const agent = z.strictObject({
  name,
  parameters: z.array(parameter),
  returns: z.nullable(type),
  capabilities: z.array(z.strictObject({ name, range })),
  sandboxFloor: z.nullable(z.strictObject({ tier, range })),
  limits: z.strictObject({
    timeoutMs: limited(LIMIT_RANGES.timeoutMs),
    iterationsMax: limited(LIMIT_RANGES.iterationsMax),
    tokensMax: limited(LIMIT_RANGES.tokensMax),
    memoryBytesMax: limited(LIMIT_RANGES.memoryBytesMax),
    cpuCoresMax: limited(LIMIT_RANGES.cpuCoresMax),
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

/** Members and types of a spec. */
export const specShape: z.ZodMiniType<AgentSpec> = z.strictObject({
  v: z.literal(AGENT_SPEC_VERSION),
  isWhole: z.boolean(),
  source: z.strictObject({
    path: text.check(z.refine((path) => pathMistake(path) === undefined, "not a path of a workspace")),
    digest: sha256,
    sizeBytes: offset.check(z.maximum(SOURCE_BYTES_MAX)),
    dialect: z.enum(["D1", "D2", "D3", "D4", "D5", "D6", "D7", "unknown"]),
  }),
  metadata: z.array(z.strictObject({ key: text, value: data, range })),
  agents: z.array(agent),
  policies: z.array(policy),
  functions: z.array(functionDefinition),
  types: z.array(typeDefinition),
  triggers: z.array(
    z.strictObject({
      kind: z.enum(["schedule", "webhook", "memory", "channel"]),
      name,
      agent: z.nullable(name),
      attributes: dataBlock,
      range,
    }),
  ),
});
