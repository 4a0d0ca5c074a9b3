import { describe, expect, test } from "vitest";

import type { LogId } from "#kernel/ids.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { MissingPart } from "#ledger/missing-parts.ts";
import type { LogReport } from "#protocol/ledger-report.ts";
import type { Progress } from "#host/rpc/peer.ts";
import { createRig, key, NEVER, settle, startParams } from "./rig.ts";

/* The ledger is verified for a client, with progress, and no longer than somebody waits for it. */

const LOG = key(1) as LogId;
const OTHER = key(2) as LogId;
const OPTIONS = { signal: NEVER };

const report = (change: Partial<LogReport> = {}): LogReport => ({
  log: LOG,
  level: "since-local-anchor",
  workspaceKey: null,
  pinned: true,
  lines: 10,
  commits: 2,
  parts: 0,
  segments: 1,
  uncommitted: 0,
  live: false,
  retired: false,
  wallMs: null,
  anchoredLines: 10,
  faults: [],
  faultsTotal: 0,
  ...change,
});

const WRONG: LogReport = report({
  log: OTHER,
  level: null,
  faults: [
    { kind: "wrong-hash", index: 7, entry: null, type: null, place: null, detail: "the hash is another" },
  ],
  faultsTotal: 1,
});
const FOUND = { log: OTHER, seq: 7, kind: "wrong-hash", detail: "the hash is another" };
const NO_ANCHOR: MissingPart = { what: "anchor", log: LOG, isFault: true };
const MISSING = { log: LOG, seq: null, kind: "missing-anchor", detail: expect.any(String) };

test("the whole ledger of a host is verified from its files", async () => {
  const rig = await createRig();
  const client = await rig.connect();
  await client.peer.call("run/start", startParams(), OPTIONS);
  await settle();
  const told: Progress[] = [];
  const options = { ...OPTIONS, progress: (progress: Progress) => void told.push(progress) };
  const verified = await client.peer.call("ledger/verify", { log: null }, options);
  if (!verified.ok) throw new Error(verified.fault.message);
  expect(verified.value).toMatchObject({ level: "since-local-anchor", faults: [], faultsInAll: 0 });
  expect(verified.value.entries).toBeGreaterThan(3);
  expect(told.at(-1)).toMatchObject({ total: null, text: "entries checked" });
  const own = await client.peer.call("ledger/verify", { log: rig.ledger.log }, OPTIONS);
  expect(own).toEqual(verified);
});

describe("what was found", () => {
  const verify = async (
    logs: readonly LogReport[],
    missing: readonly MissingPart[],
    log: string | null,
  ): Promise<unknown> => {
    const rig = await createRig();
    const faultsTotal = logs.reduce((sum, one) => sum + one.faultsTotal, missing.length);
    const level = faultsTotal === 0 ? "since-local-anchor" : null;
    rig.verifyLedger = async () => ok({ logs, level, faultsTotal, missing });
    const client = await rig.connect();
    const answer = await client.peer.call("ledger/verify", { log }, OPTIONS);
    return answer.ok ? answer.value : answer.fault.code;
  };
  test.each([
    [
      "nothing",
      [report()],
      [],
      null,
      { level: "since-local-anchor", entries: 10, faults: [], faultsInAll: 0 },
    ],
    ["no log at all", [], [], null, { level: "since-local-anchor", entries: 0, faults: [], faultsInAll: 0 }],
    ["a fault", [report(), WRONG], [], null, { level: null, entries: 20, faults: [FOUND], faultsInAll: 1 }],
    [
      "a fault in another log",
      [report(), WRONG],
      [],
      LOG,
      { level: "since-local-anchor", entries: 10, faults: [], faultsInAll: 0 },
    ],
    [
      "what the owner lacks",
      [report(), WRONG],
      [NO_ANCHOR],
      null,
      { level: null, entries: 20, faults: [FOUND, MISSING], faultsInAll: 2 },
    ],
    [
      "what the owner of one log lacks",
      [report(), WRONG],
      [NO_ANCHOR],
      LOG,
      { level: null, entries: 10, faults: [MISSING], faultsInAll: 1 },
    ],
    [
      "a fault of a log without a name",
      [report({ ...WRONG, log: null })],
      [],
      null,
      { level: null, entries: 10, faults: [], faultsInAll: 1 },
    ],
    ["a log that is not there", [report()], [], OTHER, "LEDGER_LOG_UNKNOWN"],
  ])("%s", async (_, logs, missing, log, expected) => {
    expect(await verify(logs, missing, log)).toEqual(expected);
  });

  test("no more than a message takes is told, and how much there is", async () => {
    const many = report({
      level: null,
      faults: Array.from({ length: 1_000 }, () => WRONG.faults).flat(),
      faultsTotal: 5_000,
    });
    expect(await verify([many, WRONG], [], null)).toMatchObject({
      faults: { length: 1_000 },
      faultsInAll: 5_001,
    });
  });
});

describe("a verification that goes on", () => {
  test("tells how far it is at most ten times a second", async () => {
    const rig = await createRig();
    rig.verifyLedger = async (_signal, onChecked) => {
      for (let stretch = 0; stretch < 100; stretch += 1) {
        onChecked(5);
        await rig.clock.advance(10);
      }
      return ok({ logs: [], level: null, faultsTotal: 0, missing: [] });
    };
    const client = await rig.connect();
    const told: number[] = [];
    await client.peer.call(
      "ledger/verify",
      { log: null },
      { ...OPTIONS, progress: ({ done }) => void told.push(done) },
    );
    expect(told).toEqual([5, 55, 105, 155, 205, 255, 305, 355, 405, 455]);
  });

  test("is the only one, ends when it is cancelled or its client leaves, and then there can be another", async () => {
    const rig = await createRig();
    const real = rig.verifyLedger;
    let ended = 0;
    rig.verifyLedger = (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          ended += 1;
          reject(new DOMException("", "AbortError"));
        });
      });
    const client = await rig.connect();
    const other = await rig.connect();
    const controller = new AbortController();
    const verifying = client.peer.call("ledger/verify", { log: null }, { signal: controller.signal });
    const name = verifying.then(
      () => "resolved",
      (error: unknown) => (error as Error).name,
    );
    const second = await other.peer.call("ledger/verify", { log: null }, OPTIONS);
    expect(second).toMatchObject({
      ok: false,
      fault: { error: "unavailable", code: "LEDGER_VERIFYING", retryable: true },
    });
    controller.abort();
    expect(await name).toBe("AbortError");
    await settle();
    expect(ended).toBe(1);

    void client.peer.call("ledger/verify", { log: null }, OPTIONS);
    await settle();
    rig.wires[0]?.drop();
    await settle();
    expect(ended).toBe(2);
    rig.verifyLedger = real;
    expect(await other.peer.call("ledger/verify", { log: null }, OPTIONS)).toMatchObject({ ok: true });
  });

  test("and cannot be done says why", async () => {
    const rig = await createRig();
    rig.verifyLedger = async () => failed(fault("LEDGER_UNREADABLE", "no"));
    const client = await rig.connect();
    expect(await client.peer.call("ledger/verify", { log: null }, OPTIONS)).toMatchObject({
      ok: false,
      fault: { error: "unavailable", code: "LEDGER_UNREADABLE" },
    });
  });
});
