import { unreachable } from "#kernel/invariant.ts";
import type { Argument, CallTarget, Expression, FunctionScope } from "#protocol/agent-spec.ts";
import { BUILTINS, METHODS, REASON_PARAMETERS } from "#protocol/builtins.ts";
import type { Span } from "#protocol/source.ts";
import type { Instruction } from "./instructions.ts";
import type { Unit } from "./unit.ts";

/** What compiling a call needs of the compiler of its function. */
export interface CallSite {
  readonly unit: Unit;
  readonly home: FunctionScope;
  expression(expression: Expression): void;
  emit(instruction: Instruction, span: Span, effect: number): number;
  malformed(message: string, span: Span): void;
}

type Call = Extract<Expression, { k: "call" }>;

/** Evaluates the arguments in the order written, then calls; leaves the result. */
export const compileCall = (site: CallSite, call: Call): void => {
  const { target } = call;
  switch (target.k) {
    case "function":
      callFunction(site, call, target);
      return;
    case "builtin":
      callBuiltin(site, call, target.name);
      return;
    case "method":
      if (METHODS.includes(target.name)) callBuiltin(site, call, target.name);
      else site.malformed("there is no method of this name", call.span);
      return;
    case "tool":
      callTool(site, call, target.name);
      return;
    case "reason":
      callReason(site, call);
      return;
    default:
      unreachable(target);
  }
};

const evaluate = (site: CallSite, given: readonly Argument[]): void => {
  for (const { value } of given) site.expression(value);
};

/**
 * Which parameter each argument is for, in the order of the arguments: positional ones in the
 * order of the parameters, named ones by name. Null when one has no parameter or shares it.
 */
const assigned = (given: readonly Argument[], parameters: readonly string[]): readonly string[] | null => {
  const names: string[] = [];
  let position = 0;
  for (const { name } of given) {
    const parameter = name ?? parameters[position];
    if (name === null) position += 1;
    if (parameter === undefined || !parameters.includes(parameter) || names.includes(parameter)) return null;
    names.push(parameter);
  }
  return names;
};

const callFunction = (
  site: CallSite,
  { arguments: given, span }: Call,
  target: Extract<CallTarget, { k: "function" }>,
): void => {
  // A top-level function knows no agent, so none of its calls can be of an agent's function.
  const wanted = target.scope === "agent" && site.home === "file" ? null : site.unit.want(target);
  if (wanted === null) {
    site.malformed("there is no function of this name", span);
    return;
  }
  const parameters = wanted.definition.parameters.map((parameter) => parameter.name);
  const names = assigned(given, parameters);
  if (names === null || names.length !== parameters.length) {
    site.malformed("the arguments do not fit the function's parameters, each exactly once", span);
    return;
  }
  evaluate(site, given);
  const order = parameters.map((parameter) => names.indexOf(parameter));
  site.emit({ op: "call", function: wanted.number, order }, span, 1 - given.length);
};

const callBuiltin = (site: CallSite, { arguments: given, span }: Call, name: string): void => {
  const descriptor = BUILTINS.find((builtin) => builtin.name === name);
  if (descriptor === undefined) {
    site.malformed("there is no builtin of this name", span);
    return;
  }
  const [min, max] = descriptor.arity;
  const count = given.length;
  if (count < min || count > max || given.some((argument) => argument.name !== null)) {
    site.malformed(`the arguments do not fit \`${descriptor.signature}\``, span);
    return;
  }
  evaluate(site, given);
  site.emit(builtinInstruction(name, count), span, 1 - count);
};

const builtinInstruction = (name: string, count: number): Instruction => {
  switch (name) {
    case "print":
      return { op: "print", count };
    case "log":
      return { op: "log" };
    case "error":
      return { op: "error" };
    default:
      return { op: "builtin", name, count };
  }
};

const callTool = (site: CallSite, { arguments: given, span }: Call, name: string): void => {
  const descriptor = site.unit.tools.get(name);
  if (descriptor === undefined) {
    site.malformed("there is no tool of this name", span);
    return;
  }
  const names = assigned(
    given,
    descriptor.parameters.map((parameter) => parameter.name),
  );
  if (names === null) {
    site.malformed("the arguments do not fit the tool's parameters, each at most once", span);
    return;
  }
  evaluate(site, given);
  const optional = descriptor.parameters
    .filter((parameter) => !parameter.required)
    .map((parameter) => parameter.name);
  site.emit({ op: "tool", tool: name, names, optional }, span, 1 - given.length);
};

const callReason = (site: CallSite, { arguments: given, span }: Call): void => {
  const names = assigned(given, REASON_PARAMETERS);
  if (names === null || !names.includes("user")) {
    site.malformed("the arguments do not fit `reason(system, user)`", span);
    return;
  }
  evaluate(site, given);
  site.emit({ op: "reason", names }, span, 1 - given.length);
};
