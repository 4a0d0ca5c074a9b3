import { isAbort, throwIfAborted } from "#kernel/abort.ts";
import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { RunId } from "#kernel/ids.ts";
import { invariant } from "#kernel/invariant.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { PolicyDecider } from "#policy/policy-decider.ts";
import type { ToolExecutor } from "#ports/executor.ts";
import type { SpendRefusal } from "./capability.ts";
import { Authority } from "./capability.ts";
import type {
  CallOutcome,
  Gate,
  GateDeps,
  GateFault,
  GateRun,
  ModelOutcome,
  ProposedCall,
  ProposedEnd,
  ProposedModelCall,
  ProposedResponse,
} from "./contract.ts";
import { createConversation } from "./conversation.ts";
import { createFingerprinter, createRunDigest, FINGERPRINT_KEY_BYTES } from "./fingerprint.ts";
import { frozenJsonObject } from "./frozen-json.ts";
import { performGive } from "./give.ts";
import { giveCandidate } from "./give-candidate.ts";
import { performModelCall } from "./model-call.ts";
import { modelCandidate } from "./model-candidate.ts";
import { stretches } from "./parallel.ts";
import { fingerprintOf } from "./subject.ts";
import { createSupposing } from "./supposed-calls.ts";
import type { Supposing } from "./supposed-calls.ts";
import { toolCandidate } from "./tool-candidate.ts";
import { performTogether } from "./turn.ts";
import type { World } from "./world.ts";
import { record } from "./world.ts";

const INPUTS_DEPTH_MAX = 64;

/**
 * Opens the gate of one run. The key of its fingerprints is made here and dies with it; so do the
 * rights that it gives.
 */
export const createGate = (deps: GateDeps, run: GateRun): Gate => {
  const inputs = frozenJsonObject(run.inputs, INPUTS_DEPTH_MAX);
  invariant(inputs !== undefined, "a run's inputs are JSON");
  const { crypto, entropy, clock, recorder, approver } = deps;
  const world: World = {
    run: Object.freeze({ ...run, inputs }),
    recorder,
    approver,
    clock,
    entropy,
    fingerprint: createFingerprinter(crypto, entropy.bytes(FINGERPRINT_KEY_BYTES)),
    runDigest: createRunDigest(crypto, run.key),
    digest: (value) => sha256OfBytes(crypto.sha256(utf8(canonicalJson(value)))),
  };
  return new RunGate(world, deps);
};

class RunGate implements Gate {
  readonly run: RunId;
  private readonly world: World;
  private readonly deps: GateDeps;
  private readonly authority: Authority;
  private readonly executors: ReadonlyMap<string, ToolExecutor>;
  private readonly supposing: Supposing;
  private readonly conversation = createConversation();
  private callsMade: number;
  /** Set once and for good: a run that cannot be recorded does nothing more. */
  private fault: GateFault | null = null;
  /** The same for a bug of ours: whatever threw may have left something unrecorded. */
  private bug: { readonly error: unknown } | null = null;

  constructor(world: World, deps: GateDeps) {
    this.run = world.recorder.run;
    this.world = world;
    this.callsMade = world.run.callsMade ?? 0;
    this.deps = deps;
    this.authority = new Authority({
      monotonicMs: () => world.clock.monotonicMs(),
      fingerprintOf: (subject) => fingerprintOf(world.fingerprint, subject),
      onRefused: (refusal) => this.recordRefusedSpend(refusal),
    });
    const executors = deps.executors(this.authority.spend);
    this.executors = new Map(executors.map((executor) => [executor.descriptor.name, executor]));
    invariant(this.executors.size === executors.length, "each tool has one executor");
    this.supposing = createSupposing(world, (tool) => this.executors.get(tool)?.descriptor.action);
  }

  async perform(call: ProposedCall, signal: AbortSignal): Promise<Result<CallOutcome, GateFault>> {
    const outcomes = await this.performAll([call], signal);
    if (!outcomes.ok) return outcomes;
    const [outcome] = outcomes.value;
    invariant(outcome !== undefined, "one call has one outcome");
    return ok(outcome);
  }

  performAll(
    calls: readonly ProposedCall[],
    signal: AbortSignal,
  ): Promise<Result<readonly CallOutcome[], GateFault>> {
    return this.guard(signal, async () => {
      const policy = this.deps.policy();
      const outcomes: CallOutcome[] = [];
      for (const stretch of stretches(calls, (call) => this.executors.get(call.tool))) {
        const candidates = stretch.map((call) => this.candidate(call, policy));
        const done = await performTogether(this.world, this.authority, policy, candidates, signal);
        if (!done.ok) return done;
        outcomes.push(...done.value);
      }
      return ok(outcomes);
    });
  }

  callModel(proposal: ProposedModelCall, signal: AbortSignal): Promise<Result<ModelOutcome, GateFault>> {
    return this.guard(signal, () => {
      const { model } = this.deps;
      invariant(model !== null, "a run that calls a model has one");
      const candidate = modelCandidate(this.world, model, proposal);
      return performModelCall(this.world, this.conversation, this.deps.policy(), candidate, signal);
    });
  }

  respond(response: ProposedResponse, signal: AbortSignal): Promise<Result<CallOutcome, GateFault>> {
    return this.guard(signal, () => {
      const candidate = giveCandidate(this.world, "respond", response, { value: response.value });
      return performGive(this.world, this.deps.policy(), candidate, signal);
    });
  }

  terminate(end: ProposedEnd, signal: AbortSignal): Promise<Result<CallOutcome, GateFault>> {
    return this.guard(signal, () => {
      const candidate = giveCandidate(this.world, "terminate", end, { reason: end.reason });
      return performGive(this.world, this.deps.policy(), candidate, signal);
    });
  }

  private candidate(call: ProposedCall, policy: PolicyDecider) {
    this.callsMade += 1;
    return toolCandidate(this.world, this.executors.get(call.tool), call, {
      exhausted: this.callsMade > this.world.run.limits.callsMax,
      suppose: this.supposing(policy, call),
    });
  }

  private async guard<T>(
    signal: AbortSignal,
    act: () => Promise<Result<T, GateFault>>,
  ): Promise<Result<T, GateFault>> {
    throwIfAborted(signal);
    if (this.bug !== null) throw this.bug.error;
    if (this.fault !== null) return failed(this.fault);
    try {
      const acted = await act();
      return acted.ok ? acted : failed(this.keep(acted.fault));
    } catch (error) {
      if (!isAbort(error)) this.bug ??= { error };
      throw error;
    }
  }

  /** The fault that this gate has from now on: the first, unless a later one knows that something was begun. */
  private keep(fault: GateFault): GateFault {
    if (this.fault === null || (this.fault.effect === "none" && fault.effect === "possible")) {
      this.fault = fault;
    }
    return this.fault;
  }

  private async recordRefusedSpend(refusal: SpendRefusal): Promise<void> {
    const recorded = await record(
      this.world,
      {
        type: "capability.refused",
        cause: null,
        public: {
          callId: refusal.callId,
          tool: this.executors.has(refusal.tool) ? refusal.tool : null,
          code: refusal.code,
        },
        content: {},
        feeds: false,
      },
      "none",
    );
    if (!recorded.ok) this.keep(recorded.fault);
  }
}
