import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { toHex } from "#kernel/bytes.ts";
import type { RunId, ScopeId, WorkspaceId } from "#kernel/ids.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import type { OpenedLedger } from "#ledger/open-ledger.ts";
import { openLedger } from "#ledger/open-ledger.ts";
import type { WritableLedgerDeps } from "#ledger/writable-ledger.ts";
import type { Clock } from "#ports/clock.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { NewEntry } from "#protocol/run-event.ts";
import { createEntropyFake } from "#test/kit/entropy-fake.ts";
import { createFakeKeyStore } from "#test/kit/key-store-fake.ts";
import type { FakeKeyStore } from "#test/kit/key-store-fake.ts";
import type { FakeDisk, FakeProcess, Mishap } from "#test/kit/ledger-store-fake.ts";
import { createFakeDisk } from "#test/kit/ledger-store-fake.ts";

/*
 * One user's machine for tests of the ledger: a disk, keys, a clock that moves a little with every
 * look, and repeatable chance. Processes come and go on it.
 */

export const WORKSPACE = "018bcfe5-6800-7000-8000-00000000a11c" as WorkspaceId;
export const START_WALL_MS = 1_700_000_000_000;

export const nodeCrypto = createNodeCrypto();

export interface World {
  readonly disk: FakeDisk;
  readonly keys: FakeKeyStore;
  readonly clock: SteppingClock;
  readonly entropy: Entropy;
  /** Another process with what it needs to open a ledger. */
  start(mishap?: (call: number) => Mishap | undefined): {
    readonly process: FakeProcess;
    readonly deps: WritableLedgerDeps;
  };
  /** Opens the ledger in a process of its own. */
  open(options?: OpenOptions): Promise<OpenedLedger>;
}

export interface OpenOptions {
  readonly mishap?: (call: number) => Mishap | undefined;
  readonly segmentBytesMax?: number;
  readonly isShared?: boolean;
}

export interface SteppingClock extends Clock {
  /** Moves the wall clock alone, back as well. */
  moveWall(ms: number): void;
}

export const createWorld = (seed = 1): World => {
  const disk = createFakeDisk();
  const keys = createFakeKeyStore();
  const clock = createSteppingClock();
  const entropy = createEntropyFake(seed);
  const start: World["start"] = (mishap) => {
    const process = disk.process(mishap);
    const { store, anchors } = process;
    return { process, deps: { store, anchors, keys, clock, entropy, crypto: nodeCrypto } };
  };
  return {
    disk,
    keys,
    clock,
    entropy,
    start,
    open: async ({ mishap, ...options } = {}) => valueOf(await openIn(start(mishap).deps, options)),
  };
};

export const openIn = (
  deps: WritableLedgerDeps,
  options: Omit<OpenOptions, "mishap"> = {},
): ReturnType<typeof openLedger> =>
  openLedger(deps, { workspace: WORKSPACE, software: "writ test", ...options });

const createSteppingClock = (): SteppingClock => {
  let monotonic = 0;
  let wall = START_WALL_MS;
  return {
    wallMs() {
      wall += 1;
      return wall;
    },
    monotonicMs() {
      monotonic += 0.25;
      return monotonic;
    },
    sleep: () => Promise.reject(new Error("nothing in the ledger sleeps")),
    moveWall(ms) {
      wall += ms;
    },
  };
};

/** An entry as a run writes it, with what a test wants to be different. */
export const newEntry = (fields: Partial<NewEntry> = {}): NewEntry => ({
  type: "action.decided",
  run: { id: RUN, seq: 0, parent: null },
  cause: null,
  principal: 'Agent::"examples/tidy.symbi#tidy"',
  onBehalfOf: { kind: "user", id: "ada" },
  labels: [],
  input: null,
  public: { tool: "read_file", outcome: "allow" },
  content: [],
  ...fields,
});

export const RUN = "018bcfe5-6801-7000-8000-000000000001" as RunId;
export const SCOPE = "018bcfe5-6802-7000-8000-000000000001" as ScopeId;

/** `newEntry` with one part of content. */
export const entryWith = (value: JsonValue, fields: JsonObject = {}): NewEntry =>
  newEntry({ public: fields, content: [{ scope: SCOPE, name: "arguments", value }] });

/** The workspace's public key in hexadecimal, as a verifier is given it. */
export const publicKeyOf = async (world: World): Promise<string> => {
  const seed = valueOf(await world.keys.read(`workspace.${WORKSPACE}`));
  return seed === null ? "" : toHex(nodeCrypto.publicKey(seed));
};

/** The value of a result that a test counts on. */
export const valueOf = <T>(result: Result<T, { readonly code: string; readonly message: string }>): T => {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message}`);
  return result.value;
};
