import { equalBytes, fromHex } from "#kernel/bytes.ts";
import type { LogId } from "#kernel/ids.ts";
import type { LedgerEntry, VerificationFault } from "#protocol/ledger-entry.ts";
import { NO_PREVIOUS } from "#protocol/ledger-format.ts";
import { readEntry, structureOf } from "#protocol/ledger-line.ts";
import type { FoundFault, LogReport } from "#protocol/ledger-report.ts";
import { readCanonicalLine } from "./canonical-line.ts";
import type { AnchorCheck } from "./anchor-check.ts";
import { FaultList } from "./fault-list.ts";
import { KeyChain } from "./key-chain.ts";
import { SeenCheckpoints } from "./seen-checkpoints.ts";
import { computedHash, isSignedBy } from "./signatures.ts";
import type { VerifierCrypto } from "./source.ts";
import { TreeHash } from "./tree-hash.ts";

/** What a line turned out to be. */
export interface CheckedLine {
  /** Undefined where the line could not be read as an entry at all. */
  readonly entry: LedgerEntry | undefined;
  /** Whether no fault was found in it. */
  readonly right: boolean;
}

type Wrong = readonly [kind: VerificationFault, detail: string];

/**
 * The state that runs along the lines of a log: rows 1 to 13, 16 to 18 of section 12. Behind a fault
 * it goes on from what the line itself states, so that a change is reported where it was made and
 * not again at every line behind it.
 */
export class LineCheck {
  readonly faults = new FaultList();
  /** What right commit records state of other logs. */
  readonly seen = new SeenCheckpoints();
  private readonly crypto: VerifierCrypto;
  private readonly anchor: AnchorCheck;
  private readonly pinnedKey: string | null;
  private readonly tree: TreeHash;
  private readonly keys: KeyChain;
  private log: LogId | null;
  private index = 0;

  /** What the next line has to state; undefined where the line before could not be read. */
  private previous: readonly string[] | undefined = [NO_PREVIOUS];
  /** How far the stated numbers are from the indexes, since lines went missing or came twice. */
  private shift = 0;
  private monotonicMs = 0;
  /** Whether the leaves are not those that were signed, so that no root can be right any more. */
  private spoilt = false;

  private commits = 0;
  private committedLines = 0;
  private firstUncommitted: FoundFault["place"] = null;
  private retiredAt: number | undefined;
  private wallMs: { first: number; last: number } | null = null;
  private place: FoundFault["place"] = null;
  private current: CheckedLine = { entry: undefined, right: true };

  constructor(
    crypto: VerifierCrypto,
    anchor: AnchorCheck,
    options: { readonly log: LogId | null; readonly pinnedKey: string | null },
  ) {
    this.crypto = crypto;
    this.anchor = anchor;
    this.log = options.log;
    this.pinnedKey = options.pinnedKey;
    this.tree = new TreeHash(crypto);
    this.keys = new KeyChain(crypto);
  }

  /** Checks the next line. `endLine` has to follow, behind whatever else is found in the line. */
  line(bytes: Uint8Array, place: FoundFault["place"]): CheckedLine {
    this.place = place;
    const reading = readCanonicalLine(bytes);
    const shaped = reading.ok ? readEntry(reading.value) : undefined;
    if (!reading.ok || shaped?.ok !== true) {
      this.current = { entry: undefined, right: false };
      this.previous = undefined;
      this.spoilt = true;
      if (!reading.ok) this.report(reading.kind, reading.detail);
      else this.report("malformed", shaped?.ok === false ? shaped.detail : "");
    } else {
      const { entry } = shaped;
      this.current = { entry, right: false };
      const wrong = this.wrongIn(entry, reading.text);
      this.current = { entry, right: wrong === undefined };
      if (wrong !== undefined) this.report(...wrong);
    }
    this.tree.add(bytes);
    return this.current;
  }

  /** The line is done. */
  endLine(): void {
    const { entry } = this.current;
    if (entry !== undefined) {
      this.wallMs = { first: this.wallMs?.first ?? entry.time.wallMs, last: entry.time.wallMs };
    }
    if (entry?.type === "log.committed") {
      this.commits += 1;
      this.committedLines = this.index + 1;
      this.firstUncommitted = null;
    } else this.firstUncommitted ??= this.place;
    this.keys.endLine();
    this.index += 1;
    this.anchor.grown(this.index, this.tree);
  }

  /** A fault of the current line that others found. */
  report(kind: VerificationFault, detail: string): void {
    const { entry } = this.current;
    const named = entry === undefined ? {} : { entry: entry.id, type: entry.type };
    this.faults.add(kind, { index: this.index, place: this.place, ...named }, detail);
  }

  /** A fault between the lines, at the index of the next one. */
  reportBetween(kind: VerificationFault, place: FoundFault["place"], detail: string): void {
    this.faults.add(kind, { index: this.index, place }, detail);
  }

  private wrongIn(entry: LedgerEntry, text: string): Wrong | undefined {
    const hash = computedHash(this.crypto, text, entry);
    const { previous } = this;
    // Where `hash` itself was changed the next line still names the right one.
    this.previous = hash === entry.hash ? [hash] : [hash, entry.hash];
    if (hash !== entry.hash) return this.spoiling("wrong-hash", "its hash is not that of its bytes");

    this.log ??= entry.log;
    const expectedSeq = this.index + this.shift;
    this.shift = entry.seq - this.index;
    const { monotonicMs } = this;
    this.monotonicMs = entry.time.monotonicMs;
    if (entry.log !== this.log) return this.spoiling("wrong-log", `it belongs to log ${entry.log}`);
    if (entry.seq !== expectedSeq) {
      return this.spoiling("wrong-sequence", `it is number ${entry.seq} where ${expectedSeq} should stand`);
    }
    if (this.isBehindRetirement(entry))
      return ["wrong-sequence", "it stands behind the end of a retired log"];
    if (previous?.includes(entry.prev) === false) {
      return this.spoiling("wrong-previous", "it does not follow the line before it");
    }
    return this.wrongAuthor(entry) ?? wrongTime(entry, monotonicMs) ?? this.wrongCommit(entry);
  }

  private spoiling(...wrong: Wrong): Wrong {
    this.spoilt = true;
    return wrong;
  }

  private isBehindRetirement(entry: LedgerEntry): boolean {
    if (this.retiredAt === undefined) {
      if (entry.type === "log.retired") this.retiredAt = this.index;
      return false;
    }
    return this.index > this.retiredAt + 1 || entry.type !== "log.committed";
  }

  private wrongAuthor(entry: LedgerEntry): Wrong | undefined {
    const wrong = this.keys.take(entry, this.index);
    if (wrong !== undefined) return ["wrong-certificate", wrong];
    if (this.index === 0 && this.pinnedKey !== null && this.keys.workspaceKey !== this.pinnedKey) {
      return ["foreign", "the log is certified by another key than the one that was expected"];
    }
    if (this.keys.isWriter(entry.writer)) return undefined;
    return ["wrong-writer", "it is not by the key that writes the log at this place"];
  }

  private wrongCommit(entry: LedgerEntry): Wrong | undefined {
    if (entry.type !== "log.committed") return undefined;
    const { size, root } = structureOf(entry, "log.committed");
    // A root over lines that were changed cannot be right; that was reported where they stand.
    if (!this.spoilt) {
      if (size !== this.index) return this.spoiling("wrong-root", `it states ${size} lines before it`);
      if (!equalBytes(fromHex(root) ?? new Uint8Array(), this.tree.root())) {
        return this.spoiling("wrong-root", "its root is not that of the lines before it");
      }
    }
    const { writerKey } = this.keys;
    // Without a readable certificate there is no key to hold it against; that was reported at line 0.
    if (writerKey !== undefined && !isSignedBy(this.crypto, entry, writerKey)) {
      return ["wrong-signature", "it is not signed by the key that writes the log"];
    }
    if (!this.spoilt) for (const seen of structureOf(entry, "log.committed").seen) this.seen.add(seen);
    return undefined;
  }

  /** Rows 17 to 21, and the whole report. */
  finish(more: { readonly live: boolean; readonly parts: number; readonly segments: number }): LogReport {
    const uncommitted = this.index - this.committedLines;
    if (!more.live && this.index === 0) this.faults.add("truncated", { index: 0 }, "the log has no line");
    if (!more.live && uncommitted > 0) {
      const line = { index: this.committedLines, place: this.firstUncommitted };
      this.faults.add("uncommitted", line, `no commit record covers the last ${uncommitted} lines`);
    }
    this.anchor.finish(this.faults, {
      lines: this.index,
      spoilt: this.spoilt,
      keysBefore: (size) => this.keys.keysBefore(size),
    });
    const anchoredLines = this.anchor.size;
    const good = anchoredLines === null ? "internal" : "since-local-anchor";
    return {
      log: this.log,
      level: this.faults.total === 0 ? good : null,
      workspaceKey: this.keys.workspaceKey ?? null,
      pinned: this.pinnedKey !== null,
      lines: this.index,
      commits: this.commits,
      parts: more.parts,
      segments: more.segments,
      uncommitted,
      live: more.live,
      retired: this.retiredAt !== undefined,
      wallMs: this.wallMs,
      anchoredLines,
      faults: this.faults.kept,
      faultsTotal: this.faults.total,
    };
  }
}

const wrongTime = (entry: LedgerEntry, beforeMs: number): Wrong | undefined => {
  if (entry.time.monotonicMs >= beforeMs) return undefined;
  if (entry.type === "log.opened" || entry.type === "log.recovered") return undefined;
  return ["time-went-back", "its monotonic time is before that of the line before it"];
};
