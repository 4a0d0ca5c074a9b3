import type { CedarToken } from "./cedar-tokens.ts";

/*
 * Bounds on policy text, checked before any engine sees it: Cedar parses and evaluates by
 * recursion, and one text that is nested too deep ends a Cedar module for good.
 */

/** Longest text of one source, in UTF-8 bytes. */
export const POLICY_TEXT_BYTES_MAX = 512 * 1024;

/** Longest single policy, in UTF-8 bytes. */
export const POLICY_BYTES_MAX = 64 * 1024;

/** Most policies in one source. */
export const POLICIES_MAX = 1_000;

/**
 * Greatest weight of one policy. The weight stands for the depth of the tree that a recursive
 * reader builds: a level of brackets counts `GROUP_WEIGHT`, each operator of a chain one, because
 * `a || b || c` nests to the left. Cedar 4.13 was seen to fail from a weight of 350 on.
 */
export const POLICY_WEIGHT_MAX = 160;

const GROUP_WEIGHT = 3;

/** The weight of the tokens of one policy. Linear; brackets that do not match are Cedar's to refuse. */
export const policyWeight = (tokens: readonly CedarToken[]): number => {
  const open: Group[] = [new Group()];
  let group = open[0] ?? new Group();
  const close = (): void => {
    const inner = open.pop() ?? group;
    group = open.at(-1) ?? inner;
    group.inside(inner.weight());
  };
  for (const { text, kind } of tokens) {
    if (kind === "string" || kind === "number") continue;
    if (OPENING.has(text)) {
      // As an index or as arguments it is also a link of the chain before it.
      group.operator();
      group = new Group();
      open.push(group);
    } else if (CLOSING.has(text)) {
      if (open.length > 1) close();
    } else if (text === ",") {
      group.endItem();
    } else if (CHAINED_OVER_OPERANDS.has(text)) {
      group.endOperand();
    } else if (text === "if") {
      group.conditional();
    } else if (OPERATORS.has(text)) {
      group.operator();
    }
  }
  while (open.length > 1) close();
  return group.weight();
};

const OPENING: ReadonlySet<string> = new Set(["(", "[", "{"]);
const CLOSING: ReadonlySet<string> = new Set([")", "]", "}"]);
/** The operators that bind least: what stands between two of them is a tree of its own. */
const CHAINED_OVER_OPERANDS: ReadonlySet<string> = new Set(["&&", "||", "when", "unless"]);
const OPERATORS: ReadonlySet<string> = new Set("== != < <= > >= + - * ! . :: in has like is".split(" "));

/** What stands in one pair of brackets so far. Items are between commas, operands between `&&` and `||`. */
class Group {
  private heaviestItem = 0;
  private heaviestOperand = 0;
  /** `&&`, `||` and `if` of the current item. */
  private chained = 0;
  private operators = 0;
  private deepest = 0;

  operator(): void {
    this.operators += 1;
  }

  conditional(): void {
    this.chained += 1;
  }

  inside(weight: number): void {
    this.deepest = Math.max(this.deepest, GROUP_WEIGHT + weight);
  }

  endOperand(): void {
    this.heaviestOperand = this.operand();
    this.chained += 1;
    this.operators = 0;
    this.deepest = 0;
  }

  endItem(): void {
    this.heaviestItem = this.weight();
    this.heaviestOperand = 0;
    this.chained = 0;
    this.operators = 0;
    this.deepest = 0;
  }

  weight(): number {
    return Math.max(this.heaviestItem, this.chained + this.operand());
  }

  private operand(): number {
    return Math.max(this.heaviestOperand, this.operators + this.deepest);
  }
}
