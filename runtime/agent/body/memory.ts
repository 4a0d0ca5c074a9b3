import { invariant } from "#kernel/invariant.ts";
import type { Labels } from "../labels.ts";
import { joinLabels, NO_LABELS } from "../labels.ts";
import type { CompiledFunction } from "./instructions.ts";
import type { Frame, MachineState, Slot } from "./state.ts";
import { EMPTY_SLOT } from "./state.ts";
import { bytesOf } from "./values.ts";

/** The operands and open calls of a body while it runs: a working copy of those of its state. */
export class Memory {
  readonly operands: Slot[];
  readonly frames: OpenFrame[];
  #frame: OpenFrame;
  #heldBytes = 0;

  constructor({ operands, frames }: Pick<MachineState, "operands" | "frames">) {
    this.operands = [...operands];
    this.frames = frames.map((frame) => ({ ...frame, variables: [...frame.variables] }));
    const innermost = this.frames.at(-1);
    invariant(innermost !== undefined, "a body has at least its own frame");
    this.#frame = innermost;
    for (const slot of this.operands) this.#hold(slot, 1);
    for (const frame of this.frames) {
      for (const slot of frame.variables) this.#hold(slot, 1);
    }
  }

  /** Bytes of all operands and variables, a value counted wherever it stands. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  push(slot: Slot): void {
    this.operands.push(slot);
    this.#hold(slot, 1);
  }

  take(): Slot {
    const slot = this.operands.pop();
    invariant(slot !== undefined, "an instruction finds its operands");
    this.#hold(slot, -1);
    return slot;
  }

  /** So many operands in the order in which they were put there. */
  takeAll(count: number): readonly Slot[] {
    invariant(this.operands.length >= count, "an instruction finds its operands");
    const taken = this.operands.splice(this.operands.length - count, count);
    for (const slot of taken) this.#hold(slot, -1);
    return taken;
  }

  /** The last operands, which stay. */
  peek(count: number): readonly Slot[] {
    return this.operands.slice(this.operands.length - count);
  }

  variable(number: number): Slot {
    const slot = this.#frame.variables[number];
    invariant(slot !== undefined, "a variable's number lies within its frame");
    return slot;
  }

  store(number: number, slot: Slot): void {
    this.#hold(this.variable(number), -1);
    this.#hold(slot, 1);
    this.#frame.variables[number] = slot;
  }

  /** Opens a call; `given` has an argument for every parameter, in their order. */
  open(number: number, target: CompiledFunction, returnTo: number, given: readonly Slot[]): void {
    const variables: Slot[] = Array.from({ length: target.variableCount }, () => EMPTY_SLOT);
    for (const slot of variables) this.#hold(slot, 1);
    this.#frame = { function: number, returnTo, operandsBelow: this.operands.length, variables };
    this.frames.push(this.#frame);
    for (const [index, { labels }] of target.parameters.entries()) {
      const slot = given[index];
      invariant(slot !== undefined, "every parameter has an argument");
      this.store(index, { value: slot.value, labels: joinLabels(slot.labels, labels) });
    }
  }

  /** Ends the innermost call and drops its operands; where its caller goes on, or null when it was the body itself. */
  close(): number | null {
    const { returnTo, operandsBelow, variables } = this.#frame;
    this.takeAll(this.operands.length - operandsBelow);
    const caller = this.frames.at(-2);
    if (caller === undefined) return null;
    for (const slot of variables) this.#hold(slot, -1);
    this.frames.pop();
    this.#frame = caller;
    return returnTo;
  }

  #hold(slot: Slot, sign: 1 | -1): void {
    this.#heldBytes += sign * bytesOf(slot.value);
  }
}

interface OpenFrame extends Frame {
  readonly variables: Slot[];
}

export const labelsOfAll = (slots: readonly Slot[]): Labels => {
  let labels = NO_LABELS;
  for (const slot of slots) labels = joinLabels(labels, slot.labels);
  return labels;
};
