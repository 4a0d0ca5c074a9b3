import { describe, expect, test } from "vitest";
import { programOf } from "#agent/program.ts";
import type { Program } from "#agent/program.ts";
import type { RunInput } from "#agent/input.ts";
import type { Command, Step } from "#agent/state.ts";
import { begin, transition } from "#agent/transition.ts";
import { lowered, requestOf } from "./world.ts";

/** The program of an agent whose `topic` carries the label `private`; files give no labels to parameters yet. */
const labelled = (body: string | null): Program => {
  const source = `agent helper(topic: String, plain: String) {
    policy p { allow: [read_file, write_file, publish_file] }
    ${body === null ? "" : `with { ${body} }`}
  }`;
  const spec = lowered(source);
  const agents = spec.agents.map((agent) => ({
    ...agent,
    parameters: agent.parameters.map((parameter) =>
      parameter.name === "topic" ? { ...parameter, labels: ["private"] } : parameter,
    ),
  }));
  const program = programOf({ ...requestOf({}), spec: { ...spec, agents } });
  if (!program.ok) throw new Error(program.fault.message);
  return program.value;
};

const INPUTS = { k: "started", inputs: { topic: "t", plain: "p" } } as const;

/** Labels of each thing that leaves the run, by what it is. */
const leaving = (steps: readonly Step[]): readonly (readonly [string, readonly string[]])[] =>
  steps.flatMap(({ commands }) =>
    commands.flatMap((command: Command): (readonly [string, readonly string[]])[] => {
      switch (command.k) {
        case "perform":
          return command.calls.map((call) => [call.tool, call.labels]);
        case "call-model":
        case "respond":
          return [[command.k, command.labels]];
        case "end":
          return [["end", command.end.labels]];
        default:
          return [];
      }
    }),
  );

const steps = (program: Program, ...inputs: readonly RunInput[]): readonly Step[] => {
  const all = [begin(program, INPUTS)];
  for (const input of inputs) all.push(transition(program, (all.at(-1) as Step).state, input));
  return all;
};

const settled = (reference: string, labels: readonly string[]): RunInput => ({
  k: "call-settled",
  reference,
  status: "done",
  text: "x",
  value: "x",
  labels,
  changes: reference === "0.0" ? [{ path: "a", kind: "created" }] : [],
});

const answer = (text: string, ...tools: readonly string[]): RunInput => ({
  k: "model-answered",
  finish: tools.length === 0 ? "stop" : "tool-calls",
  text,
  toolCalls: tools.map((tool) => ({ callId: "", tool, argumentsText: "{}" })),
  inputTokens: 1,
  outputTokens: 1,
});

const responded: RunInput = { k: "response-settled", status: "done", text: "" };

describe("labels go with everything that leaves a run", () => {
  test("a loop: those of the inputs, and of every result that the model saw", () => {
    const way = steps(
      labelled(null),
      answer("", "read_file"),
      settled("1.0", ["file", "private"]),
      answer("", "write_file"),
      settled("2.0", []),
      answer("done"),
      responded,
    );
    expect(leaving(way)).toEqual([
      ["call-model", ["private"]],
      ["read_file", ["private"]],
      ["call-model", ["file", "private"]],
      ["write_file", ["file", "private"]],
      ["call-model", ["file", "private"]],
      ["respond", ["file", "private"]],
      ["end", ["file", "private"]],
    ]);
  });

  test("a body: those of the values, and for good those that it decided by", () => {
    const way = steps(
      labelled(
        'write_file("a", plain); write_file("b", topic); if topic == "t" { } write_file("c", plain); return plain;',
      ),
      settled("0.0", []),
      settled("0.1", ["private"]),
      settled("0.2", ["private"]),
      responded,
      settled("0.3", []),
    );
    expect(leaving(way)).toEqual([
      ["write_file", []],
      ["write_file", ["private"]],
      ["write_file", ["private"]],
      ["respond", ["private"]],
      ["publish_file", []],
      ["end", ["private"]],
    ]);
  });

  test("reason in a body: of what it was given, and what it learned comes back with it", () => {
    const way = steps(
      labelled('let a = reason("s", plain); write_file("a", a.response); return plain;'),
      answer("", "read_file"),
      settled("1.0", ["file"]),
      answer("said"),
      settled("0.0", ["file"]),
    );
    expect(leaving(way)).toEqual([
      ["call-model", []],
      ["read_file", []],
      ["call-model", ["file"]],
      ["write_file", ["file"]],
      ["respond", []],
    ]);
  });
});
