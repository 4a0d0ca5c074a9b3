import { concatBytes } from "#kernel/bytes.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import { ID_TIME_MS_MAX } from "#kernel/ids.ts";
import type { LogId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { AnchorStore, LedgerFault, LogHold } from "#ports/ledger.ts";
import { NO_PREVIOUS, segmentFile } from "#protocol/ledger-format.ts";
import type { EntryType, NewEntry, RecordedEntry } from "#protocol/run-event.ts";
import type { AnchorKeeper } from "./anchor-keeper.ts";
import { createAnchorKeeper } from "./anchor-keeper.ts";
import type { Place, PreparedEntry } from "./entry-line.ts";
import { placeEntry, prepareEntry } from "./entry-line.ts";
import type { SigningKey } from "./keys.ts";
import { ANCHOR_COMMITS_MAX, GROUP_BYTES_MAX, GROUP_ENTRIES_MAX } from "./limits.ts";
import { PENDING_BYTES_MAX, PENDING_ENTRIES_MAX } from "./limits.ts";
import { SEGMENT_CONTENT_BYTES_MAX } from "./limits.ts";
import type { MerkleTree } from "./merkle-tree.ts";
import { createMerkleTree, leafHash } from "./merkle-tree.ts";
import type { Peers } from "./peers.ts";
import { createPeers } from "./peers.ts";

/*
 * Group commit. Invariants:
 *
 * 1. Entries get their places in the order in which they were handed in.
 * 2. At most one group is on its way to the disk; what comes meanwhile goes into the next.
 * 3. A group is content first, lines second, its commit record being the last line; only when all
 *    of that is durable does anybody hear of it.
 * 4. After the first fault nothing is written any more: what lies on the disk behind the last
 *    commit is then unknown, and the next opening sets it aside.
 */

/** Where a log ends. */
export interface LogEnd {
  readonly size: number;
  readonly prev: Sha256;
  readonly tree: MerkleTree;
  /** The segment that is written, and how much of it there is. */
  readonly segment: number;
  readonly lineBytes: number;
  readonly contentBytes: number;
  /** Lines in all segments, in bytes. */
  readonly logBytes: number;
}

/** The end of a log that has nothing in it yet. */
export const emptyLogEnd = (crypto: Crypto): LogEnd => ({
  size: 0,
  prev: NO_PREVIOUS,
  tree: createMerkleTree(crypto),
  segment: 1,
  lineBytes: 0,
  contentBytes: 0,
  logBytes: 0,
});

/** A held log and how to go on in it. */
export interface LogStart {
  readonly log: LogId;
  readonly hold: LogHold;
  readonly end: LogEnd;
  readonly key: SigningKey;
  /** Where the next group begins a new segment. */
  readonly segmentBytesMax: number;
}

export interface LogWriterDeps {
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly anchors: AnchorStore;
  /**
   * Gets each group once it is durable, before whoever appended hears of it: the lines as they stand
   * in the log, commit record and all. Must not throw.
   */
  readonly onCommitted?: (lines: readonly Uint8Array[]) => void;
}

/** An entry on its way. */
export interface Submission {
  readonly prepared: PreparedEntry;
  /** Sealed parts in the order of the line's references. */
  readonly sealed: readonly Uint8Array[];
  /** How much memory it holds. */
  readonly bytes: number;
  /** Whose signature the line itself carries. */
  readonly signer?: Uint8Array;
  /** The key that vouches for the lines behind this one. */
  readonly nextKey?: SigningKey;
}

export interface LogWriter {
  readonly log: LogId;
  readonly key: SigningKey;
  /** The fault that ended writing. */
  readonly fault: LedgerFault | undefined;
  /** Lines in all segments, in bytes. */
  readonly logBytes: number;
  submit(submission: Submission): Promise<Result<RecordedEntry, LedgerFault>>;
  /** A structural entry, ready to be submitted. */
  structural(type: EntryType, fields: NewEntry["public"]): Submission;
  /** Resolves when nothing is on its way, the anchor included. */
  settled(): Promise<void>;
}

interface Waiting extends Submission {
  readonly resolve: (result: Result<RecordedEntry, LedgerFault>) => void;
  readonly reject: (error: unknown) => void;
}

export const createLogWriter = (
  deps: LogWriterDeps,
  { log, hold, end, segmentBytesMax, ...begin }: LogStart,
): LogWriter => {
  const openedMs = deps.clock.monotonicMs();
  const peers: Peers = createPeers(deps, log);
  const queue: Waiting[] = [];
  const { tree } = end;
  let { prev, segment, lineBytes, contentBytes, logBytes } = end;
  let { key } = begin;
  let sticky: LedgerFault | undefined;
  let writing: Promise<void> | undefined;
  let pendingEntries = 0;
  let pendingBytes = 0;
  let commitsSinceAnchor = 0;

  const anchor: AnchorKeeper = createAnchorKeeper(deps, log, (found) => {
    sticky ??= found;
  });

  const stamp = (): Place["time"] => ({
    wallMs: wallMsOf(deps.clock),
    monotonicMs: Math.floor(deps.clock.monotonicMs() - openedMs),
  });

  /** Gives an entry the next place; its line is a leaf from now on. */
  const place = (
    submission: Submission,
  ): { readonly bytes: Uint8Array; readonly recorded: RecordedEntry } => {
    const seq = tree.size;
    const time = stamp();
    const { prepared, signer = null } = submission;
    const line = placeEntry(deps.crypto, prepared, { seq, prev, time, writer: key.id, signer });
    tree.append(leafHash(deps.crypto, line.bytes.subarray(0, -1)));
    prev = line.hash;
    key = submission.nextKey ?? key;
    return {
      bytes: line.bytes,
      recorded: { id: prepared.id, position: { log, seq }, wallMs: time.wallMs },
    };
  };

  const structural = (type: EntryType, fields: NewEntry["public"]): Submission => ({
    prepared: prepareEntry(
      {
        type,
        run: null,
        cause: null,
        principal: `Host::"${key.id}"`,
        onBehalfOf: null,
        labels: [],
        input: null,
        public: fields,
      },
      deps.entropy.id<"entry">(stamp().wallMs),
      log,
      [],
    ),
    sealed: [],
    bytes: 0,
  });

  const commitRecord = (): Submission => ({
    ...structural("log.committed", {
      size: tree.size,
      root: sha256OfBytes(tree.root()),
      seen: peers.take().map((seen) => ({ ...seen })),
    }),
    signer: key.seed,
  });

  const takeGroup = (): readonly Waiting[] => {
    let bytes = 0;
    let count = 0;
    for (const waiting of queue) {
      if (count > 0 && (count >= GROUP_ENTRIES_MAX || bytes + waiting.bytes > GROUP_BYTES_MAX)) break;
      count += 1;
      bytes += waiting.bytes;
    }
    return queue.splice(0, count);
  };

  const writeGroup = async (
    group: readonly Waiting[],
  ): Promise<Result<readonly RecordedEntry[], LedgerFault>> => {
    const looked = await peers.refreshWhenDue();
    if (!looked.ok) return looked;
    if (lineBytes >= segmentBytesMax || contentBytes >= SEGMENT_CONTENT_BYTES_MAX) {
      segment += 1;
      lineBytes = 0;
      contentBytes = 0;
    }
    const placed = group.map(place);
    const written = [...placed.map((one) => one.bytes), place(commitRecord()).bytes];
    const lines = concatBytes(...written);
    const content = concatBytes(...group.flatMap((one) => one.sealed));

    if (content.length > 0) {
      const appended = await hold.append(segmentFile(segment, "content"), content);
      if (!appended.ok) return appended;
    }
    const appended = await hold.append(segmentFile(segment, "jsonl"), lines);
    if (!appended.ok) return appended;
    lineBytes += lines.length;
    logBytes += lines.length;
    contentBytes += content.length;
    deps.onCommitted?.(written);
    return ok(placed.map((one) => one.recorded));
  };

  const offerAnchor = (): void => {
    commitsSinceAnchor += 1;
    if (queue.length > 0 && commitsSinceAnchor < ANCHOR_COMMITS_MAX) return;
    commitsSinceAnchor = 0;
    anchor.offer({ log, size: tree.size, root: sha256OfBytes(tree.root()) }, key);
  };

  /** Tells everyone in the group, and whoever waits behind a failure, how it went. */
  const answer = (
    group: readonly Waiting[],
    written: Result<readonly RecordedEntry[], LedgerFault>,
  ): void => {
    for (const waiting of group) {
      pendingEntries -= 1;
      pendingBytes -= waiting.bytes;
    }
    if (written.ok) {
      for (const [index, recorded] of written.value.entries()) group[index]?.resolve(ok(recorded));
    } else {
      for (const waiting of group) waiting.resolve(written);
    }
  };

  const writeQueue = async (): Promise<void> => {
    // Whoever hands something in within this turn of the event loop travels together.
    await Promise.resolve();
    while (queue.length > 0) {
      const group = takeGroup();
      try {
        const written = sticky === undefined ? await writeGroup(group) : failed(sticky);
        if (written.ok) offerAnchor();
        else sticky ??= written.fault;
        answer(group, written);
      } catch (error) {
        // A mistake of ours: what was written is unknown, so nothing more is, and who waits is told.
        sticky ??= fault("LEDGER_UNREADABLE", "writing stopped at an unexpected state");
        for (const waiting of [...group, ...queue.splice(0)]) waiting.reject(error);
      }
    }
    writing = undefined;
  };

  return {
    log,
    structural,
    get key() {
      return key;
    },
    get fault() {
      return sticky;
    },
    get logBytes() {
      return logBytes;
    },
    submit(submission) {
      if (sticky !== undefined) return Promise.resolve(failed(sticky));
      if (pendingEntries >= PENDING_ENTRIES_MAX || pendingBytes + submission.bytes > PENDING_BYTES_MAX) {
        return Promise.resolve(failed(BUSY));
      }
      pendingEntries += 1;
      pendingBytes += submission.bytes;
      return new Promise((resolve, reject) => {
        queue.push({ ...submission, resolve, reject });
        writing ??= writeQueue();
      });
    },
    async settled() {
      for (let current = writing; current !== undefined; current = writing) await current;
      await anchor.settled();
    },
  };
};

const BUSY: LedgerFault = fault("LEDGER_BUSY", "more entries wait for the disk than memory should hold", {
  retryable: true,
});

/** The wall clock as far as an id and a line can carry it. */
export const wallMsOf = (clock: Clock): number =>
  Math.min(Math.max(Math.floor(clock.wallMs()), 0), ID_TIME_MS_MAX);
