import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { ok } from "#kernel/result.ts";
import type { Labels } from "../labels.ts";
import { joinLabels, NO_LABELS } from "../labels.ts";
import type { Evaluated } from "./failure.ts";
import { refuse } from "./failure.ts";
import type { Code } from "./instructions.ts";
import type { BodyLimits } from "./limits.ts";
import { admitted } from "./values.ts";

/**
 * All of a body's run between two instructions, as JSON. Written out and read back it goes on as
 * if nothing had happened.
 *
 * **Labels.** Every variable and operand carries the labels of what its value was made from; a
 * list or record carries those of all its parts. A decision (`if`, `match`, `&&`, `||`, how often
 * a `for` runs) on a labelled value adds its labels to `control`, and stays there: from then on
 * everything that leaves the body (a call's arguments, a result, a printed text) carries them too,
 * whichever way was taken. So also what a branch did not do tells nothing without its label. The
 * price is that labels only grow while a body runs. Not covered: that a run ends at all, and when.
 */
export interface MachineState {
  /** The next instruction. */
  readonly pc: number;
  /** `waiting`: the value of a tool call or of `reason` is awaited. */
  readonly status: "running" | "waiting" | "ended";
  readonly operands: readonly Slot[];
  /** Open calls, the agent's body first. */
  readonly frames: readonly Frame[];
  readonly control: Labels;
  readonly steps: number;
  readonly prints: number;
}

export interface Slot {
  readonly value: JsonValue;
  readonly labels: Labels;
}

export interface Frame {
  /** Number in `Code.functions`. */
  readonly function: number;
  /** The instruction behind the call. */
  readonly returnTo: number;
  /** Operands of the callers below those of this call. */
  readonly operandsBelow: number;
  readonly variables: readonly Slot[];
}

export const EMPTY_SLOT: Slot = { value: null, labels: NO_LABELS };

/** The state before the first instruction. `inputs` has a value for every parameter of the agent. */
export const startMachine = (code: Code, inputs: JsonObject, limits: BodyLimits): Evaluated<MachineState> => {
  const main = code.functions[0];
  if (main === undefined) return refuse("BODY_MALFORMED", "the body has no code");
  const variables: Slot[] = Array.from({ length: main.variableCount }, () => EMPTY_SLOT);
  for (const [index, { name, labels }] of main.parameters.entries()) {
    const given = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (given === undefined) return refuse("BODY_MISSING", "a parameter of the agent has no input");
    const value = admitted(given, limits);
    if (!value.ok) return value;
    variables[index] = { value: value.value, labels };
  }
  return ok({
    pc: main.entry,
    status: "running",
    operands: [],
    frames: [{ function: 0, returnTo: 0, operandsBelow: 0, variables }],
    control: NO_LABELS,
    steps: 0,
    prints: 0,
  });
};

/** The state after the awaited value came; only for a state that is `waiting`. */
export const resumeMachine = (
  state: MachineState,
  value: JsonValue,
  labels: Labels,
  limits: BodyLimits,
): Evaluated<MachineState> => {
  if (state.status !== "waiting") return refuse("BODY_MALFORMED", "the body does not wait for a value");
  const known = admitted(value, limits);
  if (!known.ok) return known;
  return ok({
    ...state,
    status: "running",
    operands: [...state.operands, { value: known.value, labels: joinLabels(labels, NO_LABELS) }],
  });
};
