import type { AstNode } from "langium";
import type { SymbiFile } from "../generated/ast.ts";
import { nodesOf } from "./tree.ts";

/** What a node of each kind must have to mean anything; a word per alternative, joined by `|`. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  Agent: ["name"],
  AgentAttribute: ["key", "value"],
  Argument: ["operands"],
  Capabilities: ["list|body"],
  ElseIf: ["condition", "then"],
  Entry: ["key", "value"],
  Expression: ["operands"],
  ExpressionStatement: ["target"],
  Field: ["key", "operands"],
  For: ["name", "over", "body"],
  FunctionDefinition: ["name", "body"],
  If: ["condition", "then"],
  Index: ["index"],
  Let: ["name"],
  Literal: ["text"],
  Match: ["subject"],
  MatchArm: ["patterns", "body"],
  Member: ["access", "name"],
  NameExpression: ["name"],
  Parameter: ["name"],
  Policy: ["name"],
  PolicyAttribute: ["key", "value"],
  Rule: ["effect", "pattern"],
  Section: ["words", "body"],
  StructField: ["name", "type"],
  Trigger: ["kind"],
  Try: ["body"],
  Type: ["name|element"],
  TypeDefinition: ["name", "struct|alias"],
  Unary: ["base"],
  UnknownBlock: ["words"],
  While: ["condition", "body"],
  WithAttribute: ["name", "value"],
};

/**
 * Takes out of the tree of a broken text what the parser began and could not complete, so that
 * everything that is left has all the parts its type promises. Changes the tree in place.
 */
export const prune = (tree: SymbiFile): void => {
  const incomplete = new Set<unknown>();
  // Children before their parents: a node that lost a part it needs goes as well.
  for (const node of [...nodesOf(tree)].reverse()) {
    for (const [key, value] of Object.entries(node)) {
      if (key.startsWith("$")) continue;
      if (Array.isArray(value))
        setPart(
          node,
          key,
          value.filter((item) => !incomplete.has(item)),
        );
      else if (incomplete.has(value)) setPart(node, key, undefined);
    }
    if (!isComplete(node)) incomplete.add(node);
  }
};

const isComplete = (node: AstNode): boolean => {
  const parts: Readonly<Record<string, unknown>> = { ...node };
  if (Array.isArray(parts["operators"]) && Array.isArray(parts["operands"])) {
    if (parts["operators"].length + 1 !== parts["operands"].length) return false;
  }
  const required = Object.hasOwn(REQUIRED, node.$type) ? REQUIRED[node.$type] : undefined;
  return (required ?? []).every((names) =>
    names.split("|").some((name) => {
      const part = parts[name];
      return Array.isArray(part) ? part.length > 0 : part !== undefined && part !== "";
    }),
  );
};

const setPart = (node: AstNode, key: string, value: unknown): void => {
  Object.assign(node, { [key]: value });
};
