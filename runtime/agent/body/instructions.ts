import type { JsonValue } from "#kernel/json.ts";
import type { Span } from "#protocol/source.ts";
import type { BodyFault } from "./failure.ts";
import type { EagerOperator } from "./operators.ts";

/*
 * The code that a body is compiled to: one flat list of instructions for a machine with an
 * operand stack and numbered variables. Between any two of them the whole state of a run of the
 * body is data, which is what makes it stop, resume and step backwards.
 */

export interface Code {
  readonly instructions: readonly Instruction[];
  /** The place in the source of each instruction. */
  readonly spans: readonly Span[];
  /** Instructions at which a statement begins, ascending. */
  readonly statements: readonly number[];
  /** The agent's body first, then every function that it can reach. */
  readonly functions: readonly CompiledFunction[];
}

export interface CompiledFunction {
  readonly name: string;
  readonly entry: number;
  /** They are the first variables, in order. */
  readonly parameters: readonly CompiledParameter[];
  readonly variableCount: number;
  /** Which variable has which name where, for people who look at a run. */
  readonly variables: readonly VariableScope[];
}

export interface CompiledParameter {
  readonly name: string;
  readonly labels: readonly string[];
}

export interface VariableScope {
  readonly name: string;
  readonly variable: number;
  /** Half-open range of instructions in which the name means it. */
  readonly from: number;
  readonly to: number;
}

export type PathStep = { readonly k: "member"; readonly name: string } | { readonly k: "index" };

/** In `…` stands what the instruction takes from the operands, then what it puts there. */
export type Instruction =
  /** `… -> value` */
  | { readonly op: "push"; readonly value: JsonValue }
  /** `value… ->` */
  | { readonly op: "drop"; readonly count: number }
  /** `… -> value` */
  | { readonly op: "load"; readonly variable: number }
  /** `value ->` */
  | { readonly op: "store"; readonly variable: number }
  /** `index… -> index… value`: reads a place whose indices stay for the store that follows. */
  | { readonly op: "load-place"; readonly variable: number; readonly path: readonly PathStep[] }
  /** `index… value ->` */
  | { readonly op: "store-place"; readonly variable: number; readonly path: readonly PathStep[] }
  /** `record -> value` */
  | { readonly op: "member"; readonly name: string }
  /** `value index -> value` */
  | { readonly op: "index" }
  /** `value -> value` */
  | { readonly op: "unary"; readonly operator: "!" | "-" }
  /** `left right -> value` */
  | { readonly op: "binary"; readonly operator: EagerOperator }
  /** `value -> boolean` */
  | { readonly op: "truth" }
  /** `item… -> list` */
  | { readonly op: "list"; readonly count: number }
  /** `value… -> record` */
  | { readonly op: "record"; readonly names: readonly string[] }
  | { readonly op: "jump"; readonly to: number }
  /** `value ->`, jumps when the value's truth is `when` */
  | { readonly op: "branch"; readonly when: boolean; readonly to: number }
  /** `over ->`: the items of a list or the names of a record into one variable, 0 into the next. */
  | { readonly op: "iterate"; readonly variable: number }
  /** Puts the next item into `item` and goes on, or jumps where there is none. */
  | { readonly op: "next"; readonly variable: number; readonly item: number; readonly done: number }
  /** `argument… -> result`; `order[i]` is the operand, counted from the first, of parameter i. */
  | { readonly op: "call"; readonly function: number; readonly order: readonly number[] }
  /** `value ->`: the result of the function or of the body. */
  | { readonly op: "return" }
  /** `argument… -> result` */
  | { readonly op: "builtin"; readonly name: string; readonly count: number }
  /** `argument… -> null` */
  | { readonly op: "print"; readonly count: number }
  /** `level text -> null` */
  | { readonly op: "log" }
  /** `text ->` */
  | { readonly op: "error" }
  /** `argument… -> result`; a null for a name of `optional` is left out. */
  | {
      readonly op: "tool";
      readonly tool: string;
      readonly names: readonly string[];
      readonly optional: readonly string[];
    }
  /** `argument… -> record` */
  | { readonly op: "reason"; readonly names: readonly string[] }
  /** Where lowering made no sense: nothing is guessed, the run ends here. */
  | { readonly op: "fail"; readonly code: BodyFault["code"]; readonly message: string };

/** The source offset at which the statement of an instruction begins. */
export const statementOffset = (code: Code, pc: number): number => {
  let low = 0;
  let high = code.statements.length - 1;
  let found = 0;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const start = code.statements[middle] ?? 0;
    if (start <= pc) {
      found = start;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return code.spans[found]?.[0] ?? 0;
};

/** Whether the code takes a field of this name from any record, or has the name as a text to take it by. */
export const namesField = ({ instructions }: Code, name: string): boolean =>
  instructions.some((instruction) => {
    switch (instruction.op) {
      case "member":
        return instruction.name === name;
      case "push":
        return instruction.value === name;
      case "load-place":
        return instruction.path.some((step) => step.k === "member" && step.name === name);
      default:
        return false;
    }
  });
