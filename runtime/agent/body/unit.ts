import type { FunctionDefinition, FunctionScope } from "#protocol/agent-spec.ts";
import type { Span } from "#protocol/source.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import type { Instruction } from "./instructions.ts";

export interface WantedFunction {
  readonly definition: FunctionDefinition;
  /** Where it stands: a top-level function calls only its like. */
  readonly home: FunctionScope;
}

/** One compilation: the growing list of instructions, and which functions are wanted. */
export class Unit {
  readonly tools: ReadonlyMap<string, ToolDescriptor>;
  readonly instructions: Instruction[] = [];
  readonly spans: Span[] = [];
  readonly statements: number[] = [];
  /** In the order of their numbers, which begin at 1; the body itself is 0. Grows while functions are compiled. */
  readonly wanted: WantedFunction[] = [];
  readonly #functions: { readonly [scope in FunctionScope]: ReadonlyMap<string, FunctionDefinition> };
  readonly #numbers = new Map<FunctionDefinition, number>();

  constructor(
    own: readonly FunctionDefinition[],
    shared: readonly FunctionDefinition[],
    tools: readonly ToolDescriptor[],
  ) {
    this.#functions = { agent: byName(own), file: byName(shared) };
    this.tools = new Map(tools.map((tool) => [tool.name, tool]));
  }

  /** The number that the next instruction will have. */
  get here(): number {
    return this.instructions.length;
  }

  emit(instruction: Instruction, span: Span): number {
    this.instructions.push(instruction);
    this.spans.push(span);
    return this.here - 1;
  }

  /** Replaces an instruction whose target was not known when it was emitted. */
  patch(at: number, instruction: Instruction): void {
    this.instructions[at] = instruction;
  }

  beginStatement(): void {
    if (this.statements.at(-1) !== this.here) this.statements.push(this.here);
  }

  /** The function that a call means, with its number. */
  want({
    scope,
    name,
  }: {
    readonly scope: FunctionScope;
    readonly name: string;
  }): { readonly definition: FunctionDefinition; readonly number: number } | null {
    const definition = this.#functions[scope].get(name);
    if (definition === undefined) return null;
    const known = this.#numbers.get(definition);
    if (known !== undefined) return { definition, number: known };
    const number = this.wanted.push({ definition, home: scope });
    this.#numbers.set(definition, number);
    return { definition, number };
  }
}

/** The first of a name counts; lowering refuses a second one. */
const byName = (functions: readonly FunctionDefinition[]): ReadonlyMap<string, FunctionDefinition> => {
  const found = new Map<string, FunctionDefinition>();
  for (const definition of functions) {
    if (!found.has(definition.name)) found.set(definition.name, definition);
  }
  return found;
};
