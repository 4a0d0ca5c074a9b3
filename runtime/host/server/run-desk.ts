import { abortError, isAbort } from "#kernel/abort.ts";
import type { RunId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";
import type { RunOutcome } from "#protocol/run-event.ts";
import { RUN_IS_OVER } from "#host/find-interrupted.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import { callFault } from "#host/rpc/errors.ts";
import type { Answer, Params } from "#host/rpc/peer.ts";
import type { Client } from "./clients.ts";
import { conflict, DRAINING, unavailable } from "./faults.ts";
import type { HostedRunDeps, Starting } from "./hosted-run.ts";
import { HostedRun } from "./hosted-run.ts";
import { KeyedOrders } from "./keyed-orders.ts";
import type { RunState, RunSummary } from "./run-history.ts";
import { begun, isOver } from "./run-history.ts";
import type { RunGiver, RunResumer, RunStarter } from "./run-starter.ts";
import type { RunTable } from "./run-table.ts";
import { isKeyTooOld, KEY_REUSED, KEY_TOO_OLD, orderText, runStartedWith } from "./start-keys.ts";

export interface RunDeskDeps extends HostedRunDeps {
  readonly table: RunTable;
  readonly reader: LedgerReader;
  readonly startRun: RunStarter;
  readonly resumeRun: RunResumer;
  readonly giveUpRun: RunGiver;
  readonly isDraining: () => boolean;
  /** What nobody else would hear: why a run that nobody watches ended as it did. */
  readonly notice: (run: RunId, text: string) => void;
}

type Started = Result<Answer<"run/start">, CallFault>;
type Resumed = Result<Answer<"run/resume">, CallFault>;
type Ended = Result<{ readonly state: RunState }, CallFault>;

const REASON_CHARACTERS_MAX = 2_000;
/** Runs that a host has going at once. */
const RUNS_MAX = 64;

/** Begins runs for clients, goes on with interrupted ones, and ends both. */
export class RunDesk {
  private readonly deps: RunDeskDeps;
  private readonly starts = new KeyedOrders<Answer<"run/start">>(KEY_REUSED);
  /** Interrupted runs that are about to go on here. */
  private readonly resumptions = new Map<string, Promise<Resumed>>();
  /** Runs that are being ended: none of them is taken up meanwhile. */
  private readonly endings = new Map<string, Promise<Ended>>();

  constructor(deps: RunDeskDeps) {
    this.deps = deps;
  }

  /** Answers once `run.started` is durable. Rejects with an AbortError when aborted before that: then there is no run. */
  async start(params: Params<"run/start">, starter: Client, signal: AbortSignal): Promise<Started> {
    const { idempotencyKey: key } = params;
    if (isKeyTooOld(key, this.deps.clock.wallMs())) return failed(KEY_TOO_OLD);
    const said = orderText(params);
    const before = this.starts.before(key, said);
    if (before === undefined) return this.starts.begun(key, said, this.begin(params, starter, signal));
    const first = await before;
    return first.ok ? ok({ ...first.value, repeated: true }) : first;
  }

  /** Answers once `run.resumed` is durable; a second one joins the first. Rejects with an AbortError when aborted before that. */
  async resume(params: Params<"run/resume">, starter: Client, signal: AbortSignal): Promise<Resumed> {
    for (;;) {
      try {
        return await joined(this.resumptions, params.run, () => this.takeUp(params, starter, signal));
      } catch (error) {
        // Withdrawn by somebody else: by whoever ended the run, or by the client that this one had joined.
        if (signal.aborted || !isAbort(error)) throw error;
      }
    }
  }

  /** Answers when everything that the run had going is gone; an interrupted run is ended for good. */
  cancel(run: string, reason: string | null): Promise<Ended> {
    return joined(this.endings, run, () => this.endForGood(run, saidShort(reason)));
  }

  async cancelAll(): Promise<void> {
    const going = this.deps.table.goingOn();
    await Promise.all(going.map((run) => run.cancel("its host was told to end")));
  }

  private async endForGood(run: string, reason: string | null): Promise<Ended> {
    const { table, giveUpRun } = this.deps;
    const own = table.hosted(run);
    if (own !== undefined) {
      await own.cancel(reason);
      if (table.hosted(run) === own) return ok({ state: own.summary.state });
    }
    // One that was withdrawn before its beginning here was on record is what the ledger says, if it was at all.
    const found = await table.get(run);
    if (!found.ok) {
      const neverWas = own !== undefined && found.fault.error === "not-found";
      return neverWas ? ok({ state: own.summary.state }) : found;
    }
    if (isOver(found.value)) return ok({ state: found.value.state });
    return found.value.state === "interrupted" ? giveUpRun(run as RunId, reason) : failed(ELSEWHERE);
  }

  private async begin(params: Params<"run/start">, starter: Client, signal: AbortSignal): Promise<Started> {
    const earlier = await runStartedWith(this.deps.reader, params, signal);
    if (!earlier.ok) return earlier;
    if (earlier.value !== null) return ok({ run: earlier.value, repeated: true });
    if (this.deps.isDraining()) return failed(DRAINING);
    if (params.onBehalf !== null || params.parent !== null) return failed(NOT_FOR_OTHERS);
    if (this.deps.table.active >= RUNS_MAX) return failed(TOO_MANY);
    return this.launch(params, starter, signal);
  }

  private async launch(params: Params<"run/start">, starter: Client, signal: AbortSignal): Promise<Started> {
    const { clock, entropy, startRun } = this.deps;
    const run = entropy.id<"run">(clock.wallMs());
    const { path, digest, agent, inputs, model, sandboxFloor, consent, idempotencyKey: startKey } = params;
    const order = { path, digest, agent, inputs, model, startKey };
    const sandbox = sandboxFloor ?? "auto";
    const launched = await this.follow(
      { ...begun(run, "unknown", clock.wallMs()), path },
      { starter, consent },
      (hosted) =>
        startRun({ ...order, sandbox, isConsentNamed: consent !== null }, hosted.hooks(), hosted.signal),
      signal,
    );
    return launched.ok ? ok({ run, repeated: false }) : launched;
  }

  private async takeUp(
    { run: id, consent }: Params<"run/resume">,
    starter: Client,
    signal: AbortSignal,
  ): Promise<Resumed> {
    const { table, resumeRun, isDraining } = this.deps;
    let found = await table.get(id);
    for (let ending = this.endings.get(id); ending !== undefined; ending = this.endings.get(id)) {
      await ending;
      found = await table.get(id);
    }
    if (!found.ok) return found;
    if (table.isGoingOn(id)) return ok({ state: found.value.state });
    if (isOver(found.value)) return failed(IS_OVER);
    if (found.value.state !== "interrupted") return failed(NOT_INTERRUPTED);
    if (isDraining()) return failed(DRAINING);
    if (table.active >= RUNS_MAX) return failed(TOO_MANY);
    const order = { run: id as RunId, isConsentNamed: consent !== null };
    const taken = await this.follow(
      { ...found.value, state: "starting" },
      { starter, consent },
      (hosted) => resumeRun(order, { ...hosted.hooks(), effects: hosted.effectAsker() }, hosted.signal),
      signal,
    );
    if (!taken.ok) return taken;
    const after = await table.get(id);
    return after.ok ? ok({ state: after.value.state }) : after;
  }

  /** Follows a run from its beginning here; answers once that beginning is on record. */
  private async follow(
    summary: RunSummary,
    starting: Starting,
    begin: (hosted: HostedRun) => ReturnType<RunStarter>,
    signal: AbortSignal,
  ): Promise<Result<void, CallFault>> {
    const hosted = new HostedRun(this.deps, summary, starting);
    const cancel = (): void => void hosted.cancel(null);
    signal.addEventListener("abort", cancel, { once: true });
    const ran = begin(hosted);
    hosted.over = this.followed(hosted, ran);
    this.deps.table.add(hosted);
    try {
      if (signal.aborted) cancel();
      const first = await Promise.race([hosted.recorded, ran]);
      // It may have begun and ended before anybody looked.
      return first === undefined || first.ok ? ok(undefined) : failed(first.fault.fault);
    } catch (error) {
      throw hosted.signal.aborted ? abortError() : error;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  /** Resolves when the run is over, however that came. */
  private async followed(hosted: HostedRun, ran: ReturnType<RunStarter>): Promise<void> {
    const { effects, notice } = this.deps;
    let report: Awaited<typeof ran> | null = null;
    try {
      report = await ran;
    } catch {
      // Whoever waits for its beginning hears of it.
    }
    effects.over(hosted.id);
    if (report === null || !report.ok) {
      this.end(hosted, report?.fault.isOnRecord === true ? "refused" : null);
      return;
    }
    const { end, fault: reason, bug } = report.value;
    this.end(hosted, end.outcome);
    this.tellEnd(hosted, end.outcome);
    if (reason !== null) notice(hosted.id, reason.message);
    if (bug !== null) notice(hosted.id, "the runtime made a mistake of its own");
  }

  /** @param state null for a run that never was. */
  private end(hosted: HostedRun, state: RunState | null): void {
    hosted.end(state ?? "cancelled");
    if (state === null) this.deps.table.withdrawn(hosted);
    else this.deps.table.ended();
  }

  /** Whoever started the run and is still there follows it. */
  private tellEnd({ id, starting, summary }: HostedRun, outcome: RunOutcome): void {
    const { consent, notifier } = this.deps;
    if ([...consent.clients()].includes(starting.starter)) return;
    const level = outcome === "failed" ? "error" : outcome === "limited" ? "warning" : "information";
    notifier.show(level, `${summary.agent} ended: ${outcome}`, id);
  }
}

/** What is under way for the run already, or else what begins now: whoever asks for the same joins it. */
const joined = <Value>(
  underWay: Map<string, Promise<Value>>,
  run: string,
  begin: () => Promise<Value>,
): Promise<Value> => {
  const first = underWay.get(run);
  if (first !== undefined) return first;
  const answer = begin().finally(() => underWay.delete(run));
  underWay.set(run, answer);
  return answer;
};

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
