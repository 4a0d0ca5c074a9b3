import type { BinaryOperator } from "#protocol/agent-spec.ts";

/** An operator as the grammar gives it: `not in` without its space, words beside signs. */
export const OPERATORS: ReadonlyMap<
  string,
  { readonly level: number; readonly means: BinaryOperator | "not in" }
> = new Map([
  ["||", { level: 1, means: "||" }],
  ["or", { level: 1, means: "||" }],
  ["&&", { level: 2, means: "&&" }],
  ["and", { level: 2, means: "&&" }],
  ["==", { level: 3, means: "==" }],
  ["!=", { level: 3, means: "!=" }],
  ["in", { level: 3, means: "in" }],
  ["notin", { level: 3, means: "not in" }],
  ["<", { level: 4, means: "<" }],
  [">", { level: 4, means: ">" }],
  ["<=", { level: 4, means: "<=" }],
  [">=", { level: 4, means: ">=" }],
  ["+", { level: 5, means: "+" }],
  ["-", { level: 5, means: "-" }],
  ["*", { level: 6, means: "*" }],
  ["/", { level: 6, means: "/" }],
  ["%", { level: 6, means: "%" }],
]);

/** How deep a chain of operators may make a tree: `not in` is a negation around an `in`. */
export const levelsOf = (operators: readonly string[]): number =>
  operators.reduce((levels, operator) => levels + (OPERATORS.get(operator)?.means === "not in" ? 2 : 1), 0);

/**
 * Puts a flat chain of operands and operators together by precedence, all operators binding to
 * the left (the shunting-yard method, after Dijkstra 1961). It uses no stack of its own depth, so
 * that a chain may be as long as a text.
 */
export const combine = <T>(
  operands: readonly T[],
  operators: readonly string[],
  join: (left: T, operator: BinaryOperator | "not in", right: T, index: number) => T,
): T | undefined => {
  const values: T[] = [];
  const waiting: { readonly operator: string; readonly index: number }[] = [];
  const reduce = (): void => {
    const top = waiting.pop();
    const right = values.pop();
    const left = values.pop();
    const means = OPERATORS.get(top?.operator ?? "")?.means;
    if (top !== undefined && left !== undefined && right !== undefined && means !== undefined) {
      values.push(join(left, means, right, top.index));
    }
  };
  operands.forEach((operand, index) => {
    values.push(operand);
    const operator = operators[index];
    if (operator === undefined || index + 1 >= operands.length) return;
    while (waiting.length > 0 && levelOf(waiting.at(-1)?.operator) >= levelOf(operator)) reduce();
    waiting.push({ operator, index });
  });
  while (waiting.length > 0) reduce();
  return values[0];
};

const levelOf = (operator: string | undefined): number => OPERATORS.get(operator ?? "")?.level ?? 0;
