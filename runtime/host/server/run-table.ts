import { abortError } from "#kernel/abort.ts";
import type { EntryId, RunId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";
import { LIST_ITEMS_MAX } from "#protocol/host-rpc.ts";
import type { LiveEvent, RunOutcome } from "#protocol/run-event.ts";
import { RUN_IS_OVER } from "#host/find-interrupted.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import { callFault } from "#host/rpc/errors.ts";
import type { Answer, Params } from "#host/rpc/peer.ts";
import type { RunObserver } from "#host/run-observer.ts";
import type { ApprovalDesk } from "./approval-desk.ts";
import type { ClientModels } from "./client-models.ts";
import { offeredKeys } from "./client-secrets.ts";
import type { Client } from "./clients.ts";
import type { ConsentDeps } from "./consent-desk.ts";
import { consentFor } from "./consent-desk.ts";
import type { EffectDesk } from "./effect-desk.ts";
import { conflict, DRAINING, NO_SUCH_RUN, unavailable } from "./faults.ts";
import type { Notifier } from "./notifier.ts";
import type { RunState, RunSummary } from "./run-history.ts";
import { begun, isOver, readRunHistory } from "./run-history.ts";
import type { RunGiver, RunHooks, RunResumer, RunStarter } from "./run-starter.ts";
import { isKeyTooOld, KEY_REUSED, KEY_TOO_OLD, orderText, runStartedWith } from "./start-keys.ts";

export interface RunTableDeps {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly reader: LedgerReader;
  readonly startRun: RunStarter;
  readonly resumeRun: RunResumer;
  readonly giveUpRun: RunGiver;
  readonly approvals: ApprovalDesk;
  readonly effects: EffectDesk;
  readonly consent: Pick<ConsentDeps, "user" | "clients">;
  readonly clientModels: ClientModels;
  readonly notifier: Notifier;
  readonly isDraining: () => boolean;
  /** Called whenever a run began or is over. */
  readonly onChange: () => void;
  /** What nobody else would hear: why a run that nobody watches ended as it did. */
  readonly notice: (run: RunId, text: string) => void;
  readonly publish: (event: LiveEvent) => void;
}

/** A run of this host, while it lasts and for some time after. */
interface HostedRun {
  summary: RunSummary;
  /** Who started it here, or had it resumed; may have left since. */
  readonly starter: Client;
  readonly abort: AbortController;
  /** What was said when it was cancelled. */
  cancelReason: string | null;
  /** Resolves when everything that it had going is gone. */
  over: Promise<void>;
}

/** Who wants a run to go on here, and which powers it named. */
interface Starting {
  readonly starter: Client;
  readonly consent: string | null;
}

interface Start {
  readonly said: string;
  readonly answer: Promise<Result<Answer<"run/start">, CallFault>>;
}

type Ending = ReturnType<RunGiver>;

const REASON_CHARACTERS_MAX = 2_000;
/** Runs that a host has going at once. */
const RUNS_MAX = 64;
/** Finished runs that are remembered; older ones stand in the ledger. */
const FINISHED_RUNS_MAX = 256;

/** Decided calls of a run that are remembered for a question about them. */
const DECIDED_MAX = 256;

/** The runs of a host, by id. */
export class RunTable {
  private readonly deps: RunTableDeps;
  private readonly runs = new Map<string, HostedRun>();
  private readonly starts = new Map<string, Start>();
  private readonly resumptions = new Map<string, Promise<Result<Answer<"run/resume">, CallFault>>>();
  /** Interrupted runs that are being ended for good. */
  private readonly endings = new Map<string, Ending>();

  constructor(deps: RunTableDeps) {
    this.deps = deps;
  }

  /** Runs that are not over. */
  get active(): number {
    return this.goingOn().length;
  }

  /** Answers once `run.started` is durable. Rejects with an AbortError when aborted before that: then there is no run. */
  async start(
    params: Params<"run/start">,
    starter: Client,
    signal: AbortSignal,
  ): Promise<Result<Answer<"run/start">, CallFault>> {
    const { idempotencyKey: key } = params;
    if (isKeyTooOld(key, this.deps.clock.wallMs())) return failed(KEY_TOO_OLD);
    const said = orderText(params);
    const first = this.starts.get(key);
    if (first !== undefined) {
      if (first.said !== said) return failed(KEY_REUSED);
      const answer = await first.answer;
      return answer.ok ? ok({ ...answer.value, repeated: true }) : answer;
    }
    const answer = this.begin(params, starter, signal);
    this.starts.set(key, { said, answer });
    // A start that came to nothing leaves no key behind.
    const forget = (): void => void this.starts.delete(key);
    answer.then(({ ok: isStarted }) => isStarted || forget(), forget);
    return answer;
  }

  /** Answers once `run.resumed` is durable; a second one joins the first. Rejects with an AbortError when aborted before that. */
  async resume(
    params: Params<"run/resume">,
    starter: Client,
    signal: AbortSignal,
  ): Promise<Result<Answer<"run/resume">, CallFault>> {
    const { run } = params;
    const first = this.resumptions.get(run);
    if (first !== undefined) return first;
    const answer = this.takeUp(params, starter, signal);
    this.resumptions.set(run, answer);
    const forget = (): void => void this.resumptions.delete(run);
    answer.then(forget, forget);
    return answer;
  }

  async list({ states, after }: Params<"run/list">): Promise<Result<Answer<"run/list">, CallFault>> {
    const all = await this.all();
    if (!all.ok) return all;
    const wanted = all.value
      .filter(({ state }) => states === null || states.includes(state))
      .filter(({ run }) => after === null || run < after);
    const runs = wanted.slice(0, LIST_ITEMS_MAX);
    return ok({ runs, more: wanted.length > runs.length ? (runs.at(-1)?.run ?? null) : null });
  }

  async get(run: string): Promise<Result<RunSummary, CallFault>> {
    const own = this.runs.get(run);
    if (own !== undefined) return ok(own.summary);
    const all = await this.all();
    if (!all.ok) return all;
    const found = all.value.find((one) => one.run === run);
    return found === undefined ? failed(NO_SUCH_RUN) : ok(found);
  }

  /** Answers when everything that the run had going is gone; an interrupted run is ended for good. */
  async cancel(run: string, reason: string | null): Promise<Result<{ readonly state: RunState }, CallFault>> {
    const found = this.runs.has(run) ? null : await this.get(run);
    // Whatever the ledger said, somebody may have had it go on here meanwhile.
    const own = this.runs.get(run);
    if (own !== undefined) {
      own.cancelReason ??= saidShort(reason);
      own.abort.abort();
      await own.over;
      return ok({ state: own.summary.state });
    }
    if (found === null || !found.ok) return found ?? failed(NO_SUCH_RUN);
    if (isOver(found.value)) return ok({ state: found.value.state });
    return found.value.state === "interrupted" ? this.giveUp(run as RunId, reason) : failed(ELSEWHERE);
  }

  /** Ends an interrupted run for good; a second one joins the first. */
  private giveUp(run: RunId, reason: string | null): Ending {
    const first = this.endings.get(run);
    if (first !== undefined) return first;
    const ending = this.deps.giveUpRun(run, saidShort(reason)).finally(() => this.endings.delete(run));
    this.endings.set(run, ending);
    return ending;
  }

  async cancelAll(): Promise<void> {
    const going = this.goingOn();
    for (const one of going) {
      one.cancelReason ??= "its host was told to end";
      one.abort.abort();
    }
    await Promise.all(going.map(({ over }) => over));
  }

  /** Resolves when no run goes on. */
  async settled(): Promise<void> {
    for (let going = this.goingOn(); going.length > 0; going = this.goingOn()) {
      await Promise.all(going.map(({ over }) => over));
    }
  }

  /** Whether the run is one of this host's that goes on. */
  isGoingOn(run: string): boolean {
    const own = this.runs.get(run);
    return own !== undefined && !isOver(own.summary);
  }

  private goingOn(): readonly HostedRun[] {
    return [...this.runs.values()].filter(({ summary }) => !isOver(summary));
  }

  /** Newest first; what this host knows itself comes before what the ledger says. */
  private async all(): Promise<Result<readonly RunSummary[], CallFault>> {
    const history = await readRunHistory(this.deps.reader, new AbortController().signal);
    if (!history.ok) return failed(unavailable(history.fault));
    const runs = new Map(history.value.map((summary) => [summary.run, summary]));
    for (const [id, { summary }] of this.runs) runs.set(id, summary);
    return ok([...runs.values()].sort((left, right) => (left.run < right.run ? 1 : -1)));
  }

  private async begin(
    params: Params<"run/start">,
    starter: Client,
    signal: AbortSignal,
  ): Promise<Result<Answer<"run/start">, CallFault>> {
    const earlier = await runStartedWith(this.deps.reader, params, signal);
    if (!earlier.ok) return earlier;
    if (earlier.value !== null) return ok({ run: earlier.value, repeated: true });
    if (this.deps.isDraining()) return failed(DRAINING);
    if (params.onBehalf !== null || params.parent !== null) return failed(NOT_FOR_OTHERS);
    if (this.active >= RUNS_MAX) return failed(TOO_MANY);
    return this.launch(params, starter, signal);
  }

  private async launch(
    params: Params<"run/start">,
    starter: Client,
    signal: AbortSignal,
  ): Promise<Result<Answer<"run/start">, CallFault>> {
    const { clock, entropy, startRun } = this.deps;
    const run = entropy.id<"run">(clock.wallMs());
    const { path, digest, agent, inputs, model, sandboxFloor, consent, idempotencyKey: startKey } = params;
    const order = { path, digest, agent, inputs, model, startKey };
    const launched = await this.follow(
      { ...begun(run, "unknown", clock.wallMs()), path },
      { starter, consent },
      (hooks, aborted) =>
        startRun(
          { ...order, sandbox: sandboxFloor ?? "auto", isConsentNamed: consent !== null },
          hooks,
          aborted,
        ),
      signal,
    );
    return launched.ok ? ok({ run, repeated: false }) : launched;
  }

  private async takeUp(
    { run: id, consent }: Params<"run/resume">,
    starter: Client,
    signal: AbortSignal,
  ): Promise<Result<Answer<"run/resume">, CallFault>> {
    const found = await this.get(id);
    if (!found.ok) return found;
    if (this.isGoingOn(id)) return ok({ state: found.value.state });
    if (isOver(found.value) || this.endings.has(id)) return failed(IS_OVER);
    if (found.value.state !== "interrupted") return failed(NOT_INTERRUPTED);
    if (this.deps.isDraining()) return failed(DRAINING);
    if (this.active >= RUNS_MAX) return failed(TOO_MANY);
    const { effects, resumeRun } = this.deps;
    const run = id as RunId;
    let hosted: HostedRun | undefined;
    const onWaiting = (isWaiting: boolean): void => {
      if (hosted === undefined) return;
      hosted.summary = { ...hosted.summary, state: isWaiting ? "waiting-for-person" : "running" };
    };
    const taken = await this.follow(
      { ...found.value, state: "starting" },
      { starter, consent },
      (hooks, aborted, followed) => {
        hosted = followed;
        const order = { run, isConsentNamed: consent !== null };
        return resumeRun(order, { ...hooks, effects: effects.askerFor(run, onWaiting) }, aborted);
      },
      signal,
    );
    if (!taken.ok) return taken;
    const after = await this.get(id);
    return after.ok ? ok({ state: after.value.state }) : after;
  }

  /** Follows a run from its beginning here; answers once that beginning is on record. */
  private async follow(
    summary: RunSummary,
    { starter, consent }: Starting,
    begin: (hooks: RunHooks, signal: AbortSignal, hosted: HostedRun) => ReturnType<RunStarter>,
    signal: AbortSignal,
  ): Promise<Result<void, CallFault>> {
    const run = summary.run as RunId;
    const abort = new AbortController();
    const hosted: HostedRun = { summary, starter, abort, cancelReason: null, over: Promise.resolve() };
    const recorded = Promise.withResolvers<"recorded">();
    const cancel = (): void => abort.abort();
    signal.addEventListener("abort", cancel, { once: true });
    const hooks = this.hooks(hosted, run, consent, () => recorded.resolve("recorded"));
    const ran = begin(hooks, abort.signal, hosted);
    this.runs.set(run, hosted);
    hosted.over = this.followed(run, hosted, ran);
    this.deps.onChange();
    try {
      if (signal.aborted) cancel();
      const first = await Promise.race([recorded.promise, ran]);
      if (first === "recorded") return ok(undefined);
      // Both at once: it began and ended before anybody looked.
      return first.ok ? ok(undefined) : failed(first.fault.fault);
    } catch (error) {
      throw abort.signal.aborted ? abortError() : error;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  /** Resolves when the run is over, however that came. */
  private async followed(run: RunId, hosted: HostedRun, ran: ReturnType<RunStarter>): Promise<void> {
    let report: Awaited<typeof ran>;
    try {
      report = await ran;
    } catch {
      this.deps.effects.over(run);
      this.end(run, hosted, null);
      return;
    }
    this.deps.effects.over(run);
    if (!report.ok) {
      this.end(run, hosted, report.fault.isOnRecord ? "refused" : null);
      return;
    }
    const { end, fault: reason, bug } = report.value;
    this.end(run, hosted, end.outcome);
    this.tellEnd(run, hosted, end.outcome);
    if (reason !== null) this.deps.notice(run, reason.message);
    if (bug !== null) this.deps.notice(run, "the runtime made a mistake of its own");
  }

  /** @param state null for a run that never was. */
  private end(run: RunId, hosted: HostedRun, state: RunState | null): void {
    if (state === null) {
      this.runs.delete(run);
      hosted.summary = { ...hosted.summary, state: "cancelled", endedMs: this.deps.clock.wallMs() };
    } else {
      hosted.summary = {
        ...hosted.summary,
        state,
        endedMs: this.deps.clock.wallMs(),
        approvalsWaiting: 0,
      };
    }
    const finished = [...this.runs].filter(([, { summary }]) => isOver(summary));
    for (const [id] of finished.slice(0, Math.max(0, finished.length - FINISHED_RUNS_MAX)))
      this.runs.delete(id);
    this.deps.onChange();
  }

  /** Whoever started the run and is still there follows it. */
  private tellEnd(run: RunId, { starter, summary }: HostedRun, outcome: RunOutcome): void {
    if ([...this.deps.consent.clients()].includes(starter)) return;
    const level = outcome === "failed" ? "error" : outcome === "limited" ? "warning" : "information";
    this.deps.notifier.show(level, `${summary.agent} ended: ${outcome}`, run);
  }

  private hooks(hosted: HostedRun, run: RunId, named: string | null, onRecorded: () => void): RunHooks {
    const { approvals, clientModels, clock, consent, effects, entropy, notifier, publish } = this.deps;
    const askable = { clients: consent.clients, starter: hosted.starter };
    let isParked = false;
    /** Entries of decided calls that may yet be asked about, by their fingerprint. */
    const decided = new Map<string, EntryId>();
    const update = (change: Partial<RunSummary>): void => {
      hosted.summary = { ...hosted.summary, ...change };
    };
    /** What a run that goes on waits for, if anything. */
    const standing = (approvalsWaiting: number): RunState => {
      if (approvalsWaiting > 0) return "waiting-for-person";
      return isParked ? "parked" : "running";
    };
    const observer: RunObserver = {
      entry: (observed) => {
        const { type, public: fields, entry } = observed;
        update({ lastSeq: entry.runSeq });
        effects.recorded(observed);
        const { fingerprint } = fields;
        if (type === "action.decided" && typeof fingerprint === "string") {
          decided.set(fingerprint, entry.id);
          // In the order of insertion, so the first is the one that was decided longest ago.
          for (const old of decided.keys()) if (decided.size > DECIDED_MAX) decided.delete(old);
        }
        if (type !== "run.started" && type !== "run.resumed") return;
        update({ state: "running" });
        onRecorded();
      },
      live: () => undefined,
    };
    return {
      run,
      observer,
      publish,
      howCancelled: () => hosted.cancelReason,
      planned: ({ agent, path, tier, powers }) => {
        update({ agent, path, tier });
        return {
          consent: consentFor({ clock, entropy, ...consent }, { named, agent, powers }),
          approver: approvals.approverFor({
            agent,
            decidedAt: (fingerprint) => decided.get(fingerprint),
            onWaiting: (change) => {
              const approvalsWaiting = hosted.summary.approvalsWaiting + change;
              update({ approvalsWaiting, state: standing(approvalsWaiting) });
              if (change > 0) {
                // Whoever is asked sees the question itself.
                notifier.show(
                  "warning",
                  `${agent} waits for an approval`,
                  run,
                  (one) => !one.offers.approvals,
                );
              }
            },
          }),
        };
      },
      keys: offeredKeys(clock, askable),
      clientModel: (id) =>
        clientModels.modelFor(id, {
          ...askable,
          onParked: (parked) => {
            isParked = parked;
            update({ state: standing(hosted.summary.approvalsWaiting) });
            const { agent } = hosted.summary;
            if (parked) notifier.show("warning", `${agent} waits until a client offers ${id} again`, run);
          },
        }),
    };
  }
}

const saidShort = (reason: string | null): string | null =>
  reason?.slice(0, REASON_CHARACTERS_MAX).toWellFormed() ?? null;

const ELSEWHERE = unavailable(
  fault("RUN_ELSEWHERE", "the run belongs to another process than the host", {
    help: "it was started in a terminal without --detach: Ctrl-C there cancels it",
  }),
);
const NOT_FOR_OTHERS = unavailable(
  fault("RUN_NOT_FOR_OTHERS", "this host starts runs for the person at the client only", {
    help: "leave `onBehalf` and `parent` at null",
  }),
);
const IS_OVER = callFault("conflict", RUN_IS_OVER);
const NOT_INTERRUPTED = conflict(
  "RUN_NOT_INTERRUPTED",
  "the run goes on in another process, so there is nothing to take up",
  "`writ ps` lists runs that were interrupted",
);
const TOO_MANY = unavailable(
  fault("RUN_TOO_MANY", `${RUNS_MAX} runs are going on, and more are not started`, { retryable: true }),
);
