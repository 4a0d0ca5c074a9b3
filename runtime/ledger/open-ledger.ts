import { toHex } from "#kernel/bytes.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { LogId, ScopeId, WorkspaceId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { LedgerFault, LogHold } from "#ports/ledger.ts";
import type { Checkpoint } from "#protocol/ledger-checkpoint.ts";
import { readCheckpoint } from "#protocol/ledger-checkpoint.ts";
import type { AsideFile } from "#protocol/ledger-line.ts";
import { signCheckpoint } from "./anchor-keeper.ts";
import type { SigningKey } from "./keys.ts";
import {
  ledgerFaultOf,
  promoteNextKey,
  readOrCreateSecret,
  readSecret,
  SECRET_NAME,
  signingKeyOf,
} from "./keys.ts";
import { OPENING_LINES, SEGMENT_LINES_BYTES_MAX } from "./limits.ts";
import type { LogEnd } from "./log-writer.ts";
import { createLogWriter, emptyLogEnd, wallMsOf } from "./log-writer.ts";
import type { LogOwner } from "./own-logs.ts";
import { whoseLog } from "./own-logs.ts";
import { recoverLog } from "./recover-log.ts";
import { scanLog, tampered } from "./scan-log.ts";
import { createScopes } from "./scopes.ts";
import type { WritableLedger, WritableLedgerDeps } from "./writable-ledger.ts";
import { createWritableLedger } from "./writable-ledger.ts";
import { workspaceSeed } from "./workspace-seed.ts";

export interface LedgerOptions {
  readonly workspace: WorkspaceId;
  /** Who writes, for people: `writ 0.1.0`. */
  readonly software: string;
  /** Lines of a segment in bytes behind which the next group begins another; 16 MiB by default. */
  readonly segmentBytesMax?: number;
  /** Whether logs of other workspaces may lie in the same place; by default all that lie there are this one's. */
  readonly isShared?: boolean;
  /** What to do when the workspace's key is gone and its logs are not, by the places that only the host knows. */
  readonly keyLostHelp?: string;
}

export interface OpenedLedger {
  readonly ledger: WritableLedger;
  /** What an earlier writer left unfinished and was set aside; empty for a log that was whole. */
  readonly setAside: readonly AsideFile[];
}

/**
 * Opens a ledger for writing: takes up a log of this workspace that nobody holds, newest first, or
 * begins a new one. A log of ours that was changed or taken away is not passed over: LEDGER_TAMPERED.
 */
export const openLedger = async (
  deps: WritableLedgerDeps,
  options: LedgerOptions,
): Promise<Result<OpenedLedger, LedgerFault>> => {
  const place = await prepare(deps, options);
  if (!place.ok) return place;
  const { logs, owner, workspaceKey } = place.value;
  for (const log of logs.toReversed()) {
    const taken = await takeUpFree(deps, owner, log);
    if (!taken.ok) return taken;
    if (taken.value === undefined) continue;
    const { hold, ready } = taken.value;
    return orRelease(hold, () => beginWriting(deps, options, workspaceKey, hold, ready));
  }
  return beginLog(deps, options, workspaceKey);
};

/**
 * Recovers one log whose writer did not come to its end, as taking it up would, and leaves it to
 * others: a run that goes on in another log stands on it. A log that is whole, that somebody holds
 * or that is not this workspace's stays as it is; one of ours that was changed is LEDGER_TAMPERED.
 */
export const recoverLeftLog = async (
  deps: WritableLedgerDeps,
  options: LedgerOptions,
  log: LogId,
): Promise<Result<void, LedgerFault>> => {
  const place = await prepare(deps, options);
  if (!place.ok) return place;
  const taken = await takeUpFree(deps, place.value.owner, log);
  if (!taken.ok || taken.value === undefined) return taken.ok ? ok(undefined) : taken;
  const { hold, ready } = taken.value;
  if (ready.aside.length === 0) {
    await hold.release();
    return ok(undefined);
  }
  const { workspaceKey } = place.value;
  const opened = await orRelease(hold, () => beginWriting(deps, options, workspaceKey, hold, ready));
  return opened.ok ? opened.value.ledger.close() : opened;
};

/**
 * Whether a log of ours that nobody writes is as its last writer left it, as taking it up would find,
 * without holding or changing it: LEDGER_TAMPERED where it is not.
 */
export const checkLeftLog = async (
  deps: WritableLedgerDeps,
  log: LogId,
): Promise<Result<void, LedgerFault>> => {
  const ours = await writerKeys(deps, log);
  if (!ours.ok) return ours;
  if (ours.value.all.length === 0 || (await deps.store.isHeld(log))) return ok(undefined);
  // The anchor first: a writer that comes meanwhile only adds to what it states.
  const anchor = await readAnchor(deps, log);
  if (!anchor.ok) return anchor;
  const files = await deps.store.files(log);
  if (!files.ok) return files;
  const scan = await scanLog(deps, log, files.value, ours.value.all, anchor.value);
  return scan.ok ? ok(undefined) : scan;
};

/** What stands around the logs of a workspace before one is taken up. */
interface LogsPlace {
  readonly logs: readonly LogId[];
  readonly owner: LogOwner;
  readonly workspaceKey: SigningKey;
}

const prepare = async (
  deps: WritableLedgerDeps,
  { workspace, isShared = false, keyLostHelp }: LedgerOptions,
): Promise<Result<LogsPlace, LedgerFault>> => {
  // Anchors first: whoever begins a log meanwhile makes its folder before its anchor.
  const anchored = await deps.anchors.list();
  if (!anchored.ok) return anchored;
  const logs = await deps.store.logs();
  if (!logs.ok) return logs;
  const gone = await refuseVanished(deps, anchored.value, logs.value);
  if (!gone.ok) return gone;
  const owner: LogOwner = { workspace, isShared, anchored: anchored.value };
  const seed = await workspaceSeed(deps, owner, logs.value, keyLostHelp);
  if (!seed.ok) return seed;
  return ok({ logs: logs.value, owner, workspaceKey: signingKeyOf(deps.crypto, seed.value) });
};

/** The log, held and ready; undefined where it is not this workspace's, retired or held by another. */
const takeUpFree = async (
  deps: WritableLedgerDeps,
  owner: LogOwner,
  log: LogId,
): Promise<Result<{ readonly hold: LogHold; readonly ready: ReadyLog } | undefined, LedgerFault>> => {
  const ours = await writerKeys(deps, log);
  if (!ours.ok) return ours;
  if (ours.value.all.length === 0) return ok(undefined);
  const whose = await whoseLog(deps.store, owner, log);
  if (!whose.ok) return whose;
  // Another workspace of this user has its key; its own runs go on with it.
  if (whose.value === "another's") return ok(undefined);
  const hold = await deps.store.acquire(log, { create: false });
  if (!hold.ok) return hold.fault.code === "LEDGER_HELD" ? ok(undefined) : hold;
  const taken = await orRelease(hold.value, () => takeUp(deps, log, hold.value));
  if (taken.ok && taken.value !== undefined) return ok({ hold: hold.value, ready: taken.value });
  await hold.value.release();
  return taken.ok ? ok(undefined) : taken;
};

/**
 * A log that has an anchor had a folder, and while this user holds its key it was not retired: one
 * that is not there was taken away, and a new log beside it would hide that. Without its anchor
 * nothing here says so: the key store holds the keys of all the user's ledgers, so a key whose log
 * is not in this one may be another's. Verification looks at them all and names it.
 */
const refuseVanished = async (
  deps: WritableLedgerDeps,
  anchored: readonly LogId[],
  logs: readonly LogId[],
): Promise<Result<void, LedgerFault>> => {
  const present = new Set(logs);
  for (const log of anchored) {
    if (present.has(log)) continue;
    const ours = await writerKeys(deps, log);
    if (!ours.ok) return ours;
    if (ours.value.all.length > 0) return failed(tampered(log, "it is gone, and its anchor is still here"));
  }
  return ok(undefined);
};

/** A held log that is ready to be written. */
interface ReadyLog {
  readonly log: LogId;
  readonly end: LogEnd;
  readonly key: SigningKey;
  readonly aside: readonly AsideFile[];
}

/** The log with its recovery done, or undefined when it is retired or another writer just ended with it. */
const takeUp = async (
  deps: WritableLedgerDeps,
  log: LogId,
  hold: LogHold,
): Promise<Result<ReadyLog | undefined, LedgerFault>> => {
  // Read again: until the log was held, another writer may have rotated or destroyed them.
  const ours = await writerKeys(deps, log);
  if (!ours.ok) return ours;
  const [first] = ours.value.all;
  if (first === undefined) return ok(undefined);
  const anchor = await readAnchor(deps, log);
  if (!anchor.ok) return anchor;
  const files = await deps.store.files(log);
  if (!files.ok) return files;
  const scan = await scanLog(deps, log, files.value, ours.value.all, anchor.value);
  if (!scan.ok) return scan;

  const { end, key = first, retired, erased } = scan.value;
  if (anchor.value === undefined && end.size > OPENING_LINES) {
    return failed(tampered(log, "its anchor is missing"));
  }
  const finished = await finishOwed(deps, log, { retired, erased, next: ours.value.next, key });
  if (!finished.ok || retired) return finished.ok ? ok(undefined) : finished;
  if (anchor.value === undefined && end.size > 0) {
    // Before anything else, or a second writer that ends early would leave more than an opening without one.
    const checkpoint = { log, size: end.size, root: sha256OfBytes(end.tree.root()) };
    const anchored = await deps.anchors.replace(log, signCheckpoint(deps.crypto, checkpoint, key));
    if (!anchored.ok) return anchored;
  }
  const recovery = await recoverLog(deps, log, hold, end);
  return recovery.ok ? ok({ log, key, end: recovery.value.end, aside: recovery.value.aside }) : recovery;
};

/** Does what a writer that ended early still owed to the key store, all of which the log has recorded. */
const finishOwed = async (
  deps: WritableLedgerDeps,
  log: LogId,
  owed: {
    readonly erased: readonly ScopeId[];
    readonly retired: boolean;
    readonly next: SigningKey | undefined;
    readonly key: SigningKey;
  },
): Promise<Result<void, LedgerFault>> => {
  const gone = owed.erased.map((scope) => SECRET_NAME.scope(scope));
  if (owed.retired) gone.push(SECRET_NAME.writer(log), SECRET_NAME.nextWriter(log));
  else if (owed.next?.id === owed.key.id) {
    const promoted = await promoteNextKey(deps.keys, log, owed.key.seed);
    if (!promoted.ok) return promoted;
  } else if (owed.next !== undefined) gone.push(SECRET_NAME.nextWriter(log));
  for (const name of gone) {
    const destroyed = await deps.keys.destroy(name);
    if (!destroyed.ok) return failed(ledgerFaultOf(destroyed.fault));
  }
  return ok(undefined);
};

const beginLog = async (
  deps: WritableLedgerDeps,
  options: LedgerOptions,
  workspaceKey: SigningKey,
): Promise<Result<OpenedLedger, LedgerFault>> => {
  const log = deps.entropy.id<"log">(wallMsOf(deps.clock));
  // The key first: a log without one would never be taken up again. It gets its lasting name only
  // when the log is there, so that a key of that name says for good that there was one.
  const seed = await readOrCreateSecret(deps.keys, deps.entropy, SECRET_NAME.nextWriter(log));
  if (!seed.ok) return seed;
  const hold = await deps.store.acquire(log, { create: true });
  if (!hold.ok) {
    // Of a log that was not even begun nobody needs the key, and nothing would ever find it again. Where
    // that is refused too, the first refusal is still the one to mend.
    await deps.keys.destroy(SECRET_NAME.nextWriter(log));
    return hold;
  }
  const end = emptyLogEnd(deps.crypto);
  const key = signingKeyOf(deps.crypto, seed.value);
  return orRelease(hold.value, async () => {
    const opened = await beginWriting(deps, options, workspaceKey, hold.value, { log, end, key, aside: [] });
    const promoted = opened.ok ? await promoteNextKey(deps.keys, log, key.seed) : opened;
    if (promoted.ok) return opened;
    await hold.value.release();
    return promoted;
  });
};

/** Does something with a held log; a mistake of ours in it leaves the log free for others. */
const orRelease = async <T>(hold: LogHold, act: () => Promise<T>): Promise<T> => {
  try {
    return await act();
  } catch (error) {
    await hold.release();
    throw error;
  }
};

/** Writes the lines that open the log, durable before anything else can be appended. */
const beginWriting = async (
  deps: WritableLedgerDeps,
  options: LedgerOptions,
  workspaceKey: SigningKey,
  hold: LogHold,
  { log, end, key, aside }: ReadyLog,
): Promise<Result<OpenedLedger, LedgerFault>> => {
  const writer = createLogWriter(deps, {
    log,
    hold,
    end,
    key,
    segmentBytesMax: options.segmentBytesMax ?? SEGMENT_LINES_BYTES_MAX,
  });
  const certificate = {
    ...writer.structural("key.certified", {
      role: "writer",
      key: toHex(key.publicKey),
      by: toHex(workspaceKey.publicKey),
    }),
    signer: workspaceKey.seed,
  };
  const opening = writer.structural(aside.length === 0 ? "log.opened" : "log.recovered", {
    software: options.software,
    workspace: options.workspace,
    ...(aside.length === 0 ? {} : { aside: aside.map((file) => ({ ...file })) }),
  });
  const lines = end.size === 0 ? [certificate, opening] : [opening];
  for (const written of await Promise.all(lines.map((line) => writer.submit(line)))) {
    if (written.ok) continue;
    await writer.settled();
    await hold.release();
    return written;
  }
  // The anchor stands before anything else is written, so that a log of more than its opening always has one.
  await writer.settled();
  if (writer.fault !== undefined) {
    await hold.release();
    return failed(writer.fault);
  }
  const ledger = createWritableLedger(deps, writer, hold, createScopes(deps), workspaceKey);
  return ok({ ledger, setAside: aside });
};

/** The keys that this user has for a log: one; two while a rotation is under way; none when it is not ours or retired. */
interface WriterKeys {
  readonly all: readonly SigningKey[];
  readonly next: SigningKey | undefined;
}

const writerKeys = async (deps: WritableLedgerDeps, log: LogId): Promise<Result<WriterKeys, LedgerFault>> => {
  const current = await readSecret(deps.keys, SECRET_NAME.writer(log));
  if (!current.ok) return current;
  const next = await readSecret(deps.keys, SECRET_NAME.nextWriter(log));
  if (!next.ok) return next;
  const keys = [current.value, next.value].map((seed) => seed && signingKeyOf(deps.crypto, seed));
  return ok({ all: keys.filter((key) => key !== null), next: keys[1] ?? undefined });
};

const readAnchor = async (
  deps: WritableLedgerDeps,
  log: LogId,
): Promise<Result<Checkpoint | undefined, LedgerFault>> => {
  const note = await deps.anchors.read(log);
  if (!note.ok) return note;
  if (note.value === null) return ok(undefined);
  const reading = readCheckpoint(note.value, log);
  return reading === undefined ? failed(tampered(log, "its anchor is damaged")) : ok(reading.checkpoint);
};
