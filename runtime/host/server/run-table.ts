import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";
import { LIST_ITEMS_MAX } from "#protocol/host-rpc.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import type { Answer, Params } from "#host/rpc/peer.ts";
import { NO_SUCH_RUN, unavailable } from "./faults.ts";
import type { HostedRun } from "./hosted-run.ts";
import type { RunSummary } from "./run-history.ts";
import { isOver, readRunHistory } from "./run-history.ts";

/** Finished runs that are remembered; older ones stand in the ledger. */
const FINISHED_RUNS_MAX = 256;

/** The runs of a workspace, by id: those of this host as it knows them, all others as the ledger tells. */
export class RunTable {
  private readonly reader: LedgerReader;
  private readonly onChange: () => void;
  private readonly runs = new Map<string, HostedRun>();

  /** @param onChange called whenever a run began or is over. */
  constructor(reader: LedgerReader, onChange: () => void) {
    this.reader = reader;
    this.onChange = onChange;
  }

  /** Runs of this host that are not over. */
  get active(): number {
    return this.goingOn().length;
  }

  goingOn(): readonly HostedRun[] {
    return [...this.runs.values()].filter(({ summary }) => !isOver(summary));
  }

  /** Whether the run is one of this host's that goes on. */
  isGoingOn(run: string): boolean {
    const own = this.runs.get(run);
    return own !== undefined && !isOver(own.summary);
  }

  /** A run of this host, while it is remembered. */
  hosted(run: string): HostedRun | undefined {
    return this.runs.get(run);
  }

  async get(run: string): Promise<Result<RunSummary, CallFault>> {
    const own = this.runs.get(run);
    if (own !== undefined) return ok(own.summary);
    const all = await this.all();
    if (!all.ok) return all;
    const found = all.value.find((one) => one.run === run);
    return found === undefined ? failed(NO_SUCH_RUN) : ok(found);
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

  /** Resolves when no run goes on. */
  async settled(): Promise<void> {
    for (let going = this.goingOn(); going.length > 0; going = this.goingOn()) {
      await Promise.all(going.map(({ over }) => over));
    }
  }

  /** A run began here. */
  add(run: HostedRun): void {
    this.runs.set(run.id, run);
    this.onChange();
  }

  /** A run of this host is over. */
  ended(): void {
    const finished = [...this.runs].filter(([, { summary }]) => isOver(summary));
    for (const [id] of finished.slice(0, Math.max(0, finished.length - FINISHED_RUNS_MAX))) {
      this.runs.delete(id);
    }
    this.onChange();
  }

  /** A run of this host came to nothing: what the ledger says of it is all that there is. */
  withdrawn({ id }: HostedRun): void {
    this.runs.delete(id);
    this.onChange();
  }

  /** Newest first; what this host knows itself comes before what the ledger says. */
  private async all(): Promise<Result<readonly RunSummary[], CallFault>> {
    const history = await readRunHistory(this.reader, new AbortController().signal);
    if (!history.ok) return failed(unavailable(history.fault));
    const runs = new Map(history.value.map((summary) => [summary.run, summary]));
    for (const [id, { summary }] of this.runs) runs.set(id, summary);
    return ok([...runs.values()].sort((left, right) => (left.run < right.run ? 1 : -1)));
  }
}
