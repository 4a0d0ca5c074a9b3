import { abortError } from "#kernel/abort.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type {
  ArgumentsFault,
  Authorized,
  ExecuteOptions,
  PreparedCall,
  PrepareOptions,
  Spend,
  ToolExecutor,
  ToolFault,
  ToolResult,
  WouldAllow,
} from "#ports/executor.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";

/** What the fake does once it has spent its right. */
export type Act =
  | { readonly k: "result"; readonly result?: Partial<ToolResult>; readonly afterMs?: number }
  | { readonly k: "fault"; readonly code: ToolFault["code"] }
  | { readonly k: "throws" }
  /** Does nothing until it is aborted, then rejects. */
  | { readonly k: "hangs" }
  /** Ignores its signal and never settles. */
  | { readonly k: "deaf" }
  /** Any other misbehaviour. */
  | {
      readonly k: "does";
      readonly what: (
        authorized: Authorized<PreparedCall>,
        spend: Spend,
        options: ExecuteOptions,
      ) => Promise<Result<ToolResult, ToolFault>>;
    };

export interface ToolFakePlan {
  readonly descriptor?: Partial<ToolDescriptor>;
  readonly timeoutMsDefault?: number;
  readonly act?: Act;
  /** Instead of the arguments as they come. */
  readonly prepare?: (
    argumentsGiven: JsonObject,
    options: PrepareOptions,
  ) => Promise<Result<PreparedCall, ArgumentsFault>>;
  /** What stands against whatever it prepares. */
  readonly foresees?: ToolFault;
}

export interface ToolFake extends ToolExecutor {
  /** Calls whose right was spent, as `spend` handed them out, in order. */
  readonly executed: readonly PreparedCall[];
  readonly options: readonly ExecuteOptions[];
  readonly prepared: number;
}

/** The right beginning of every `execute`, and then `act`. */
export const createToolFake = (
  name: string,
  spend: Spend,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
  plan: ToolFakePlan = {},
): ToolFake => {
  const executed: PreparedCall[] = [];
  const options: ExecuteOptions[] = [];
  const act = plan.act ?? { k: "result" };
  let prepared = 0;
  return {
    descriptor: {
      name,
      action: "tool_call",
      summary: "A tool of a test.",
      parameters: [],
      effects: ["reads-run-files", "writes-run-files"],
      risk: "low",
      tiers: ["wasm", "docker", "gvisor"],
      idempotent: false,
      ...plan.descriptor,
    },
    timeoutMsDefault: plan.timeoutMsDefault ?? 1_000,
    executed,
    options,
    get prepared() {
      return prepared;
    },
    async prepare(argumentsGiven, options) {
      prepared += 1;
      if (options.signal.aborted) throw abortError();
      const call = (await plan.prepare?.(argumentsGiven, options)) ?? ok(plainCall(name, argumentsGiven));
      return call.ok ? ok({ call: call.value, fault: plan.foresees ?? null }) : call;
    },
    async execute(authorized, given) {
      options.push(given);
      if (act.k === "does") return act.what(authorized, spend, given);
      const right = await spend(authorized, name);
      if (!right.ok) return failed(fault("TOOL_NOT_AUTHORIZED", right.fault.message));
      executed.push(right.value);
      switch (act.k) {
        case "result":
          if (act.afterMs !== undefined) await sleep(act.afterMs, given.signal);
          return ok({ text: `${name} did it`, value: null, labels: [], changes: [], ...act.result });
        case "fault":
          return failed(fault(act.code, "the tool could not"));
        case "throws":
          throw new Error("the tool broke with secret-in-an-error");
        case "hangs":
          return new Promise((_, reject) => {
            given.signal.addEventListener("abort", () => reject(abortError()), { once: true });
          });
        case "deaf":
          return new Promise(() => undefined);
      }
    },
  };
};

/** Policies that allow whatever is supposed. */
export const allowsAll: WouldAllow = async (calls, { signal }) => {
  if (signal.aborted) throw abortError();
  return calls.map(() => true);
};

/** Policies that allow nothing of it. */
export const allowsNothing: WouldAllow = async (calls) => calls.map(() => false);

/** A prepared call that is nothing but its arguments. */
export const plainCall = (tool: string, argumentsGiven: JsonObject): PreparedCall => ({
  tool,
  arguments: argumentsGiven,
  resource: { type: "Tool", id: tool, attributes: {} },
  labels: [],
  preview: null,
  details: {},
});
