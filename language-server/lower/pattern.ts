import type { ActionPattern, PatternArgument } from "#protocol/agent-spec.ts";
import { NAME_LENGTH_MAX } from "#protocol/agent-spec-bounds.ts";
import { CONDITION_ROOTS } from "#protocol/agent-spec-condition.ts";
import { ACTION_NAMES, UNASKED_BY_AGENTS } from "#protocol/policy-vocabulary.ts";
import type { Span } from "#protocol/source.ts";
import type { ToolDescriptor, ToolParameter } from "#protocol/tool-descriptors.ts";
import type * as syntax from "../generated/ast.ts";
import { type Chain, chainSpan, spanOf } from "../parser/tree.ts";
import { literalValue } from "../semantics/literal.ts";
import { reportLength } from "../semantics/names.ts";
import { didYouMean, listed, quoted } from "../semantics/reporter.ts";
import type { LowerContext } from "./context.ts";
import { mayCompare } from "./path-literal.ts";
import { CONSTANTS } from "./scope.ts";

/** `"*"`, a name, a text, a call such as `read_file(path)`, or a list of these. */
export const lowerPatterns = (
  context: LowerContext,
  node: Chain | undefined,
): readonly ActionPattern[] | undefined => {
  if (node === undefined) return undefined;
  const operand = onlyOperand(node);
  if (operand?.base.$type === "List" && operand.suffixes.length === 0) {
    const patterns = operand.base.items.map((item) => lowerOne(context, item));
    if (patterns.length === 0) {
      context.reporter.report("WRIT068", chainSpan(node), "the list is empty, so the rule is about nothing");
      return undefined;
    }
    return patterns.every((pattern) => pattern !== undefined) ? patterns : undefined;
  }
  const pattern = lowerOne(context, node);
  return pattern === undefined ? undefined : [pattern];
};

/** The pattern that matches every action, as if it stood at `span`. */
export const anyAction = (span: Span): ActionPattern => ({ name: "*", kind: "any", arguments: [], span });

/** The one operand of an expression without operators and prefixes. */
export const onlyOperand = (node: Chain | undefined): syntax.Unary | undefined => {
  const [operand, second] = node?.operands ?? [];
  if (operand?.base === undefined || second !== undefined || operand.prefixes.length > 0) return undefined;
  return operand;
};

/** `name`, `a.b` or `"text"`, and the call behind it. */
export const nameAndCall = (
  operand: syntax.Unary,
): { readonly name: string; readonly span: Span; readonly call: syntax.Call | undefined } | undefined => {
  const { base, suffixes } = operand;
  const last = suffixes.at(-1);
  const call = last?.$type === "Call" ? last : undefined;
  const members = call === undefined ? suffixes : suffixes.slice(0, -1);
  const [start] = spanOf(operand);
  const end = spanOf(members.at(-1) ?? base)[1];
  if (base.$type === "Literal" && members.length === 0) {
    const literal = literalValue(base.text);
    return literal.k === "string" ? { name: literal.value, span: [start, end], call } : undefined;
  }
  if (base.$type !== "NameExpression" || base.record !== undefined || base.lambda !== undefined) {
    return undefined;
  }
  let name = base.name;
  for (const member of members) {
    if (member.$type !== "Member" || member.access !== ".") return undefined;
    name += `.${member.name}`;
  }
  return { name, span: [start, end], call };
};

const lowerOne = (context: LowerContext, node: Chain): ActionPattern | undefined => {
  const span = chainSpan(node);
  const operand = onlyOperand(node);
  const found = operand === undefined ? undefined : nameAndCall(operand);
  if (found === undefined) {
    context.reporter.report("WRIT068", span, "a rule names actions and tools, and this is neither", {
      help: 'Write a name, a call such as `read_file(path)`, `"*"`, or a list of these; conditions stand behind `if`.',
    });
    return undefined;
  }
  const { name, call } = found;
  if (name === "*" && call === undefined) return anyAction(span);
  const tool = context.tools.get(name);
  if (tool !== undefined) {
    const others = sharingAction(context, tool);
    if (others.length > 0) {
      context.reporter.report(
        "WRIT068",
        found.span,
        `${quoted(name)} and ${listed(others, "and")} are one action, \`${tool.action}\`, so a rule cannot be about one of them`,
        { help: `Name the action: \`${tool.action}\`.` },
      );
      return undefined;
    }
    const bound = call === undefined ? [] : lowerArguments(context, tool, call);
    return bound === undefined ? undefined : { name, kind: "tool", arguments: bound, span };
  }
  if (!isAction(name)) {
    reportUnknown(context, name, found.span);
    return undefined;
  }
  if (call !== undefined && call.arguments.length > 0) {
    context.reporter.report(
      "WRIT081",
      spanOf(call),
      `the action ${quoted(name)} has no parameters that a rule can name`,
      { help: "Name a tool, or test `resource` behind `if`." },
    );
    return undefined;
  }
  if (UNASKED_BY_AGENTS.some((action) => action === name)) {
    context.reporter.report(
      "WRIT087",
      found.span,
      `no agent of this release asks for ${quoted(name)}, so this rule has no effect there yet`,
      { help: "Keep it for a release that asks, or take it out." },
    );
  }
  return { name, kind: "action", arguments: [], span };
};

/** Other tools that make the same requests as a tool whose calls are no `tool_call`. */
const sharingAction = (context: LowerContext, tool: ToolDescriptor): readonly string[] =>
  tool.action === "tool_call"
    ? []
    : [...context.tools.values()]
        .filter((other) => other.action === tool.action && other.name !== tool.name)
        .map((other) => other.name);

const isAction = (name: string): boolean => ACTION_NAMES.some((action) => action === name);

const reportUnknown = (context: LowerContext, name: string, span: Span): void => {
  const tools = [...context.tools.keys()];
  const guess = context.reporter.nearest(name, [...tools, ...ACTION_NAMES]);
  context.reporter.report("WRIT068", span, `no tool or action is called ${quoted(name)}`, {
    help: `The tools are ${listed(tools, "and")}.`,
    ...didYouMean(guess, span, context.source.text[span[0]] === '"' ? `"${guess}"` : guess),
  });
};

const lowerArguments = (
  context: LowerContext,
  tool: ToolDescriptor,
  call: syntax.Call,
): readonly PatternArgument[] | undefined => {
  const found: PatternArgument[] = [];
  const taken = new Set<string>();
  let next = 0;
  let sound = true;
  for (const node of call.arguments) {
    const name = node.name ?? tool.parameters[next++]?.name;
    const parameter = tool.parameters.find((one) => one.name === name);
    if (parameter === undefined || taken.has(parameter.name)) {
      context.reporter.report(
        "WRIT081",
        spanOf(node),
        parameter === undefined
          ? `the tool ${quoted(tool.name)} has no ${node.name === undefined ? "further parameter" : `parameter ${quoted(node.name)}`}`
          : `the parameter ${quoted(parameter.name)} is named twice`,
        {
          help: `Its parameters are ${listed(
            tool.parameters.map((one) => one.name),
            "and",
          )}.`,
        },
      );
      return undefined;
    }
    taken.add(parameter.name);
    const argument = lowerArgument(context, parameter, node);
    if (argument === undefined) sound = false;
    else if (argument !== "anything" && isBoundTwice(argument, found)) {
      context.reporter.report("WRIT069", spanOf(node), "the pattern binds this name twice", {
        help: "Choose another name.",
      });
      sound = false;
    } else if (argument !== "anything") found.push(argument);
  }
  return sound ? found : undefined;
};

const isBoundTwice = (argument: PatternArgument, others: readonly PatternArgument[]): boolean =>
  argument.k === "bind" && others.some((other) => other.k === "bind" && other.as === argument.as);

const lowerArgument = (
  context: LowerContext,
  parameter: ToolParameter,
  node: Chain | undefined,
): PatternArgument | "anything" | undefined => {
  if (node === undefined) return undefined;
  const span = chainSpan(node);
  const operand = node.operands.length === 1 ? node.operands[0] : undefined;
  const base = operand?.suffixes.length === 0 ? operand.base : undefined;
  const prefixes = operand?.prefixes ?? [];
  if (base?.$type === "NameExpression" && base.record === undefined && base.lambda === undefined) {
    const constant = CONSTANTS.get(base.name);
    if (typeof constant === "boolean" && prefixes.length === 0) {
      return equals(context, parameter, constant, "boolean", span);
    }
    if (!CONSTANTS.has(base.name) && prefixes.length === 0) return bind(context, parameter, base.name, span);
  }
  if (base?.$type === "Literal") {
    const literal = literalValue(base.text);
    if (literal.k === "string" && prefixes.length === 0) {
      return equals(context, parameter, literal.value, "string", span);
    }
    if (literal.k === "number" && prefixes.every((prefix) => prefix === "-") && prefixes.length < 2) {
      const value = prefixes.length === 0 ? literal.value : 0 - literal.value;
      return equals(context, parameter, value, "integer", span);
    }
  }
  context.reporter.report(
    "WRIT068",
    span,
    "an argument of a pattern is a name, `any`, a text, a number, `true` or `false`",
    { help: "Bind it to a name and test that behind `if`." },
  );
  return undefined;
};

const bind = (
  context: LowerContext,
  parameter: ToolParameter,
  name: string,
  span: Span,
): PatternArgument | "anything" | undefined => {
  if (name === "any" || name === "_") return "anything";
  if (CONDITION_ROOTS.includes(name)) {
    context.reporter.report("WRIT069", span, `${quoted(name)} already means something in conditions`, {
      help: "Choose another name.",
    });
    return undefined;
  }
  if (name.length > NAME_LENGTH_MAX) {
    reportLength(context.reporter, span, name);
    return undefined;
  }
  return { k: "bind", parameter: parameter.name, as: name };
};

const equals = (
  context: LowerContext,
  parameter: ToolParameter,
  value: string | number | boolean,
  type: ToolParameter["type"],
  span: Span,
): PatternArgument | undefined => {
  if (parameter.type !== type || (type === "integer" && !Number.isInteger(value))) {
    context.reporter.report(
      "WRIT069",
      span,
      `${quoted(parameter.name)} is of type ${parameter.type}, so it can never equal this`,
    );
    return undefined;
  }
  if (
    typeof value === "string" &&
    parameter.names !== undefined &&
    !mayCompare(context, { text: value, span, form: parameter.names, compared: "whole" })
  ) {
    return undefined;
  }
  return { k: "equals", parameter: parameter.name, value };
};
