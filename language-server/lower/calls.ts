import { unreachable } from "#kernel/invariant.ts";
import type { CallTarget, Expression } from "#protocol/agent-spec.ts";
import { BUILTINS, METHODS, REASON_PARAMETERS } from "#protocol/builtins.ts";
import type { Span } from "#protocol/source.ts";
import { didYouMean, listed, quoted } from "../semantics/reporter.ts";
import type { LowerContext } from "./context.ts";
import { type BodyWorld, CONSTANTS, type Scope } from "./scope.ts";

/** An argument as written; without value when that could not be lowered. */
export interface GivenArgument {
  readonly name: string | null;
  readonly span: Span;
  readonly value: Expression | undefined;
}

const BUILTINS_BY_NAME = new Map(BUILTINS.map((builtin) => [builtin.name, builtin]));

/**
 * What a called name means: a function of the file, else a builtin, `reason`, or a tool. A value
 * cannot be called, a tool only where the agent is offered it, and the arguments have to fit.
 */
export const resolveCall = (
  context: LowerContext,
  world: BodyWorld,
  scope: Scope,
  name: string,
  nameSpan: Span,
  given: readonly GivenArgument[],
  span: Span,
): CallTarget | undefined => {
  const target = targetOf(context, world, scope, name, nameSpan);
  if (target === undefined) return undefined;
  return fits(context, world, target, given, span) ? target : undefined;
};

/** Whether values have this method and it takes these arguments. */
export const resolveMethod = (
  context: LowerContext,
  name: string,
  nameSpan: Span,
  given: readonly GivenArgument[],
  span: Span,
): boolean => {
  if (!METHODS.includes(name)) {
    const guess = context.reporter.nearest(name, METHODS);
    context.reporter.report("WRIT070", nameSpan, `values have no method ${quoted(name)}`, {
      help: "A method is a builtin whose first argument is the value; a tool is called by its own name.",
      ...didYouMean(guess, nameSpan),
    });
    return false;
  }
  const [min, max] = BUILTINS_BY_NAME.get(name)?.arity ?? [0, 0];
  return positionalFit(context, name, given, [min - 1, max - 1], span);
};

const targetOf = (
  context: LowerContext,
  world: BodyWorld,
  scope: Scope,
  name: string,
  nameSpan: Span,
): CallTarget | undefined => {
  if (scope.has(name) || CONSTANTS.has(name)) {
    context.reporter.report("WRIT070", nameSpan, `${quoted(name)} is a value and cannot be called`);
    return undefined;
  }
  const known = world.functions.get(name);
  if (known !== undefined) return { k: "function", scope: known.scope, name };
  if (name === "reason") return { k: "reason" };
  if (BUILTINS_BY_NAME.has(name)) return { k: "builtin", name };
  const tool = context.tools.get(name);
  if (tool === undefined) {
    reportUnknown(context, world, name, nameSpan);
    return undefined;
  }
  if (world.offered !== null && !world.offered.has(name)) {
    context.reporter.report(
      "WRIT070",
      nameSpan,
      `the tool ${quoted(name)} is not among the agent's capabilities`,
      { help: `Add ${quoted(name)} to \`capabilities\`.` },
    );
    return undefined;
  }
  if (world.tier !== null && !tool.tiers.includes(world.tier)) {
    context.reporter.report(
      "WRIT074",
      nameSpan,
      `the sandbox tier \`${world.tier}\` does not offer ${quoted(name)}`,
      { help: `${quoted(name)} runs in ${listed(tool.tiers)}.` },
    );
    return undefined;
  }
  return { k: "tool", name };
};

/** Names that other runtimes know and this version does not execute. */
const NOT_YET: ReadonlySet<string> = new Set([
  "ask",
  "chain",
  "debate",
  "delegate",
  "director",
  "map_reduce",
  "parallel",
  "race",
  "send_to",
  "spawn_agent",
]);

const reportUnknown = (context: LowerContext, world: BodyWorld, name: string, span: Span): void => {
  if (NOT_YET.has(name)) {
    return context.reporter.report("WRIT070", span, `${quoted(name)} is not executed by this version`, {
      help: "An agent cannot reach other agents yet; run them one after the other.",
    });
  }
  if (name === "tool_call" || name === "llm_call") {
    return context.reporter.report("WRIT070", span, `nothing here is called ${quoted(name)}`, {
      help:
        name === "tool_call"
          ? 'Call a tool by its own name: `read_file("notes.txt")`.'
          : "Ask the model with `reason(system, user)`.",
    });
  }
  const known = [...world.functions.keys(), "reason", ...BUILTINS_BY_NAME.keys(), ...context.tools.keys()];
  const guess = context.reporter.nearest(name, known);
  context.reporter.report(
    "WRIT070",
    span,
    /[.:]/.test(name) ? `no tool is called ${quoted(name)}` : `nothing here is called ${quoted(name)}`,
    didYouMean(guess, span),
  );
};

const fits = (
  context: LowerContext,
  world: BodyWorld,
  target: CallTarget,
  given: readonly GivenArgument[],
  span: Span,
): boolean => {
  switch (target.k) {
    case "builtin":
    case "method": {
      const arity = BUILTINS_BY_NAME.get(target.name)?.arity ?? [0, 0];
      return positionalFit(context, target.name, given, arity, span);
    }
    case "function": {
      const parameters = world.functions.get(target.name)?.parameters ?? [];
      return namedFit(context, target.name, given, parameters, parameters, span);
    }
    case "tool": {
      const parameters = context.tools.get(target.name)?.parameters ?? [];
      const required = parameters.filter((parameter) => parameter.required);
      return namedFit(context, target.name, given, namesOf(parameters), namesOf(required), span);
    }
    case "reason":
      return namedFit(context, "reason", given, REASON_PARAMETERS, ["user"], span);
    default:
      return unreachable(target);
  }
};

const namesOf = (parameters: readonly { readonly name: string }[]): readonly string[] =>
  parameters.map((parameter) => parameter.name);

const positionalFit = (
  context: LowerContext,
  name: string,
  given: readonly GivenArgument[],
  [min, max]: readonly [min: number, max: number],
  span: Span,
): boolean => {
  const named = given.find((one) => one.name !== null);
  if (named !== undefined) {
    context.reporter.report("WRIT081", named.span, `${quoted(name)} takes no named arguments`);
    return false;
  }
  if (given.length >= min && given.length <= max) return true;
  const wanted = min === max ? `${min}` : `${min} to ${max}`;
  context.reporter.report(
    "WRIT081",
    span,
    `${quoted(name)} takes ${wanted} argument${wanted === "1" ? "" : "s"}, not ${given.length}`,
  );
  return false;
};

const namedFit = (
  context: LowerContext,
  name: string,
  given: readonly GivenArgument[],
  parameters: readonly string[],
  required: readonly string[],
  span: Span,
): boolean => {
  const taken = new Set<string>();
  let next = 0;
  for (const one of given) {
    const parameter = one.name ?? parameters[next++];
    if (parameter === undefined || !parameters.includes(parameter)) {
      const guess = parameter === undefined ? undefined : context.reporter.nearest(parameter, parameters);
      context.reporter.report(
        "WRIT081",
        one.span,
        parameter === undefined
          ? `${quoted(name)} takes at most ${parameters.length} argument${parameters.length === 1 ? "" : "s"}`
          : `${quoted(name)} has no parameter ${quoted(parameter)}`,
        {
          help: signature(name, parameters, required),
          ...didYouMean(guess, [one.span[0], one.span[0] + (one.name ?? "").length]),
        },
      );
      return false;
    }
    if (taken.has(parameter)) {
      context.reporter.report("WRIT081", one.span, `the parameter ${quoted(parameter)} is given twice`);
      return false;
    }
    taken.add(parameter);
  }
  const missing = required.filter((parameter) => !taken.has(parameter));
  if (missing.length === 0) return true;
  context.reporter.report("WRIT081", span, `${quoted(name)} needs ${listed(missing, "and")}`, {
    help: signature(name, parameters, required),
  });
  return false;
};

const signature = (name: string, parameters: readonly string[], required: readonly string[]): string =>
  `It is \`${name}(${parameters.map((one) => (required.includes(one) ? one : `${one}?`)).join(", ")})\`.`;
