import { systemClock } from "#adapters/clock/system-clock.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { createRunRecorder } from "#agent/index.ts";
import type { Gate } from "#gate/contract.ts";
import { GATE_LIMITS_DEFAULT, createGate } from "#gate/index.ts";
import { openPolicyEngine } from "#host/compose/policies.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { Spend, ToolExecutor } from "#ports/executor.ts";
import type { LoadedPolicies } from "#policy/index.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { READER } from "#test/kit/policy-requests.ts";
import { createBareLog } from "./kit/bare-log.ts";
import { RUN, SCOPE, openDiskLedger, openForgetfulLedger, valueOf } from "./kit/ledgers.ts";
import { readerRules } from "./kit/rules.ts";
import { withScratchFolder } from "./kit/scratch.ts";
import type { Comparison } from "./measure.ts";
import { compare } from "./measure.ts";

const ROUNDS = 11;
const CALLS = 100;
const LINE = new Uint8Array(850).fill(0x61);

/** A call of a tool that does nothing, from its proposal to its recorded outcome. */
export const gateComparisons = (): Promise<readonly Comparison[]> =>
  withScratchFolder(async (folder) => [
    await compareGate("one gated call, ledger without a disk", folder, await openForgetfulLedger()),
    await compareGate("one gated call, ledger on disk", folder, await openDiskLedger(folder)),
  ]);

const compareGate = async (title: string, folder: string, ledger: WritableLedger): Promise<Comparison> => {
  const opened = valueOf(await openPolicyEngine());
  try {
    const loading = valueOf(await opened.engine.load([readerRules(20)], new AbortController().signal));
    if (loading.policies === null) throw new Error("the policies do not load");
    const gate = openGate(loading.policies, ledger);
    const bareAppend = createBareLog(folder);
    return await compare({
      title,
      unit: "call",
      baseline: {
        name: "one bare durable append",
        run: () => {
          for (let call = 0; call < CALLS; call += 1) bareAppend(LINE, 1);
          return CALLS;
        },
      },
      ours: {
        name: "perform",
        run: async () => {
          for (let call = 0; call < CALLS; call += 1) await performOne(gate);
          return CALLS;
        },
      },
      rounds: ROUNDS,
    });
  } finally {
    valueOf(await ledger.close());
    await opened.decider.close();
  }
};

const openGate = (policies: LoadedPolicies, ledger: WritableLedger): Gate =>
  createGate(
    {
      policy: () => policies,
      recorder: createRunRecorder(
        { ledger, publish: () => undefined },
        {
          run: RUN,
          parent: null,
          scope: SCOPE,
          principal: `Agent::"${READER}"`,
          onBehalfOf: { kind: "user", id: "ada" },
        },
      ),
      approver: { ask: async () => ({ k: "unavailable", why: "nobody is here" }) },
      model: { id: "scripted:none", remote: false, stream: () => noAnswer() },
      crypto: createNodeCrypto(),
      entropy: createSystemEntropy(),
      clock: systemClock,
      executors: (spend) => [idleReader(spend)],
    },
    {
      principal: { type: "Agent", id: READER },
      onBehalfOf: { kind: "user", id: "ada" },
      ancestors: [],
      tier: "wasm",
      inputs: { month: "May" },
      offered: ["read_file"],
      key: new Uint8Array(32).fill(7),
      endsAtMonotonicMs: Number.MAX_SAFE_INTEGER,
      limits: { ...GATE_LIMITS_DEFAULT, callsMax: Number.MAX_SAFE_INTEGER },
    },
  );

async function* noAnswer(): AsyncGenerator<never> {}

const performOne = async (gate: Gate): Promise<void> => {
  const outcome = valueOf(
    await gate.perform(
      {
        reference: "call-1",
        ordinal: 0,
        tool: "read_file",
        arguments: { k: "text", text: '{"path":"team-0/notes.md"}' },
        labels: [],
        iteration: 1,
        cause: null,
      },
      new AbortController().signal,
    ),
  );
  if (outcome.status !== "done") throw new Error(`the call was ${outcome.status}: ${outcome.text}`);
};

/** Prepares and spends as every executor does, and reads nothing. */
const idleReader = (spend: Spend): ToolExecutor => {
  const descriptor = BUILTIN_TOOLS.find(({ name }) => name === "read_file");
  if (descriptor === undefined) throw new Error("there is no tool `read_file`");
  return {
    descriptor,
    timeoutMsDefault: 30_000,
    prepare: async (given) =>
      ok({
        call: {
          tool: "read_file",
          arguments: given,
          resource: { type: "Tool", id: "read_file", attributes: {} },
          labels: [],
          preview: null,
          details: {},
        },
        fault: null,
      }),
    async execute(authorized) {
      const right = await spend(authorized, "read_file");
      if (!right.ok) return failed(fault("TOOL_NOT_AUTHORIZED", right.fault.message));
      return ok({ text: "", value: null, labels: [], changes: [] });
    },
  };
};
