import type { AgentSpec, Block, DataValue, Expression, PolicyBlock, TypeReference } from "./agent-spec.ts";
import { BODY_DEPTH_MAX, CONDITION_DEPTH_MAX, DATA_DEPTH_MAX } from "./agent-spec-bounds.ts";
import { type Path, pointer, type SpecMistake } from "./agent-spec-json.ts";
import { type Inside, insideExpression, insideStatement } from "./agent-spec-tree.ts";

/** Nesting: 1 for a leaf, one more for each expression, block, type or value around it. */

export const depthOfExpression = (expression: Expression): number =>
  1 + depthInside(insideExpression(expression));

export const depthOfBlock = (block: Block): number =>
  1 + deepest(block.statements.map((statement) => depthInside(insideStatement(statement))));

const depthInside = ({ expressions, blocks }: Inside): number =>
  Math.max(
    deepest(expressions.map(([, expression]) => depthOfExpression(expression))),
    deepest(blocks.map(([, block]) => depthOfBlock(block))),
  );

export const depthOfType = (type: TypeReference): number => 1 + deepest(type.arguments.map(depthOfType));

const depthOfData = (value: DataValue): number => {
  if (typeof value !== "object" || value === null) return 1;
  if (isList(value)) return 1 + deepest(value.map(depthOfData));
  return "block" in value ? 1 + deepest(Object.values(value.block).map(depthOfData)) : 1;
};

const isList = (value: DataValue): value is readonly DataValue[] => Array.isArray(value);

/** By hand, because a list may be longer than the arguments that `Math.max` takes. */
const deepest = (depths: readonly number[]): number =>
  depths.reduce((most, depth) => Math.max(most, depth), 0);

/** The first thing of a spec that is nested deeper than version 1 allows. */
export const depthMistake = (spec: AgentSpec): SpecMistake | undefined => {
  for (const [path, depth, depthMax] of depthsOf(spec)) {
    if (depth > depthMax) return { where: pointer(path), why: `nested ${depth} deep, at most ${depthMax}` };
  }
  return undefined;
};

type Measured = readonly [path: Path, depth: number, depthMax: number];

function* depthsOf(spec: AgentSpec): Generator<Measured> {
  for (const [index, { value }] of spec.metadata.entries()) {
    yield [["metadata", index, "value"], depthOfData(value), DATA_DEPTH_MAX];
  }
  for (const [index, agent] of spec.agents.entries()) {
    const path = ["agents", index] as const;
    yield* signature(path, agent);
    yield* functions(path, agent.functions);
    yield* conditions(path, agent.policies);
    if (agent.body !== null) yield [[...path, "body"], depthOfBlock(agent.body), BODY_DEPTH_MAX];
  }
  yield* conditions([], spec.policies);
  yield* functions([], spec.functions);
  for (const [index, { fields, alias }] of spec.types.entries()) {
    const path = ["types", index] as const;
    if (alias !== null) yield [[...path, "alias"], depthOfType(alias), DATA_DEPTH_MAX];
    for (const [at, { type }] of (fields ?? []).entries()) {
      yield [[...path, "fields", at, "type"], depthOfType(type), DATA_DEPTH_MAX];
    }
  }
  for (const [index, { attributes }] of spec.triggers.entries()) {
    for (const [key, value] of Object.entries(attributes)) {
      yield [["triggers", index, "attributes", key], depthOfData(value), DATA_DEPTH_MAX];
    }
  }
}

function* functions(path: Path, all: AgentSpec["functions"]): Generator<Measured> {
  for (const [index, one] of all.entries()) {
    yield* signature([...path, "functions", index], one);
    yield [[...path, "functions", index, "body"], depthOfBlock(one.body), BODY_DEPTH_MAX];
  }
}

function* signature(
  path: Path,
  { parameters, returns }: Pick<AgentSpec["functions"][number], "parameters" | "returns">,
): Generator<Measured> {
  for (const [index, { type }] of parameters.entries()) {
    yield [[...path, "parameters", index, "type"], depthOfType(type), DATA_DEPTH_MAX];
  }
  if (returns !== null) yield [[...path, "returns"], depthOfType(returns), DATA_DEPTH_MAX];
}

function* conditions(path: Path, policies: readonly PolicyBlock[]): Generator<Measured> {
  for (const [index, { rules }] of policies.entries()) {
    for (const [at, { condition }] of rules.entries()) {
      if (condition === null) continue;
      const place = [...path, "policies", index, "rules", at, "condition"];
      yield [place, depthOfExpression(condition), CONDITION_DEPTH_MAX];
    }
  }
}
