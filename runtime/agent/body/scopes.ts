import type { VariableScope } from "./instructions.ts";

/**
 * The names of one function while it is compiled: nested blocks, each name a numbered variable.
 * A number is used again once the block of its name is over.
 */
export class Scopes {
  readonly #blocks: { readonly names: Map<string, OpenName>; readonly firstVariable: number }[] = [];
  readonly #closed: VariableScope[] = [];
  #next = 0;
  #count = 0;

  /** Most variables that live at the same moment. */
  get variableCount(): number {
    return this.#count;
  }

  /** All names of blocks that are over. */
  get variables(): readonly VariableScope[] {
    return this.#closed;
  }

  enter(): void {
    this.#blocks.push({ names: new Map(), firstVariable: this.#next });
  }

  /** Ends the innermost block before instruction `at`. */
  leave(at: number): void {
    const block = this.#blocks.pop();
    if (block === undefined) return;
    for (const [name, { variable, from }] of block.names) {
      this.#closed.push({ name, variable, from, to: at });
    }
    this.#next = block.firstVariable;
  }

  /** The variable of a name in the innermost block, made when the block has none of that name yet. */
  declare(name: string, from: number): number {
    const block = this.#blocks.at(-1);
    const known = block?.names.get(name);
    if (known !== undefined) return known.variable;
    const variable = this.reserve(1);
    block?.names.set(name, { variable, from });
    return variable;
  }

  /** So many variables without a name, next to each other. */
  reserve(count: number): number {
    const first = this.#next;
    this.#next += count;
    this.#count = Math.max(this.#count, this.#next);
    return first;
  }

  find(name: string): number | undefined {
    return this.#blocks.findLast((block) => block.names.has(name))?.names.get(name)?.variable;
  }
}

interface OpenName {
  readonly variable: number;
  readonly from: number;
}
