import type { Agent, Block, FunctionDefinition, MatchArm, Statement } from "../generated/ast.ts";
import { isBlock, isWith } from "../generated/ast.ts";
import { joined, partSpan, spanOf, type TreeIndex } from "../parser/tree.ts";
import { quoted, type Reporter } from "./reporter.ts";

/** WRIT052: statements nobody reaches, promised results that some path does not give, open matches. */
export const checkReachability = (reporter: Reporter, index: TreeIndex): void => {
  for (const block of index.all("Block")) checkBlock(reporter, block);
  for (const match of index.all("Match")) checkMatch(reporter, match.arms, spanOf(match));
  for (const one of index.all("FunctionDefinition")) checkResult(reporter, one, [one.body]);
  for (const agent of index.all("Agent")) {
    const blocks = agent.items.flatMap((item) =>
      isWith(item) && item.body !== undefined ? [item.body] : [],
    );
    if (blocks.some((block) => block.statements.length > 0)) checkResult(reporter, agent, blocks);
  }
};

const checkResult = (
  reporter: Reporter,
  node: Agent | FunctionDefinition,
  blocks: readonly Block[],
): void => {
  if (node.returns === undefined || blocks.some(alwaysLeaves)) return;
  reporter.report(
    "WRIT052",
    partSpan(node, "name"),
    `${quoted(node.name)} does not \`return\` on every path`,
    {
      help: "Without `return` the result is null.",
    },
  );
};

const LEAVING: Readonly<Record<string, string>> = { Return: "return", Break: "break", Continue: "continue" };

const checkBlock = (reporter: Reporter, block: Block): void => {
  const index = block.statements.findIndex((statement) => Object.hasOwn(LEAVING, statement.$type));
  const rest = block.statements.slice(index + 1).filter((statement) => statement.$type !== "Stray");
  const [first] = rest;
  const last = rest.at(-1);
  if (index < 0 || first === undefined || last === undefined) return;
  const word = LEAVING[block.statements[index]?.$type ?? ""] ?? "";
  reporter.report("WRIT052", joined(spanOf(first), spanOf(last)), `nothing behind \`${word}\` is reached`, {
    help: "Remove it, or move it before.",
  });
};

const checkMatch = (reporter: Reporter, arms: readonly MatchArm[], span: readonly [number, number]): void => {
  const open = arms.findIndex(isOpen);
  const behind = arms.slice(open + 1);
  const [first] = behind;
  const last = behind.at(-1);
  if (open < 0) {
    reporter.report(
      "WRIT052",
      [span[0], span[0] + "match".length],
      "a value that no arm names is passed over",
      {
        severity: "hint",
        help: "Add an arm `_ => { … }`.",
      },
    );
  } else if (first !== undefined && last !== undefined) {
    reporter.report("WRIT052", joined(spanOf(first), spanOf(last)), "no arm behind `_` is reached", {
      help: "Put `_` last.",
    });
  }
};

/** Whether every path through a block ends in `return` or an error. */
const alwaysLeaves = (block: Block | undefined): boolean => block?.statements.some(leaves) ?? false;

const leaves = (statement: Statement): boolean => {
  switch (statement.$type) {
    case "Return":
      return true;
    case "If":
      return (
        alwaysLeaves(statement.then) &&
        statement.elseIfs.every((branch) => alwaysLeaves(branch.then)) &&
        alwaysLeaves(statement.otherwise)
      );
    case "Match":
      return (
        statement.arms.some(isOpen) &&
        statement.arms.every((arm) => (isBlock(arm.body) ? alwaysLeaves(arm.body) : leaves(arm.body)))
      );
    case "ExpressionStatement": {
      const [operand] = statement.target?.operands ?? [];
      return operand?.base?.$type === "NameExpression" && operand.base.name === "error";
    }
    default:
      return false;
  }
};

/** `_`, which takes what is left over. */
const isOpen = (arm: MatchArm): boolean =>
  arm.guard === undefined && arm.patterns.some((one) => one.$cstNode?.text === "_");
