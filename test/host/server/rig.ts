import { abortError, isAbort } from "#kernel/abort.ts";
import { toHex } from "#kernel/bytes.ts";
import type { RunId } from "#kernel/ids.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Fault } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { LostEffect, RunReport } from "#agent/index.ts";
import { createRunRecorder } from "#agent/index.ts";
import { callFault } from "#host/rpc/errors.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import { openConnection } from "#host/rpc/client-connection.ts";
import type { Handlers, Params } from "#host/rpc/peer.ts";
import { giveUp } from "#host/give-up-run.ts";
import { recordInterruptedRuns } from "#host/interrupted-runs.ts";
import { observedRecorder } from "#host/run-observer.ts";
import { EntryFeed } from "#host/server/entry-feed.ts";
import { HostServer } from "#host/server/host-server.ts";
import type { RunAskers, RunHooks, RunResumer, RunStarter, StartOrder } from "#host/server/run-starter.ts";
import type { LedgerVerifier } from "#host/server/verify-ledger.ts";
import { readSecret, SECRET_NAME, signingKeyOf } from "#ledger/keys.ts";
import { createLedgerReader } from "#ledger/ledger-reader.ts";
import { openLedger } from "#ledger/open-ledger.ts";
import { createVerificationSource } from "#ledger/verification-source.ts";
import { verifyLedger } from "#ledger/verify/verify-ledger.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { ApprovalAnswer } from "#ports/approver.ts";
import type { RunRecorder } from "#ports/run-recorder.ts";
import type { Powers } from "#protocol/consent.ts";
import type { RunOutcome } from "#protocol/run-event.ts";
import type { ClockFake } from "#test/kit/clock-fake.ts";
import { createClockFake } from "#test/kit/clock-fake.ts";
import { approvalBy, stepUp } from "#test/kit/decisions.ts";
import { createEntropyFake } from "#test/kit/entropy-fake.ts";
import { createFakeKeyStore } from "#test/kit/key-store-fake.ts";
import { createFakeDisk } from "#test/kit/ledger-store-fake.ts";
import { nodeCrypto, WORKSPACE } from "#test/ledger/world.ts";
import type { WireFake } from "#test/kit/wire-pair.ts";
import { createWirePair } from "#test/kit/wire-pair.ts";
import { createFakeWorkspace } from "#test/kit/workspace-files-fake.ts";

/*
 * A host over a real ledger on a disk in memory. Its runs do what a test says instead of running an
 * agent; everything that a client sees of them is the host's own.
 */

export const TOKEN = new Uint8Array(32).fill(7);
export const DIGEST = "0".repeat(64);
export const AGENT = "agents/notes.symbi#notes";
export const NO_OFFERS = { models: [], approvals: false, secrets: [], notifications: false };
export const PERSON = { ...NO_OFFERS, approvals: true };
export const USER = "tester";
export const { signal: NEVER } = new AbortController();

/** What a run of a test can do. */
export interface ScriptedRun {
  readonly recorder: RunRecorder;
  readonly order: StartOrder;
  readonly signal: AbortSignal;
  /** What clients have for it. */
  readonly offered: Pick<RunHooks, "clientModel" | "keys">;
  /** Records a decided call and asks a person about it, as the gate does. */
  ask(question?: {
    readonly fingerprint?: string;
    readonly who?: readonly string[];
  }): Promise<ApprovalAnswer>;
}

export type RunScript = (run: ScriptedRun) => Promise<RunOutcome>;

export interface ClientOptions {
  readonly kind?: Params<"host/hello">["client"];
  readonly offers?: Params<"host/offer">;
  readonly handlers?: Handlers;
}

export interface Rig {
  /** Whether the disk takes three bytes of what is written, and then no more. */
  isDiskFull: boolean;
  readonly clock: ClockFake;
  readonly server: HostServer;
  readonly ledger: WritableLedger;
  /** Wires of clients in the order in which they came. */
  readonly wires: readonly WireFake[];
  /** What runs do from now on. */
  script: RunScript;
  /** Called before a run looks at its order. */
  beforeStart: (order: StartOrder, signal: AbortSignal) => Promise<void>;
  /** Called before a run that goes on has that on record. */
  beforeResume: () => Promise<void>;
  /** What stands behind `ledger/verify`; the real verifier unless a test says otherwise. */
  verifyLedger: LedgerVerifier;
  /** Orders that came to the starter. */
  readonly orders: readonly StartOrder[];
  readonly notices: readonly string[];
  /** Runs that the host was asked to go on with, and what those have lost. */
  readonly resumptions: readonly string[];
  lost: readonly LostEffect[];
  refusesResumption: Fault<string> | null;
  /** Whether nothing can be put on record of a run that is given up. */
  isGivingUpRefused: boolean;
  connect(options?: ClientOptions): Promise<HostConnection>;
  /** Another host on the same ledger, after this one was killed. */
  successor(): Promise<Rig>;
}

export const startParams = (change: Partial<Params<"run/start">> = {}): Params<"run/start"> => ({
  idempotencyKey: key(1),
  path: "agents/notes.symbi",
  digest: DIGEST,
  agent: null,
  inputs: { topic: "tides" },
  model: null,
  sandboxFloor: null,
  consent: DIGEST,
  onBehalf: null,
  parent: null,
  ...change,
});

const NOW_MS = 1_700_000_000_000;

/** A key of a start, made `ageMs` before the clock of the rig began. */
export const key = (number: number, ageMs = 0): string => {
  const time = (NOW_MS - ageMs).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, "0")}`;
};

export const createRig = (): Promise<Rig> => rigOn(createFakeDisk(), createFakeKeyStore(), 1);

const rigOn = async (
  disk: ReturnType<typeof createFakeDisk>,
  keys: ReturnType<typeof createFakeKeyStore>,
  seed: number,
): Promise<Rig> => {
  const clock = createClockFake(NOW_MS);
  const entropy = createEntropyFake(seed);
  const feed = new EntryFeed();
  let isDiskFull = (): boolean => false;
  const process = disk.process(() => (isDiskFull() ? { kind: "disk-full", bytes: 3 } : undefined));
  const { store, anchors } = process;
  const deps = { store, anchors, keys, clock, entropy, crypto: nodeCrypto };
  const opened = await openLedger(
    { ...deps, onCommitted: (lines) => feed.committed(lines) },
    { workspace: WORKSPACE, software: "writ test" },
  );
  if (!opened.ok) throw new Error(opened.fault.message);
  const { ledger } = opened.value;
  const left = await recordInterruptedRuns(ledger, store);
  if (!left.ok) throw new Error(left.fault.message);
  const seedRead = await readSecret(keys, SECRET_NAME.workspace(WORKSPACE));
  if (!seedRead.ok || seedRead.value === null) throw new Error("the workspace has no key");
  const own = toHex(signingKeyOf(nodeCrypto, seedRead.value).publicKey);
  const orders: StartOrder[] = [];
  const notices: string[] = [];
  const resumptions: string[] = [];
  const wires: WireFake[] = [];

  const startRun: RunStarter = async (order, hooks, signal) => {
    orders.push(order);
    await rig.beforeStart(order, signal);
    if (signal.aborted) throw abortError();
    const scope = entropy.id<"scope">(clock.wallMs());
    await ledger.openScope(scope);
    const askers = hooks.planned({ agent: AGENT, path: order.path, tier: "wasm", powers: POWERS });
    const recorder = observedRecorder(
      createRunRecorder(
        { ledger, publish: (event) => hooks.publish(event) },
        { run: hooks.run, parent: null, scope, principal: `Agent::"${AGENT}"`, onBehalfOf: null },
      ),
      hooks.observer,
      (error) => {
        throw error;
      },
    );
    const consent = await askers.consent.ask(
      { principal: `Agent::"${AGENT}"`, digest: DIGEST as never, lines: [], widened: [] },
      signal,
    );
    if (consent.k !== "given") {
      await record(recorder, "consent.refused", { powers: DIGEST, by: null, surface: null });
      const reason = fault(consent.k === "refused" ? "RUN_CONSENT_REFUSED" : "RUN_CONSENT_UNAVAILABLE", "no");
      return failed({ fault: callFault("refused", reason), isOnRecord: true });
    }
    await record(recorder, "run.started", { ...STARTED, startKey: order.startKey }, { inputs: order.inputs });
    const outcome = await outcomeOf(rig.script, {
      recorder,
      order,
      signal,
      offered: hooks,
      ask: asking(recorder, askers),
    });
    await record(recorder, "run.ended", { outcome, reason: "DONE" });
    ledger.closeScope(scope);
    return ok(reportOf(hooks.run, outcome));
  };
  const resumeRun: RunResumer = async ({ run }, hooks, signal) => {
    resumptions.push(run);
    const refusal = rig.refusesResumption;
    if (refusal !== null) return failed({ fault: callFault("refused", refusal), isOnRecord: false });
    await rig.beforeResume();
    if (signal.aborted) throw abortError();
    const scope = entropy.id<"scope">(clock.wallMs());
    await ledger.openScope(scope);
    const recorder = observedRecorder(
      createRunRecorder(
        { ledger, publish: (event) => hooks.publish(event) },
        {
          run,
          parent: null,
          scope,
          principal: `Agent::"${AGENT}"`,
          onBehalfOf: null,
          recorded: { entries: 10, inputs: 1 },
        },
      ),
      hooks.observer,
      (error) => {
        throw error;
      },
    );
    await record(recorder, "run.resumed", RESUMED);
    let outcome: RunOutcome = "completed";
    for (const effect of rig.lost) {
      try {
        const { k: _, detail = null, ...who } = await hooks.effects.ask(effect, signal);
        const said = { act: "EFFECT_HAPPENED", target: effect.callId, ...who };
        await record(recorder, "person.intervened", said, detail === null ? {} : { detail });
      } catch (error) {
        if (!isAbort(error)) throw error;
        outcome = "cancelled";
      }
    }
    await record(recorder, "run.ended", { outcome, reason: "DONE" });
    ledger.closeScope(scope);
    return ok(reportOf(run, outcome));
  };
  const reader = createLedgerReader({ store, crypto: nodeCrypto, keys }, [own]);
  const server = new HostServer({
    clock,
    entropy,
    crypto: nodeCrypto,
    token: TOKEN,
    product: "writ test",
    workspace: WORKSPACE,
    user: USER,
    reader,
    artefacts: ledger.artefacts,
    log: ledger.log,
    canRecord: () => ledger.fault === undefined,
    feed,
    startRun,
    resumeRun,
    giveUpRun: async (run, how) => {
      if (rig.isGivingUpRefused) return failed(callFault("unavailable", fault("LEDGER_REFUSED", "no")));
      const who = { user: USER, surface: "protocol", how } as const;
      const given = await giveUp(
        {
          reader,
          ledger,
          workspace: createFakeWorkspace(),
          crypto: nodeCrypto,
          lowerAgain: async () => null,
        },
        run,
        who,
        NEVER,
      );
      return given.ok
        ? ok({ state: given.value.outcome })
        : failed(callFault("unavailable", given.fault.fault));
    },
    verifyLedger: (signal, onChecked) => rig.verifyLedger(signal, onChecked),
    notice: (_run, text) => notices.push(text),
  });
  const source = createVerificationSource(store, anchors, true);
  const rig: Rig = {
    isDiskFull: false,
    clock,
    verifyLedger: async (signal, onChecked) => {
      const report = await verifyLedger(source, nodeCrypto, own, signal, onChecked);
      return report.ok ? ok({ ...report.value, missing: [] }) : report;
    },
    server,
    ledger,
    wires,
    orders,
    notices,
    resumptions,
    lost: [],
    refusesResumption: null,
    isGivingUpRefused: false,
    script: async () => "completed",
    beforeStart: async () => undefined,
    beforeResume: async () => undefined,
    async connect({ kind = "cli", offers = NO_OFFERS, handlers = NO_HANDLERS } = {}) {
      const [there, here] = createWirePair();
      wires.push(here);
      server.accept(there);
      const connected = await openConnection(
        here,
        {
          clock,
          handlers,
          opening: {
            crypto: nodeCrypto,
            readToken: () => TOKEN,
            nonce: toHex(entropy.bytes(32)),
            kind,
            product: "test",
            offers,
          },
        },
        NEVER,
      );
      if (!connected.ok) throw new Error(connected.fault.message);
      return connected.value;
    },
    successor: () => {
      process.kill();
      return rigOn(disk, keys, seed + 1);
    },
  };
  isDiskFull = () => rig.isDiskFull;
  return rig;
};

const NO_HANDLERS: Handlers = { requests: {}, notifications: {} };

const POWERS = { v: 1 } as unknown as Powers;

const STARTED: JsonObject = {
  agent: AGENT,
  source: DIGEST,
  spec: DIGEST,
  policies: DIGEST,
  tools: DIGEST,
  configuration: DIGEST,
  semantics: 1,
  tier: "wasm",
  tierWhy: "file",
  model: "scripted:m.json",
  powers: DIGEST,
};

const RESUMED: JsonObject = {
  last: { log: WORKSPACE, seq: 0, hash: DIGEST },
  inputs: 1,
  state: DIGEST,
  spec: DIGEST,
  policies: DIGEST,
  tools: DIGEST,
  configuration: DIGEST,
  semantics: 1,
  tier: "wasm",
  model: "scripted:m.json",
  powers: DIGEST,
};

const record = async (
  recorder: RunRecorder,
  type: Parameters<RunRecorder["record"]>[0]["type"],
  fields: JsonObject,
  content: JsonObject = {},
): Promise<void> => {
  const recorded = await recorder.record({ type, cause: null, public: fields, content, feeds: false });
  if (!recorded.ok) throw new Error(recorded.fault.message);
};

export const FINGERPRINT = "ab".repeat(32);
export const ARGUMENTS: JsonObject = { path: "a\u200b.md" };
export const PREVIEW = "+ one line\n";

const asking =
  (recorder: RunRecorder, { approver }: RunAskers): ScriptedRun["ask"] =>
  async ({ fingerprint = FINGERPRINT, who = [] } = {}) => {
    await record(recorder, "action.decided", { fingerprint }, { arguments: ARGUMENTS, preview: PREVIEW });
    const question = {
      id: nextApproval(),
      run: recorder.run,
      principal: `Agent::"${AGENT}"`,
      tool: "publish_file",
      arguments: ARGUMENTS,
      preview: PREVIEW,
      decision: stepUp(approvalBy()),
      fingerprint,
      expiresInMs: 60_000,
      who: { approvers: who, except: [] },
    };
    const over = new AbortController();
    return approver.ask(question, over.signal);
  };

let approvals = 0;
const nextApproval = (): never => {
  approvals += 1;
  return `018bcfe5-6800-7000-8000-${approvals.toString(16).padStart(12, "0")}` as never;
};

/** A run that is cancelled ends as that, whatever it was about to do. */
const outcomeOf = async (script: RunScript, run: ScriptedRun): Promise<RunOutcome> => {
  try {
    return await script(run);
  } catch (error) {
    if (isAbort(error)) return "cancelled";
    throw error;
  }
};

const reportOf = (run: RunId, outcome: RunOutcome): RunReport =>
  ({
    run,
    end: { outcome, reason: "DONE" },
    isRecorded: true,
    fault: null,
    bug: null,
  }) as unknown as RunReport;

/** Waits until the run is cancelled. */
export const untilCancelled: RunScript = ({ signal }) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve("cancelled");
    else signal.addEventListener("abort", () => resolve("cancelled"), { once: true });
  });

/** Lets everything happen that needs no time to pass. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
