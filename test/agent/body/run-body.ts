import { compileBody } from "#agent/body/compile.ts";
import type { BodyEvent } from "#agent/body/event.ts";
import type { Code } from "#agent/body/instructions.ts";
import type { BodyLimits } from "#agent/body/limits.ts";
import { BODY_LIMITS_DEFAULT } from "#agent/body/limits.ts";
import { advance } from "#agent/body/machine.ts";
import type { MachineState } from "#agent/body/state.ts";
import { resumeMachine, startMachine } from "#agent/body/state.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { FunctionDefinition, Parameter, Statement } from "#protocol/agent-spec.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { block } from "./ir.ts";

export interface BodyProgram {
  readonly body: readonly Statement[];
  readonly functions?: readonly FunctionDefinition[];
  /** Top-level functions of the file. */
  readonly shared?: readonly FunctionDefinition[];
  readonly parameters?: readonly Parameter[];
  readonly inputs?: JsonObject;
  readonly limits?: Partial<BodyLimits>;
  readonly sliceSteps?: number;
  /** What a tool call or a `reason` of the body gives; null for all when absent. */
  readonly world?: (event: Effect) => { readonly value: JsonValue; readonly labels?: readonly string[] };
  /** What happens to the state between any two events, such as a way through text. */
  readonly between?: (state: MachineState) => MachineState;
}

type Effect = Extract<BodyEvent, { k: "tool-wanted" | "reason-wanted" }>;
type End = Extract<BodyEvent, { k: "returned" | "failed" }>;

export interface BodyRun {
  readonly end: End;
  /** Every event before the end, slices left out. */
  readonly events: readonly BodyEvent[];
  readonly steps: number;
}

export const compile = (program: BodyProgram): Code =>
  compileBody(
    { functions: program.shared ?? [] },
    { functions: program.functions ?? [], parameters: program.parameters ?? [] },
    block(...program.body),
    BUILTIN_TOOLS,
  );

/** Runs a body to its end against a small world. */
export const runBody = (program: BodyProgram): BodyRun => {
  const limits = { ...BODY_LIMITS_DEFAULT, ...program.limits };
  const code = compile(program);
  const start = startMachine(code, program.inputs ?? {}, limits);
  if (!start.ok) return { end: failure(start.fault), events: [], steps: 0 };
  const events: BodyEvent[] = [];
  let state = start.value;
  for (;;) {
    const next = advance(code, state, limits, program.sliceSteps ?? 1_000_000);
    state = (program.between ?? ((same) => same))(next.state);
    const { event } = next;
    if (event.k === "returned" || event.k === "failed") return { end: event, events, steps: state.steps };
    if (event.k !== "paused") events.push(event);
    if (event.k === "tool-wanted" || event.k === "reason-wanted") {
      const { value, labels = [] } = program.world?.(event) ?? { value: null };
      const resumed = resumeMachine(state, value, labels, limits);
      if (!resumed.ok) return { end: failure(resumed.fault), events, steps: state.steps };
      state = resumed.value;
    }
  }
};

const failure = (fault: Extract<End, { k: "failed" }>["fault"]): End => ({
  k: "failed",
  fault,
  labels: [],
  span: [0, 0],
});

/** The value that a body returns, or the code that it fails with. */
export const outcome = (program: BodyProgram): JsonValue => {
  const { end } = runBody(program);
  return end.k === "returned" ? end.value : { failed: end.fault.code };
};

/** The outcome of a body of these statements. */
export const ran = (...body: readonly Statement[]): JsonValue => outcome({ body });
