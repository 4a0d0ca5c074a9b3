import { concatBytes } from "#kernel/bytes.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { RunSession, SessionRequest } from "#agent/index.ts";
import { createGate } from "#gate/index.ts";
import type { Approver } from "#ports/approver.ts";
import type { Clock } from "#ports/clock.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { LanguageModel } from "#ports/language-model.ts";
import type { ArtefactStore } from "#ports/ledger.ts";
import type { RunRecorder } from "#ports/run-recorder.ts";
import type { SandboxLimits, SandboxSession } from "#ports/sandbox.ts";
import type { WorkspaceFiles, WorkspaceSnapshot } from "#ports/workspace-files.ts";
import { createExecutors, createRunFiles } from "#tools/index.ts";
import type { ResumedFiles } from "#tools/index.ts";

import type { RunPlan } from "./plan-run.ts";

/** What a run acts through: nothing here lets it act without its gate. */
export interface SessionDeps {
  readonly plan: RunPlan;
  readonly workspace: WorkspaceFiles;
  readonly artefacts: ArtefactStore;
  readonly model: LanguageModel;
  readonly approver: Approver;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly entropy: Entropy;
  readonly limits: SandboxLimits;
  /** Gives the files of a run that goes on; absent for one that begins, null where it had not got any. */
  readonly resumed?: () => Promise<Result<ResumedSandbox | null, Fault<string>>>;
}

/** What a run that goes on had in a sandbox that is gone. */
export interface ResumedSandbox extends ResumedFiles {
  readonly lost: "processes" | "processes-and-changes";
}

/**
 * Takes the snapshot of the workspace, or the files that the run had, opens the sandbox with them and
 * puts the gate before it. What was opened is closed again when a later step refuses.
 */
export const openRunSession = async (
  deps: SessionDeps,
  { recorder, run }: SessionRequest,
  signal: AbortSignal,
): Promise<Result<RunSession, Fault<string>>> => {
  const resumed = (await deps.resumed?.()) ?? ok(null);
  if (!resumed.ok) return resumed;
  const snapshot = resumed.value === null ? await deps.workspace.snapshot(signal) : ok(null);
  if (!snapshot.ok) return snapshot;
  const had = resumed.value ?? { files: snapshot.value?.files ?? [], labels: new Map() };
  const { provider } = deps.plan;
  const opened = await provider.open({ run: recorder.run, files: had.files, limits: deps.limits }, signal);
  if (!opened.ok) return opened;
  const session = opened.value;
  try {
    const recorded =
      snapshot.value === null
        ? await recordRecreation(recorder, session, resumed.value?.lost ?? "processes")
        : await recordOpening(recorder, session, snapshot.value, deps);
    if (!recorded.ok) {
      await session.close();
      return recorded;
    }
  } catch (error) {
    await session.close();
    throw error;
  }
  const files = createRunFiles({
    session,
    artefacts: deps.artefacts,
    scope: recorder.scope,
    workspace: resumed.value?.workspace ?? had.files,
    opened: had.files,
    labels: had.labels,
  });
  const gate = createGate(
    {
      policy: () => deps.plan.policies,
      recorder,
      approver: deps.approver,
      model: deps.model,
      crypto: deps.crypto,
      entropy: deps.entropy,
      clock: deps.clock,
      executors: (spend) => createExecutors({ files, workspace: deps.workspace, crypto: deps.crypto, spend }),
    },
    run,
  );
  return ok({
    gate,
    close: async () => {
      await session.close();
      // A ledger that refuses has said so to the run already; the sandbox is gone either way.
      await recorder.record({
        type: "sandbox.closed",
        cause: null,
        public: { tier: session.tier, reason: files.isLost ? "lost" : "ended" },
        content: {},
        feeds: false,
      });
    },
  });
};

/** Puts on record what of its sandbox a run that goes on has lost: its files it has again. */
const recordRecreation = async (
  recorder: RunRecorder,
  { tier }: SandboxSession,
  lost: ResumedSandbox["lost"],
): Promise<Result<void, Fault<string>>> => {
  const recorded = await recorder.record({
    type: "sandbox.recreated",
    cause: null,
    public: { tier, lost },
    content: {},
    feeds: false,
  });
  return recorded.ok ? ok(undefined) : failed(recorded.fault);
};

/**
 * Puts on record what the run began with: all files in one artefact, so that a killed run can be
 * given them again, and the place of each in it.
 */
const recordOpening = async (
  recorder: RunRecorder,
  session: SandboxSession,
  snapshot: WorkspaceSnapshot,
  { plan, artefacts, crypto }: SessionDeps,
): Promise<Result<void, Fault<string>>> => {
  const pack = concatBytes(...snapshot.files.map((file) => file.bytes));
  const stored = await artefacts.put(recorder.scope, pack);
  if (!stored.ok) return stored;
  let offset = 0;
  const files = snapshot.files.map(({ path, bytes, executable }) => {
    const place = {
      path,
      digest: sha256OfBytes(crypto.sha256(bytes)),
      offset,
      sizeBytes: bytes.length,
      executable,
    };
    offset += bytes.length;
    return place;
  });
  const recorded = await recorder.record({
    type: "sandbox.opened",
    cause: null,
    public: { tier: session.tier, engine: plan.engine, files: files.length, bytes: pack.length },
    content: {
      files: { pack: stored.value, files },
      "left-out": snapshot.leftOut.map((left) => ({ ...left })),
    },
    feeds: false,
  });
  return recorded.ok ? ok(undefined) : failed(recorded.fault);
};
