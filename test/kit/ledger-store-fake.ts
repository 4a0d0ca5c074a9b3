import { concatBytes } from "#kernel/bytes.ts";
import type { LogId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { AnchorStore, LedgerFault, LedgerStore, LogHold } from "#ports/ledger.ts";
import { readAsideFile, readSegmentFile } from "#protocol/ledger-format.ts";

/** Files by name, by log. */
export type LedgerImage = Map<string, Map<string, Uint8Array>>;

/**
 * What happens to one writing call: all of it, or only its first `bytes` bytes and then either an
 * error of the disk or the end of the process, after which nothing that it asks for happens.
 */
export type Mishap =
  | { readonly kind: "disk-full"; readonly bytes: number }
  | { readonly kind: "crash"; readonly bytes: number };

/** A disk in memory with the processes that use it. */
export interface FakeDisk {
  /** What is stored now. */
  readonly image: LedgerImage;
  readonly anchors: Map<string, Uint8Array>;
  /** A process of its own: its holds end with it. `mishap` is asked before each writing call, numbered from 0. */
  process(mishap?: (call: number) => Mishap | undefined): FakeProcess;
}

export interface FakeProcess {
  readonly store: LedgerStore;
  readonly anchors: AnchorStore;
  /** Writing calls made so far. */
  calls(): number;
  /** Ends the process as kill -9 does. */
  kill(): void;
}

const DEAD = failed(fault("LEDGER_UNREADABLE", "this process has ended"));

export const createFakeDisk = (image: LedgerImage = new Map()): FakeDisk => {
  const anchors = new Map<string, Uint8Array>();
  const holders = new Map<string, object>();

  return {
    image,
    anchors,
    process(mishap = () => undefined) {
      const self = {};
      let alive = true;
      let calls = 0;

      const die = (): void => {
        alive = false;
        for (const [log, holder] of holders) if (holder === self) holders.delete(log);
      };

      /** Runs one writing call; `write` gets how many of its bytes reach the disk. */
      const writing = (length: number, write: (bytes: number) => void): Result<void, LedgerFault> => {
        if (!alive) return DEAD;
        const found = mishap(calls);
        calls += 1;
        write(found === undefined ? length : Math.min(length, found.bytes));
        if (found === undefined) return ok(undefined);
        if (found.kind === "crash") {
          die();
          return DEAD;
        }
        return failed(fault("LEDGER_DISK_FULL", "no space is left"));
      };

      const hold = (log: LogId, files: Map<string, Uint8Array>): LogHold => {
        const me = {};
        holders.set(log, self);
        held.set(log, me);
        const mine = (): boolean => alive && held.get(log) === me;
        const released = failed(fault("LEDGER_CLOSED", "the log was released"));
        return {
          async append(file, bytes) {
            if (!mine()) return alive ? released : DEAD;
            return writing(bytes.length, (count) => {
              files.set(file, concatBytes(files.get(file) ?? new Uint8Array(), bytes.subarray(0, count)));
            });
          },
          async create(file, bytes) {
            if (!mine()) return alive ? released : DEAD;
            return writing(bytes.length, (count) => {
              if (count === bytes.length && !files.has(file)) files.set(file, new Uint8Array(bytes));
            });
          },
          async setAside(file, keepBytes, asideName) {
            if (!mine()) return alive ? released : DEAD;
            const original = files.get(file);
            if (original === undefined) return failed(fault("LEDGER_UNREADABLE", `no file ${file}`));
            const rest = original.slice(keepBytes);
            const saved = writing(rest.length, (count) => {
              files.set(asideName, rest.slice(0, count));
            });
            if (!saved.ok) return saved;
            // Cutting is one step: it happened or it did not.
            return writing(1, (count) => {
              if (count === 1) files.set(file, original.slice(0, keepBytes));
            });
          },
          async release() {
            if (!mine()) return;
            held.delete(log);
            holders.delete(log);
          },
        };
      };
      const held = new Map<string, object>();

      const store: LedgerStore = {
        async logs() {
          return alive ? ok([...image.keys()].sort() as LogId[]) : DEAD;
        },
        async acquire(log, { create }) {
          if (!alive) return DEAD;
          if (holders.has(log)) return failed(fault("LEDGER_HELD", `another writer holds ${log}`));
          let files = image.get(log);
          if (files === undefined) {
            if (!create) return failed(fault("LEDGER_UNREADABLE", `no log ${log}`));
            files = new Map();
            image.set(log, files);
          }
          return ok(hold(log, files));
        },
        async isHeld(log) {
          return holders.has(log);
        },
        async read(log, file, offset, bytesMax) {
          if (!alive) return DEAD;
          const bytes = image.get(log)?.get(file) ?? new Uint8Array();
          return ok(bytes.slice(offset, offset + bytesMax));
        },
        async files(log) {
          if (!alive) return DEAD;
          const files = image.get(log);
          if (files === undefined) return failed(fault("LEDGER_UNREADABLE", `no log ${log}`));
          const listed = [...files]
            .filter(([name]) => readSegmentFile(name) !== undefined || readAsideFile(name) !== undefined)
            .map(([name, bytes]) => ({ name, sizeBytes: bytes.length }));
          return ok(listed.sort((left, right) => (left.name < right.name ? -1 : 1)));
        },
      };

      const anchorStore: AnchorStore = {
        async list() {
          return alive ? ok([...anchors.keys()].sort() as LogId[]) : DEAD;
        },
        async read(log) {
          return alive ? ok(anchors.get(log)?.slice() ?? null) : DEAD;
        },
        async replace(log, note) {
          return writing(1, (count) => {
            if (count === 1) anchors.set(log, new Uint8Array(note));
          });
        },
      };
      return { store, anchors: anchorStore, calls: () => calls, kill: die };
    },
  };
};

/** A copy of everything, to change or to compare with. */
export const copyImage = (image: LedgerImage): LedgerImage =>
  new Map(
    [...image].map(([log, files]) => [
      log,
      new Map([...files].map(([name, bytes]) => [name, new Uint8Array(bytes)])),
    ]),
  );
