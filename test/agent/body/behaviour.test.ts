import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import type { BodyEvent } from "#agent/body/event.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { AgentDefinition, AgentSpec, Block } from "#protocol/agent-spec.ts";
import { expectGolden } from "#test/kit/golden.ts";
import { lower, marked } from "#test/language-server/kit.ts";
import { AGENT, BEHAVIOUR_CASES, type Effect, FILE, INPUTS } from "./behaviour-cases.ts";
import { runBody } from "./run-body.ts";

/*
 * What bodies do, as data for whoever writes another interpreter: docs/formats/agent-spec.md says how
 * test/vectors/agent-spec/behaviour.json is to be read.
 */

const FILE_OF_VECTORS = new URL("../../vectors/agent-spec/behaviour.json", import.meta.url);

interface Vector {
  readonly text: string;
  readonly body: Block;
  readonly effects: readonly Effect[];
  /** Of a body that ends. */
  readonly result?: JsonValue;
  /** The span of what erred. */
  readonly error?: readonly [number, number];
}

interface Vectors {
  readonly agent: Pick<AgentDefinition, "parameters" | "functions">;
  readonly functions: AgentSpec["functions"];
  readonly inputs: JsonObject;
  readonly cases: readonly Vector[];
}

const HEAD = `${FILE}\nagent a(text: String, n: int, xs: Array<int>, r: Map<String, int>) {${AGENT}\n  with {\n`;

const specOf = (statements: string): AgentSpec => {
  const { value, problems } = lower(`${HEAD}${statements}\n  }\n}\n`);
  if (value?.isWhole !== true) throw new Error(`${statements}\n${JSON.stringify(problems, null, 1)}`);
  return value;
};

const agentOf = (spec: AgentSpec): AgentDefinition => {
  const [agent] = spec.agents;
  if (agent === undefined) throw new Error("there is an agent");
  return agent;
};

const made = (): Vectors => {
  const spec = specOf("");
  const { parameters, functions } = agentOf(spec);
  const cases = BEHAVIOUR_CASES.map(([statements, result, effects = []]): Vector => {
    const { text, spans } = marked(`${HEAD}${statements}`);
    const [error] = spans;
    const plain = text.slice(HEAD.length);
    const { body } = agentOf(specOf(plain));
    if (body === null) throw new Error(`${statements} says nothing`);
    return { text: plain, body, effects, ...(error === undefined ? { result: result ?? null } : { error }) };
  });
  return { agent: { parameters, functions }, functions: spec.functions, inputs: INPUTS, cases };
};

/** One line for each case. */
const written = ({ cases, ...shared }: Vectors): string => {
  const lines = cases.map((one) => JSON.stringify(one)).join(",\n");
  return `${JSON.stringify(shared).slice(0, -1)},"cases":[\n${lines}\n]}\n`;
};

const effectOf = (event: BodyEvent): readonly Effect[] => {
  switch (event.k) {
    case "printed":
      return event.printed.level === null
        ? [{ print: event.printed.text }]
        : [{ log: event.printed.level, text: event.printed.text }];
    case "tool-wanted":
      return [{ tool: event.tool, arguments: event.arguments }];
    case "reason-wanted":
      return [{ reason: { ...event.reason } }];
    default:
      return [];
  }
};

const outcomeOf = (
  { body }: Vector,
  { agent, functions, inputs }: Vectors,
): Omit<Vector, "text" | "body"> => {
  const { end, events } = runBody({
    body: body.statements,
    functions: agent.functions,
    shared: functions,
    parameters: agent.parameters,
    inputs,
    // A tool gives its arguments back, the model what it was asked.
    world: (event) => ({
      value:
        event.k === "tool-wanted"
          ? event.arguments
          : {
              response: event.reason.user,
              iterations: 1,
              total_tokens: 2,
              termination_reason: "completed",
            },
    }),
  });
  const effects = events.flatMap(effectOf);
  return end.k === "returned" ? { effects, result: end.value } : { effects, error: end.span };
};

test("the vectors are the cases, lowered", () => {
  expectGolden(FILE_OF_VECTORS, written(made()));
});

describe("a body does what its vector says", () => {
  const vectors = JSON.parse(readFileSync(FILE_OF_VECTORS, "utf8")) as Vectors;
  test.each(vectors.cases.map((vector) => [vector.text, vector] as const))("%s", (_text, vector) => {
    const { text: _, body: __, ...expected } = vector;
    expect(outcomeOf(vector, vectors)).toEqual(expected);
  });
});
