import { byCodeUnits } from "#kernel/canonical-json.ts";
import { invariant, unreachable } from "#kernel/invariant.ts";
import type { JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import { ok } from "#kernel/result.ts";
import type { BinaryOperator } from "#protocol/agent-spec.ts";
import type { Span } from "#protocol/source.ts";
import type { Labels } from "../labels.ts";
import { joinLabels, NO_LABELS } from "../labels.ts";
import { PURE_BUILTINS } from "./builtins.ts";
import type { BodyEvent, Printed } from "./event.ts";
import { ended, logged, printedValues, reasonWanted, toolArguments } from "./event.ts";
import type { BodyFault, Evaluated } from "./failure.ts";
import { refuse } from "./failure.ts";
import type { Code, Instruction, PathStep } from "./instructions.ts";
import type { BodyLimits } from "./limits.ts";
import { OPEN_CALLS_MAX } from "./limits.ts";
import { labelsOfAll, Memory } from "./memory.ts";
import type { Step } from "./operators.ts";
import { binary, element, member, reached, replaced, unary } from "./operators.ts";
import type { MachineState, Slot } from "./state.ts";
import { bounded, bytesOf, isList, isTrue, kindOf, recordOf } from "./values.ts";

/**
 * What a step buys besides its instruction, so that a bound on steps is one on time: so many bytes
 * copied or looked at. Joining two texts costs nothing: the engine does it when the text is first
 * read, and whatever reads it pays.
 */
const BYTES_PER_STEP = 256;

/**
 * Runs a body from a state that is `running` to its next event, or for about `sliceSteps`. A
 * function of its arguments: the same state always leads to the same next one.
 */
export const advance = (
  code: Code,
  state: MachineState,
  limits: BodyLimits,
  sliceSteps: number,
): { readonly state: MachineState; readonly event: BodyEvent } => {
  invariant(state.status === "running", "a body advances only while it runs");
  const machine = new Machine(code, state, limits);
  const event = machine.run(state.steps + Math.max(1, sliceSteps));
  return { state: machine.state(), event };
};

/** The working copy of a state during one `advance`. */
class Machine {
  readonly #code: Code;
  readonly #limits: BodyLimits;
  readonly #memory: Memory;
  #pc: number;
  #status: MachineState["status"];
  #control: Labels;
  #steps: number;
  #prints: number;

  constructor(code: Code, state: MachineState, limits: BodyLimits) {
    this.#code = code;
    this.#limits = limits;
    this.#memory = new Memory(state);
    this.#pc = state.pc;
    this.#status = state.status;
    this.#control = state.control;
    this.#steps = state.steps;
    this.#prints = state.prints;
  }

  state(): MachineState {
    return {
      pc: this.#pc,
      status: this.#status,
      operands: this.#memory.operands,
      frames: this.#memory.frames,
      control: this.#control,
      steps: this.#steps,
      prints: this.#prints,
    };
  }

  run(stepsEnd: number): BodyEvent {
    for (;;) {
      if (this.#steps >= this.#limits.stepsMax) return this.#bound(`${this.#limits.stepsMax} steps`);
      if (this.#steps >= stepsEnd) return { k: "paused" };
      const instruction = this.#code.instructions[this.#pc];
      invariant(instruction !== undefined, "code ends with a return");
      this.#pc += 1;
      this.#steps += 1;
      const event = this.#execute(instruction) ?? this.#overfull();
      if (event !== null) return event;
    }
  }

  #overfull(): BodyEvent | null {
    const { heldBytesMax, operandsMax } = this.#limits;
    if (this.#memory.heldBytes > heldBytesMax) return this.#bound(`${heldBytesMax} bytes in variables`);
    if (this.#memory.operands.length > operandsMax) return this.#bound(`${operandsMax} operands at once`);
    return null;
  }

  #execute(instruction: Instruction): BodyEvent | null {
    const memory = this.#memory;
    switch (instruction.op) {
      case "push":
        return this.#give(bounded(instruction.value, this.#limits), NO_LABELS);
      case "drop":
        memory.takeAll(instruction.count);
        return null;
      case "load":
        memory.push(memory.variable(instruction.variable));
        return null;
      case "store":
        memory.store(instruction.variable, memory.take());
        return null;
      case "load-place":
        return this.#loadPlace(instruction);
      case "store-place":
        return this.#storePlace(instruction);
      case "member": {
        const object = memory.take();
        return this.#give(member(object.value, instruction.name), object.labels);
      }
      case "index": {
        const at = memory.take();
        const object = memory.take();
        return this.#give(element(object.value, at.value), joinLabels(object.labels, at.labels));
      }
      case "unary": {
        const operand = memory.take();
        return this.#give(unary(instruction.operator, operand.value), operand.labels);
      }
      case "binary": {
        const right = memory.take();
        const left = memory.take();
        this.#chargeBinary(instruction.operator, left.value, right.value);
        return this.#make(
          binary(instruction.operator, left.value, right.value),
          joinLabels(left.labels, right.labels),
        );
      }
      case "truth": {
        const operand = memory.take();
        return this.#give(ok(isTrue(operand.value)), operand.labels);
      }
      case "list": {
        const items = memory.takeAll(instruction.count);
        this.#steps += items.length >> 3;
        return this.#make(ok(valuesOf(items)), labelsOfAll(items));
      }
      case "record": {
        const values = memory.takeAll(instruction.names.length);
        const fields = instruction.names.map((name, index) => [name, values[index]?.value ?? null] as const);
        this.#steps += values.length >> 1;
        return this.#make(ok(recordOf(fields)), labelsOfAll(values));
      }
      case "jump":
        this.#pc = instruction.to;
        return null;
      case "branch": {
        const condition = memory.take();
        this.#decide(condition.labels);
        if (isTrue(condition.value) === instruction.when) this.#pc = instruction.to;
        return null;
      }
      case "iterate":
        return this.#iterate(instruction.variable);
      case "next":
        this.#next(instruction);
        return null;
      case "call":
        return this.#call(instruction);
      case "return":
        return this.#return();
      case "builtin":
        return this.#builtin(instruction.name, memory.takeAll(instruction.count));
      case "print": {
        const given = memory.takeAll(instruction.count);
        return this.#print(ok(printedValues(valuesOf(given), this.#limits)), labelsOfAll(given));
      }
      case "log": {
        const text = memory.take();
        const level = memory.take();
        const labels = joinLabels(level.labels, text.labels);
        return this.#print(logged(level.value, text.value, this.#limits), labels);
      }
      case "error": {
        const text = memory.take();
        return this.#failed(ended(text.value, this.#limits), text.labels);
      }
      case "tool":
        return this.#tool(instruction);
      case "reason":
        return this.#reason(instruction.names);
      case "fail":
        return this.#failed(refuse(instruction.code, instruction.message).fault, NO_LABELS);
      default:
        return unreachable(instruction);
    }
  }

  /** Puts an operation's value on the operands, or ends the run. */
  #give(outcome: Evaluated<JsonValue>, labels: Labels): BodyEvent | null {
    if (!outcome.ok) return this.#failed(outcome.fault, labels);
    this.#memory.push({ value: outcome.value, labels });
    return null;
  }

  /** `#give` for a value that was not there before and has to keep within the bounds. */
  #make(outcome: Evaluated<JsonValue>, labels: Labels): BodyEvent | null {
    return this.#give(outcome.ok ? bounded(outcome.value, this.#limits) : outcome, labels);
  }

  #charge(value: JsonValue): void {
    this.#steps += Math.floor(bytesOf(value) / BYTES_PER_STEP);
  }

  #chargeBinary(operator: BinaryOperator, left: JsonValue, right: JsonValue): void {
    if (operator === "+") {
      if (isList(left)) this.#charge(left);
      if (isList(right)) this.#charge(right);
    } else if (operator === "in") {
      if (!isJsonObject(right)) this.#charge(right);
    } else {
      // A comparison ends where the smaller one does.
      this.#charge(bytesOf(left) < bytesOf(right) ? left : right);
    }
  }

  /** What follows depends on something that carries these labels. */
  #decide(labels: Labels): void {
    this.#control = joinLabels(this.#control, labels);
  }

  #loadPlace({ variable, path }: Extract<Instruction, { op: "load-place" }>): BodyEvent | null {
    const indices = this.#memory.peek(indexCount(path));
    const root = this.#memory.variable(variable);
    const labels = joinLabels(root.labels, labelsOfAll(indices));
    return this.#give(reached(root.value, stepsOf(path, indices)), labels);
  }

  #storePlace({ variable, path }: Extract<Instruction, { op: "store-place" }>): BodyEvent | null {
    const value = this.#memory.take();
    const indices = this.#memory.takeAll(indexCount(path));
    const root = this.#memory.variable(variable);
    const labels = joinLabels(joinLabels(root.labels, labelsOfAll(indices)), value.labels);
    const changed = replaced(root.value, stepsOf(path, indices), value.value);
    const within = changed.ok ? bounded(changed.value, this.#limits) : changed;
    if (!within.ok) return this.#failed(within.fault, labels);
    this.#charge(within.value);
    this.#memory.store(variable, { value: within.value, labels });
    return null;
  }

  #iterate(variable: number): BodyEvent | null {
    const over = this.#memory.take();
    const items = isJsonObject(over.value) ? Object.keys(over.value).sort(byCodeUnits) : over.value;
    if (!isList(items)) {
      const message = `\`for\` goes over a list or a record, not a ${kindOf(over.value)}`;
      return this.#failed(refuse("BODY_KIND", message).fault, over.labels);
    }
    if (items !== over.value) this.#charge(items);
    this.#memory.store(variable, { value: items, labels: over.labels });
    this.#memory.store(variable + 1, { value: 0, labels: NO_LABELS });
    return null;
  }

  #next({ variable, item, done }: Extract<Instruction, { op: "next" }>): void {
    const items = this.#memory.variable(variable);
    const { value: at } = this.#memory.variable(variable + 1);
    invariant(isList(items.value) && typeof at === "number", "a loop keeps its list and its place");
    this.#decide(items.labels);
    const value = items.value[at];
    if (value === undefined) {
      this.#pc = done;
      return;
    }
    this.#memory.store(item, { value, labels: items.labels });
    this.#memory.store(variable + 1, { value: at + 1, labels: NO_LABELS });
  }

  #call({ function: number, order }: Extract<Instruction, { op: "call" }>): BodyEvent | null {
    const target = this.#code.functions[number];
    invariant(target !== undefined, "every function that is called was compiled");
    // The first frame is the body's own and no call.
    if (this.#memory.frames.length > OPEN_CALLS_MAX) {
      const message = `more than ${OPEN_CALLS_MAX} calls of functions within each other`;
      return this.#failed(refuse("BODY_RECURSION", message).fault, NO_LABELS);
    }
    const given = this.#memory.takeAll(order.length);
    const inOrder = order.flatMap((position) => given[position] ?? []);
    this.#steps += target.variableCount >> 3;
    this.#memory.open(number, target, this.#pc, inOrder);
    this.#pc = target.entry;
    return null;
  }

  #return(): BodyEvent | null {
    const result = this.#memory.take();
    const returnTo = this.#memory.close();
    if (returnTo === null) {
      this.#status = "ended";
      return { k: "returned", value: result.value, labels: joinLabels(result.labels, this.#control) };
    }
    this.#pc = returnTo;
    this.#memory.push(result);
    return null;
  }

  #builtin(name: string, given: readonly Slot[]): BodyEvent | null {
    const builtin = PURE_BUILTINS.get(name);
    invariant(builtin !== undefined, "every builtin of the table is implemented");
    const values = valuesOf(given);
    const result = builtin.evaluate(values, this.#limits);
    if (builtin.linear) {
      for (const value of values) this.#charge(value);
      if (result.ok) this.#charge(result.value);
    }
    return this.#make(result, labelsOfAll(given));
  }

  #print(printed: Evaluated<Printed>, given: Labels): BodyEvent {
    const labels = joinLabels(given, this.#control);
    if (!printed.ok) return this.#failed(printed.fault, labels);
    if (this.#prints >= this.#limits.printsMax) return this.#bound(`${this.#limits.printsMax} printed texts`);
    this.#prints += 1;
    this.#charge(printed.value.text);
    this.#memory.push({ value: null, labels: NO_LABELS });
    return { k: "printed", printed: printed.value, labels };
  }

  #tool({ tool, names, optional }: Extract<Instruction, { op: "tool" }>): BodyEvent {
    const given = this.#memory.takeAll(names.length);
    this.#status = "waiting";
    return {
      k: "tool-wanted",
      tool,
      arguments: toolArguments(names, valuesOf(given), optional),
      labels: joinLabels(labelsOfAll(given), this.#control),
      span: this.#span(),
    };
  }

  #reason(names: readonly string[]): BodyEvent {
    const given = this.#memory.takeAll(names.length);
    const labels = joinLabels(labelsOfAll(given), this.#control);
    const wanted = reasonWanted(names, valuesOf(given));
    if (!wanted.ok) return this.#failed(wanted.fault, labels);
    this.#status = "waiting";
    return { k: "reason-wanted", reason: wanted.value, labels, span: this.#span() };
  }

  #bound(what: string): BodyEvent {
    return this.#failed(refuse("BODY_BOUND", `the body came to its bound of ${what}`).fault, NO_LABELS);
  }

  #failed(fault: BodyFault, labels: Labels): BodyEvent {
    this.#status = "ended";
    return { k: "failed", fault, labels: joinLabels(labels, this.#control), span: this.#span() };
  }

  /** Of the instruction that is being executed. */
  #span(): Span {
    return this.#code.spans[this.#pc - 1] ?? [0, 0];
  }
}

const valuesOf = (slots: readonly Slot[]): readonly JsonValue[] => slots.map((slot) => slot.value);

const indexCount = (path: readonly PathStep[]): number =>
  path.reduce((count, step) => (step.k === "index" ? count + 1 : count), 0);

const stepsOf = (path: readonly PathStep[], indices: readonly Slot[]): readonly Step[] => {
  let next = 0;
  return path.map((step): Step => {
    if (step.k === "member") return step;
    const at = indices[next]?.value ?? null;
    next += 1;
    return { k: "index", at };
  });
};
