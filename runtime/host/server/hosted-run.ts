import type { EntryId, RunId } from "#kernel/ids.ts";
import type { Clock } from "#ports/clock.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { LiveEvent } from "#protocol/run-event.ts";
import type { EffectAsker } from "#host/resume-run.ts";
import type { ObservedEntry } from "#host/run-observer.ts";
import type { ApprovalDesk } from "./approval-desk.ts";
import type { ClientModels } from "./client-models.ts";
import { offeredKeys } from "./client-secrets.ts";
import type { Client } from "./clients.ts";
import type { ConsentDeps } from "./consent-desk.ts";
import { consentFor } from "./consent-desk.ts";
import type { EffectDesk } from "./effect-desk.ts";
import type { Notifier } from "./notifier.ts";
import type { RunState, RunSummary } from "./run-history.ts";
import type { PlannedRun, RunAskers, RunHooks } from "./run-starter.ts";

export interface HostedRunDeps {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly approvals: ApprovalDesk;
  readonly effects: EffectDesk;
  readonly consent: Pick<ConsentDeps, "user" | "clients">;
  readonly clientModels: ClientModels;
  readonly notifier: Notifier;
  readonly publish: (event: LiveEvent) => void;
}

/** Who wants a run to go on here, and which powers it named. */
export interface Starting {
  /** Who started it here, or had it resumed; may have left since. */
  readonly starter: Client;
  readonly consent: string | null;
}

/** Decided calls of a run that are remembered for a question about them. */
const DECIDED_MAX = 256;

/** A run of this host, while it lasts and for some time after: how it stands, and whom it asks. */
export class HostedRun {
  readonly id: RunId;
  readonly starting: Starting;
  /** Resolves once its beginning here is on record. */
  readonly recorded: Promise<void>;
  /** Resolves when everything that it had going is gone. */
  over: Promise<void> = Promise.resolve();
  private readonly deps: HostedRunDeps;
  private readonly abort = new AbortController();
  private readonly onRecorded: () => void;
  private standing: RunSummary;
  /** What was said when it was cancelled. */
  private cancelReason: string | null = null;
  private isParked = false;
  /** Entries of decided calls that may yet be asked about, by their fingerprint. */
  private readonly decided = new Map<string, EntryId>();

  constructor(deps: HostedRunDeps, summary: RunSummary, starting: Starting) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.id = summary.run as RunId;
    this.starting = starting;
    this.recorded = promise;
    this.deps = deps;
    this.onRecorded = resolve;
    this.standing = summary;
  }

  get summary(): RunSummary {
    return this.standing;
  }

  /** Aborted when it is cancelled. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Resolves when everything that it had going is gone. The first reason counts. */
  cancel(reason: string | null): Promise<void> {
    this.cancelReason ??= reason;
    this.abort.abort();
    return this.over;
  }

  /** From here on it is over. */
  end(state: RunState): void {
    this.update({ state, endedMs: this.deps.clock.wallMs(), approvalsWaiting: 0 });
  }

  /** What the run is given of this host. */
  hooks(): RunHooks {
    const { clientModels, clock, consent, publish } = this.deps;
    const askable = { clients: consent.clients, starter: this.starting.starter };
    return {
      run: this.id,
      observer: { entry: (observed) => this.hear(observed), live: () => undefined },
      publish,
      howCancelled: () => this.cancelReason,
      planned: (plan) => this.askersFor(plan),
      keys: offeredKeys(clock, askable),
      clientModel: (id) =>
        clientModels.modelFor(id, { ...askable, onParked: (isParked) => this.park(id, isParked) }),
    };
  }

  /** Has a person say what became of effects that its dead host left behind. */
  effectAsker(): EffectAsker {
    return this.deps.effects.askerFor(this.id, (isWaiting) =>
      this.update({ state: isWaiting ? "waiting-for-person" : "running" }),
    );
  }

  private update(change: Partial<RunSummary>): void {
    this.standing = { ...this.standing, ...change };
  }

  private hear(observed: ObservedEntry): void {
    const { type, public: fields, entry } = observed;
    this.update({ lastSeq: entry.runSeq });
    this.deps.effects.recorded(observed);
    const { fingerprint } = fields;
    if (type === "action.decided" && typeof fingerprint === "string") {
      this.decided.set(fingerprint, entry.id);
      // In the order of insertion, so the first is the one that was decided longest ago.
      for (const old of this.decided.keys()) if (this.decided.size > DECIDED_MAX) this.decided.delete(old);
    }
    if (type !== "run.started" && type !== "run.resumed") return;
    this.update({ state: "running" });
    this.onRecorded();
  }

  private askersFor({ agent, path, tier, powers }: PlannedRun): RunAskers {
    const { approvals, clock, consent, entropy } = this.deps;
    this.update({ agent, path, tier });
    return {
      consent: consentFor({ clock, entropy, ...consent }, { named: this.starting.consent, agent, powers }),
      approver: approvals.approverFor({
        agent,
        decidedAt: (fingerprint) => this.decided.get(fingerprint),
        onWaiting: (change) => this.awaitApprovals(change),
      }),
    };
  }

  /** @param change how many approvals it waits for more than before, or fewer. */
  private awaitApprovals(change: number): void {
    const { agent, approvalsWaiting } = this.standing;
    this.stand(approvalsWaiting + change);
    // Whoever is asked sees the question itself.
    const isForOthers = (client: Client): boolean => !client.offers.approvals;
    if (change > 0) {
      this.deps.notifier.show("warning", `${agent} waits for an approval`, this.id, isForOthers);
    }
  }

  private park(model: string, isParked: boolean): void {
    const { agent, approvalsWaiting } = this.standing;
    this.isParked = isParked;
    this.stand(approvalsWaiting);
    if (isParked) {
      this.deps.notifier.show("warning", `${agent} waits until a client offers ${model} again`, this.id);
    }
  }

  /** Notes what it waits for while it goes on, if anything. */
  private stand(approvalsWaiting: number): void {
    const unasked = this.isParked ? "parked" : "running";
    this.update({ approvalsWaiting, state: approvalsWaiting > 0 ? "waiting-for-person" : unasked });
  }
}
