import { describe, expect, test } from "vitest";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonObject } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Authorized, PreparedCall, Spend, SpendFault, ToolExecutor } from "#ports/executor.ts";
import { anyCallId } from "#test/kit/call-ids.ts";
import { allowsAll, allowsNothing } from "#test/kit/tool-fake.ts";
import { ACTION_RESOURCES } from "#protocol/policy-vocabulary.ts";

/** What an implementation brings: a fresh world with one executor in it. */
export interface ToolExecutorHarness {
  /** The executor over a world in which `good` can be done. */
  create(spend: Spend): Promise<{
    readonly executor: ToolExecutor;
    /** Everything that a call of this tool can change, as text. */
    readonly world: () => Promise<string>;
  }>;
  readonly good: JsonObject;
  /** Arguments that `prepare` refuses, whatever the world looks like. */
  readonly bad: readonly JsonObject[];
  /** Arguments of calls that cannot be done in the world as it is. */
  readonly vain: readonly JsonObject[];
}

const calm = (): AbortSignal => new AbortController().signal;
const preparing = (signal = calm()) => ({ signal, wouldAllow: allowsAll });
const options = (signal = calm()) => ({
  ...preparing(signal),
  callId: anyCallId(),
  timeoutMs: 5_000,
  onOutput: () => undefined,
});

/** A right that stands for a call, and a `spend` that hands the call out and counts. */
const granting = () => {
  const calls = new Map<object, PreparedCall>();
  const spends: string[] = [];
  return {
    spends,
    grant: (call: PreparedCall): Authorized<PreparedCall> => {
      const right = Object.freeze({}) as Authorized<PreparedCall>;
      calls.set(right, call);
      return right;
    },
    spend: (async (right, tool) => {
      spends.push(tool);
      const call = calls.get(right);
      return call === undefined ? failed(fault("GATE_CAPABILITY_FORGED", "no right")) : ok(call);
    }) satisfies Spend as Spend,
  };
};

const prepare = async (executor: ToolExecutor, given: JsonObject): Promise<PreparedCall> => {
  const prepared = await executor.prepare(given, preparing());
  const fault = prepared.ok ? prepared.value.fault : prepared.fault;
  if (!prepared.ok || fault !== null) throw new Error(`${fault?.code}: ${fault?.message}`);
  return prepared.value.call;
};

/** The behaviour that every ToolExecutor has; run it on each tool and on the fake. */
export const toolExecutorContract = (name: string, harness: ToolExecutorHarness): void => {
  describe(`${name} as a ToolExecutor`, () => {
    test("prepares a call of its own, as JSON, on a resource of its action", async () => {
      const { executor } = await harness.create(granting().spend);
      const call = await prepare(executor, harness.good);
      expect(call.tool).toBe(executor.descriptor.name);
      expect(ACTION_RESOURCES[executor.descriptor.action]).toContain(call.resource.type);
      expect(JSON.parse(canonicalJson(call as unknown as JsonObject))).toEqual(call);
      expect(executor.timeoutMsDefault).toBeGreaterThanOrEqual(1);
    });

    test("changes nothing by preparing, and prepares the same twice", async () => {
      const { executor, world } = await harness.create(granting().spend);
      const before = await world();
      expect(await prepare(executor, harness.good)).toEqual(await prepare(executor, harness.good));
      expect(await world()).toBe(before);
    });

    test.each(harness.bad.map((given) => [JSON.stringify(given).slice(0, 80), given] as const))(
      "refuses to prepare %s, and says so",
      async (_, given) => {
        const { executor } = await harness.create(granting().spend);
        const prepared = await executor.prepare(given, preparing());
        expect(prepared).toMatchObject({ ok: false, fault: { code: "TOOL_ARGUMENTS_INVALID" } });
      },
    );

    test.each(harness.vain.map((given) => [JSON.stringify(given), given] as const))(
      "prepares %s for the policies, and foresees that it fails",
      async (_, given) => {
        const { executor } = await harness.create(granting().spend);
        const prepared = await executor.prepare(given, preparing());
        expect(prepared).toMatchObject({
          ok: true,
          value: {
            call: { tool: executor.descriptor.name, arguments: given, preview: null, details: {} },
            fault: { code: expect.stringMatching(/^TOOL_/) },
          },
        });
      },
    );

    test("spends its right once, under its own name, before it acts", async () => {
      const { spends, grant, spend } = granting();
      const { executor } = await harness.create(spend);
      const call = await prepare(executor, harness.good);
      expect(await executor.execute(grant(call), options())).toMatchObject({ ok: true });
      expect(spends).toEqual([executor.descriptor.name]);
    });

    test.each<SpendFault["code"]>(["GATE_CAPABILITY_REUSED", "GATE_CAPABILITY_EXPIRED"])(
      "does nothing when its right is refused (%s)",
      async (code) => {
        const { executor, world } = await harness.create(async () => failed(fault(code, "refused")));
        await prepare(executor, harness.good);
        const before = await world();
        const right = Object.freeze({}) as Authorized<PreparedCall>;
        expect(await executor.execute(right, options())).toMatchObject({
          ok: false,
          fault: { code: "TOOL_NOT_AUTHORIZED" },
        });
        expect(await world()).toBe(before);
      },
    );

    test("gives a result that is JSON, with changes sorted by path", async () => {
      const { grant, spend } = granting();
      const { executor } = await harness.create(spend);
      const done = await executor.execute(grant(await prepare(executor, harness.good)), options());
      if (!done.ok) throw new Error(done.fault.message);
      canonicalJson(done.value as unknown as JsonObject);
      const paths = done.value.changes.map((change) => change.path);
      expect(paths).toEqual([...paths].sort());
    });

    test("rejects a preparation that was aborted with an AbortError", async () => {
      const { executor } = await harness.create(granting().spend);
      await expect(executor.prepare(harness.good, preparing(AbortSignal.abort()))).rejects.toMatchObject({
        name: "AbortError",
      });
    });
  });
};

/** What every executor with the effect `executes-code` has beside it; its `good` call is a program that changes files. */
export const programExecutorContract = (name: string, harness: ToolExecutorHarness): void => {
  describe(`${name} as an executor of programs`, () => {
    test("keeps nothing of a program that may change nothing", async () => {
      const { grant, spend } = granting();
      const { executor, world } = await harness.create(spend);
      const nothing = { wouldAllow: allowsNothing };
      const prepared = await executor.prepare(harness.good, { ...preparing(), ...nothing });
      if (!prepared.ok) throw new Error(prepared.fault.message);
      const before = await world();
      const done = await executor.execute(grant(prepared.value.call), { ...options(), ...nothing });
      expect(done).toMatchObject({ ok: false, fault: { code: "TOOL_CHANGES_DENIED" } });
      expect(await world()).toBe(before);
    });
  });
};
