import { throwIfAborted } from "#kernel/abort.ts";
import { invariant } from "#kernel/invariant.ts";
import type { JsonObject } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type {
  ExecuteOptions,
  PreparedCall,
  PrepareOptions,
  Spend,
  SupposedCall,
  ToolExecutor,
  ToolFault,
  ToolResult,
} from "#ports/executor.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";

import { readToolArguments } from "./tool-arguments.ts";

/** What is particular to one tool; the arguments have been read by its descriptor. */
export interface BuiltinTool {
  readonly name: string;
  readonly timeoutMsDefault: number;
  /** What the call would be beside its arguments. Changes nothing. */
  plan(given: JsonObject, options: PrepareOptions): Promise<Plan>;
  /** Does what `spend` handed out, and relies on nothing else. */
  act(call: PreparedCall, options: ExecuteOptions): Promise<Result<ToolResult, ToolFault>>;
}

/** What the policies see of a call is there also where the call cannot be done: they are asked first. */
export interface Plan extends Partial<Pick<PreparedCall, "labels" | "resource">> {
  /** What would be done, or why it cannot be. */
  readonly deed: Result<Partial<Pick<PreparedCall, "preview" | "details">>, ToolFault>;
}

/** A built-in tool as an executor: arguments are read first, and nothing is done before the right is spent. */
export const builtinExecutor = (tool: BuiltinTool, spend: Spend): ToolExecutor => {
  const descriptor = BUILTIN_TOOLS.find(({ name }) => name === tool.name);
  invariant(descriptor !== undefined, `${tool.name} is a built-in tool`);
  return {
    descriptor,
    timeoutMsDefault: tool.timeoutMsDefault,

    async prepare(argumentsGiven, options) {
      throwIfAborted(options.signal);
      const given = readToolArguments(descriptor, argumentsGiven);
      if (!given.ok) return given;
      const { deed, ...seen } = await tool.plan(given.value, options);
      const call: PreparedCall = {
        ...callOfTool(descriptor.name, given.value),
        labels: [],
        preview: null,
        details: {},
        ...seen,
        ...(deed.ok ? deed.value : {}),
      };
      return ok({ call, fault: deed.ok ? null : deed.fault });
    },

    async execute(authorized, options) {
      const call = await spend(authorized, descriptor.name);
      if (!call.ok) return failed(fault("TOOL_NOT_AUTHORIZED", call.fault.message));
      return tool.act(call.value, options);
    },
  };
};

/** A call as the policies see it where a tool acts on nothing that they know apart. */
export const callOfTool = (tool: string, args: JsonObject): SupposedCall => ({
  tool,
  arguments: args,
  resource: { type: "Tool", id: tool, attributes: {} },
});

/** The text under a name, of arguments or details that `plan` made. */
export const textOf = (object: JsonObject, name: string): string => {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  invariant(typeof value === "string", `${name} is a text`);
  return value;
};
