import { isAbort } from "#kernel/abort.ts";
import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { LedgerFault } from "#ports/ledger.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { EVENT_BATCH_BYTES_MAX } from "#protocol/host-rpc.ts";
import type { LiveEvent } from "#protocol/run-event.ts";
import type { Params } from "#host/rpc/peer.ts";

type EndReason = Params<"events/ended">["reason"];

export interface StreamOptions {
  readonly subscription: string;
  readonly clock: Clock;
  /** Events that may be on the way unacknowledged. */
  readonly window: number;
  /** Entries of before, in their order; nothing else is sent until it ends. Null for none. */
  readonly replay: AsyncIterable<Result<LedgerEntry, LedgerFault>> | null;
  batch(params: Params<"events/batch">): void;
  /** Called once, unless the stream was stopped or broke. */
  ended(reason: EndReason): void;
  /** Entries that were asked for cannot be read. To go on without them would be to drop them. */
  broken(): void;
}

interface Queued {
  readonly event: JsonObject;
  readonly bytes: number;
  readonly isLive: boolean;
}

/** 20 batches a second. */
const BATCH_EVERY_MS = 50;
/** How long a reader may leave its window full. */
const FULL_MS_MAX = 60_000;
/** Live events that wait for a slow reader; what is beyond is left out and counted. */
const LIVE_QUEUED_MAX = 512;
/** What a batch has around its events, with room to spare. */
const ENVELOPE_BYTES = 512;

/** One stream of events to one reader, no faster than it reads. */
export class EventStream {
  private readonly options: StreamOptions;
  private readonly queue: Queued[] = [];
  private readonly stopping = new AbortController();
  /** Sizes of the batches on the way, by number, in their order. */
  private readonly unacknowledged = new Map<number, number>();
  private liveQueued = 0;
  private droppedLive = 0;
  private nextBatch = 0;
  private isReplayed = false;
  private endsAs: EndReason | null = null;
  /** Wakes the pump when there is something to do. */
  private wake = (): void => undefined;

  constructor(options: StreamOptions) {
    this.options = options;
  }

  /** Sends from now on. */
  start(): void {
    this.pump().catch((error: unknown) => {
      if (!isAbort(error)) throw error;
    });
  }

  /** An entry that was committed now; kept until the ones before it were sent. */
  entry(entry: LedgerEntry, bytes: number): void {
    this.queue.push({ event: entry as unknown as JsonObject, bytes, isLive: false });
    this.wake();
  }

  live(event: LiveEvent): void {
    if (this.liveQueued >= LIVE_QUEUED_MAX) {
      this.droppedLive += 1;
      return;
    }
    this.liveQueued += 1;
    const given = event as unknown as JsonObject;
    this.queue.push({ event: given, bytes: utf8(canonicalJson(given)).length, isLive: true });
    this.wake();
  }

  acknowledge(batch: number): void {
    for (const number of this.unacknowledged.keys()) if (number <= batch) this.unacknowledged.delete(number);
    this.wake();
  }

  /** Ends once everything that waits was sent. */
  finish(reason: EndReason): void {
    this.endsAs ??= reason;
    this.wake();
  }

  /** Ends at once, without a word. */
  stop(): void {
    this.stopping.abort();
    this.wake();
  }

  private async pump(): Promise<void> {
    const replay = this.options.replay?.[Symbol.asyncIterator]();
    let carried: Queued | null = null;
    const fromReplay = async (): Promise<Queued | null> => {
      const next = await replay?.next();
      if (next === undefined || next.done === true) return null;
      if (!next.value.ok) {
        this.options.broken();
        this.stopping.abort();
        return null;
      }
      const event = next.value.value as unknown as JsonObject;
      return { event, bytes: utf8(canonicalJson(event)).length, isLive: false };
    };
    const fromQueue = (): Queued | null => {
      const next = this.queue.shift() ?? null;
      if (next?.isLive === true) this.liveQueued -= 1;
      return next;
    };
    while (!this.stopping.signal.aborted) {
      const room = await this.room();
      if (room === 0) {
        this.options.ended("reader-too-slow");
        return;
      }
      const events: JsonObject[] = [];
      let bytes = ENVELOPE_BYTES;
      while (events.length < room) {
        let next: Queued | null = carried;
        if (next === null && !this.isReplayed) {
          next = await fromReplay();
          this.isReplayed = next === null;
        }
        next ??= this.isReplayed ? fromQueue() : null;
        carried = null;
        if (next === null) break;
        if (events.length > 0 && bytes + next.bytes + 1 > EVENT_BATCH_BYTES_MAX) {
          carried = next;
          break;
        }
        events.push(next.event);
        bytes += next.bytes + 1;
      }
      if (this.stopping.signal.aborted) return;
      if (events.length > 0) {
        this.send(events);
        await this.options.clock.sleep(BATCH_EVERY_MS, this.stopping.signal);
      } else if (this.endsAs !== null) {
        this.options.ended(this.endsAs);
        return;
      } else {
        await this.woken();
      }
    }
  }

  private send(events: readonly JsonObject[]): void {
    const { subscription } = this.options;
    const batch = this.nextBatch;
    this.nextBatch += 1;
    this.unacknowledged.set(batch, events.length);
    this.options.batch({ subscription, batch, events: [...events], droppedLive: this.droppedLive });
    this.droppedLive = 0;
  }

  /** Events that may be sent now, once there is room; 0 when the window stayed full for too long. */
  private async room(): Promise<number> {
    const { clock, window } = this.options;
    const free = (): number => window - [...this.unacknowledged.values()].reduce((sum, n) => sum + n, 0);
    if (free() > 0) return free();
    const untilMs = clock.monotonicMs() + FULL_MS_MAX;
    const over = new AbortController();
    void this.wakeAfter(FULL_MS_MAX, AbortSignal.any([over.signal, this.stopping.signal]));
    while (free() <= 0 && clock.monotonicMs() < untilMs && !this.stopping.signal.aborted) await this.woken();
    over.abort();
    return Math.max(0, free());
  }

  private async wakeAfter(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.options.clock.sleep(ms, signal);
      this.wake();
    } catch (error) {
      if (!isAbort(error)) throw error;
    }
  }

  private woken(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}
