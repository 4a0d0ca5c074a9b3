import type { LogId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { LedgerFault } from "#ports/ledger.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import type { Answer, Params, Peer } from "#host/rpc/peer.ts";
import type { EntryFeed } from "./entry-feed.ts";
import { EventStream } from "./event-stream.ts";
import { NO_SUCH_SUBSCRIPTION, unavailable } from "./faults.ts";
import { isOver } from "./run-history.ts";
import type { RunTable } from "./run-table.ts";

export interface EventStreamsDeps {
  readonly clock: Clock;
  readonly reader: LedgerReader;
  readonly feed: EntryFeed;
  readonly runs: Pick<RunTable, "get" | "isGoingOn">;
  /** The log that this host writes: what is in the others does not come through the feed. */
  readonly log: LogId;
  readonly peer: Pick<Peer, "notify">;
  /** Ends the connection: its client subscribes anew where it was. */
  readonly disconnect: () => void;
}

interface Following {
  readonly stream: EventStream;
  readonly unfollow: () => void;
}

type Subscription = Params<"events/subscribe">;

const SUBSCRIPTIONS_MAX = 64;

/** The subscriptions of one connection. */
export class EventStreams {
  private readonly deps: EventStreamsDeps;
  private readonly followed = new Map<string, Following>();
  private next = 1;

  constructor(deps: EventStreamsDeps) {
    this.deps = deps;
  }

  async subscribe(
    given: Subscription,
    signal: AbortSignal,
  ): Promise<Result<Answer<"events/subscribe">, CallFault>> {
    if (this.followed.size >= SUBSCRIPTIONS_MAX) return failed(TOO_MANY);
    const { feed, runs, peer, clock, reader, disconnect } = this.deps;
    const run = "run" in given.scope ? given.scope.run : null;
    let isLast = false;
    if (run !== null) {
      const found = await runs.get(run);
      if (!found.ok) return found;
      isLast = isOver(found.value);
      // What another process writes now would never come.
      if (!isLast && found.value.state !== "interrupted" && !runs.isGoingOn(run)) return failed(ELSEWHERE);
    }
    const subscription = `s${this.next}`;
    this.next += 1;
    const wantsLive = given.level === "entries-and-live";
    /** Entries below these were there before the feed was followed. */
    const head = new Map<string, number>();
    let isHeadKnown = false;
    const early: { entry: LedgerEntry; bytes: number }[] = [];
    const pass = (entry: LedgerEntry, bytes: number): void => {
      if (entry.seq < (head.get(entry.log) ?? 0)) return;
      if (given.from !== "now" && "runSeq" in given.from && (entry.run?.seq ?? 0) < given.from.runSeq) return;
      stream.entry(entry, bytes);
      if (run !== null && entry.type === "run.ended") stream.finish("run-ended");
    };
    const stream = new EventStream({
      subscription,
      clock,
      window: given.window,
      replay: given.from === "now" ? null : replay(reader, given, head),
      broken: disconnect,
      batch: (params) => peer.notify("events/batch", params),
      ended: (reason) => {
        this.forget(subscription);
        peer.notify("events/ended", { subscription, reason });
      },
    });
    const unfollow = feed.follow({
      entry: (entry, bytes) => {
        if (run !== null && entry.run?.id !== run) return;
        if (isHeadKnown) pass(entry, bytes);
        else early.push({ entry, bytes });
      },
      live: (event) => {
        if (wantsLive && (run === null || event.run === run)) stream.live(event);
      },
    });
    this.followed.set(subscription, { stream, unfollow });
    const known = await readHead(reader, signal);
    if (!known.ok) {
      this.forget(subscription);
      return known;
    }
    for (const { log, seq } of known.value) head.set(log, seq);
    isHeadKnown = true;
    for (const { entry, bytes } of early) pass(entry, bytes);
    if (isLast) stream.finish("run-ended");
    // The answer goes first.
    setImmediate(() => stream.start());
    return ok({ subscription, head: known.value });
  }

  acknowledge({ subscription, batch }: Params<"events/acknowledge">): void {
    this.followed.get(subscription)?.stream.acknowledge(batch);
  }

  unsubscribe(subscription: string): Result<Record<string, never>, CallFault> {
    return this.forget(subscription) ? ok({}) : failed(NO_SUCH_SUBSCRIPTION);
  }

  /** The host is about to end. */
  drain(): void {
    for (const { stream } of this.followed.values()) stream.finish("draining");
  }

  close(): void {
    for (const subscription of this.followed.keys()) this.forget(subscription);
  }

  private forget(subscription: string): boolean {
    const following = this.followed.get(subscription);
    following?.unfollow();
    following?.stream.stop();
    return this.followed.delete(subscription);
  }
}

/** The first number of each log that is not committed yet. */
const readHead = async (
  reader: LedgerReader,
  signal: AbortSignal,
): Promise<Result<Answer<"events/subscribe">["head"], CallFault>> => {
  const logs = await reader.logs();
  if (!logs.ok) return failed(unavailable(logs.fault));
  const head: { log: LogId; seq: number }[] = [];
  for (const { log, ours } of logs.value) {
    if (!ours) continue;
    let seq = 0;
    for await (const shown of reader.entries({ log, type: "log.committed" }, signal)) {
      if (!shown.ok) return failed(unavailable(shown.fault));
      seq = (shown.value.at(-1)?.index ?? -1) + 1;
    }
    head.push({ log, seq });
  }
  return ok(head);
};

/** What stands below `head` and was asked for, log by log. */
async function* replay(
  reader: LedgerReader,
  { scope, from }: Subscription,
  head: ReadonlyMap<string, number>,
): AsyncGenerator<Result<LedgerEntry, LedgerFault>> {
  const { signal } = new AbortController();
  const cursors = new Map(from !== "now" && "cursors" in from ? from.cursors.map((c) => [c.log, c.seq]) : []);
  const runSeq = from !== "now" && "runSeq" in from ? from.runSeq : 0;
  for (const [log, end] of head) {
    const query = { log: log as LogId, ...("run" in scope ? { run: scope.run } : {}) };
    for await (const shown of reader.entries(query, signal)) {
      if (!shown.ok) {
        yield shown;
        return;
      }
      for (const { entry, index } of shown.value) {
        if (entry === null || index >= end || index < (cursors.get(log) ?? 0)) continue;
        if ("run" in scope && (entry.run?.seq ?? 0) < runSeq) continue;
        yield ok(entry);
      }
    }
  }
}

const ELSEWHERE = unavailable(
  fault("EVENTS_ELSEWHERE", "the run belongs to another process than the host, which cannot follow it"),
);
const TOO_MANY = unavailable(
  fault("EVENTS_TOO_MANY", `more than ${SUBSCRIPTIONS_MAX} subscriptions on one connection`),
);
