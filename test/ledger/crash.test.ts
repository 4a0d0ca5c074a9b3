import { describe, expect, test } from "vitest";
import { openIn } from "./world.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault } from "#kernel/result.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import { verifyLedger } from "#ledger/verify/verify-ledger.ts";
import type { LedgerFault } from "#ports/ledger.ts";
import type { LedgerReport } from "#protocol/ledger-report.ts";
import type { RecordedEntry } from "#protocol/run-event.ts";
import { copyImage } from "#test/kit/ledger-store-fake.ts";
import type { Mishap } from "#test/kit/ledger-store-fake.ts";
import { ledgerSourceOf } from "#test/kit/ledger-sources.ts";
import { verifies } from "#test/kit/verifies.ts";
import { linesOf, parse } from "./forge.ts";
import { sampleLogs } from "./sample-logs.ts";
import { tamperings } from "./tamper.ts";
import type { World } from "./world.ts";
import { createWorld, entryWith, newEntry, nodeCrypto, publicKeyOf, SCOPE, valueOf } from "./world.ts";

/*
 * Goal: whatever moment a process ends or a disk refuses, no acknowledged entry is lost and the chain
 * goes on. Method: the same session is run again and again, and the Nth writing call goes wrong, for
 * every N until a session passes without reaching it; each time with none, some and all of the bytes
 * of that call on the disk. Then another process opens the ledger and the verifier looks at it.
 */

type Appended = Result<RecordedEntry, LedgerFault>;

/** A session that makes every kind of write: opening, lines, content, artefacts, segments, keys, erasure, retirement. */
const session = async (
  world: World,
  mishap: (call: number) => Mishap | undefined,
): Promise<{ readonly calls: number; readonly acknowledged: readonly RecordedEntry[] }> => {
  const { process, deps } = world.start(mishap);
  const acknowledged: RecordedEntry[] = [];
  const note = (results: readonly Appended[]): void => {
    for (const result of results) if (result.ok) acknowledged.push(result.value);
  };
  const opened = await openIn(deps, { segmentBytesMax: 3_000 });
  if (opened.ok) {
    const { ledger } = opened.value;
    await ledger.openScope(SCOPE);
    note([await ledger.append(newEntry({ input: 0 }))]);
    note(await Promise.all([1, 2, 3].map((n) => ledger.append(entryWith({ n })))));
    await ledger.artefacts.put(SCOPE, new Uint8Array(40).fill(7));
    note([await ledger.append(entryWith("a second segment"))]);
    await ledger.rotateKey({ reason: "drill" });
    note([await ledger.append(entryWith("under the new key"))]);
    note([
      await ledger.eraseScope({ scope: SCOPE, principal: 'User::"ada"', by: "ada", reason: "USER_REQUEST" }),
    ]);
    await ledger.close();
  }
  process.kill();
  return { calls: process.calls(), acknowledged };
};

const verified = async (world: World): Promise<LedgerReport> => {
  const source = ledgerSourceOf(world.disk.image, world.disk.anchors);
  return valueOf(
    await verifyLedger(source, nodeCrypto, await publicKeyOf(world), new AbortController().signal),
  );
};

const idsIn = (world: World): ReadonlySet<string> =>
  new Set(
    [...world.disk.image.values()].flatMap((files) =>
      linesOf(files).map(({ text }) => parse(text)["id"] as string),
    ),
  );

/** Everything that has to hold once another process has opened the ledger and written to it. */
const expectWhole = async (
  world: World,
  acknowledged: readonly RecordedEntry[],
  what: string,
): Promise<void> => {
  const { ledger } = await world.open();
  expect(await ledger.append(newEntry({ input: 99 })), what).toMatchObject({ ok: true });
  expect(await ledger.close(), what).toMatchObject({ ok: true });
  const report = await verified(world);
  expect(
    report.logs.flatMap(({ faults }) => faults),
    what,
  ).toEqual([]);
  expect(report.level, what).toBe("since-local-anchor");
  const ids = idsIn(world);
  for (const { id } of acknowledged) expect(ids.has(id), `${what}: ${id} was acknowledged`).toBe(true);
};

/** How much of the call that goes wrong reaches the disk. */
const PORTIONS = [0, 1, 700, 100_000] as const;

describe.each(["crash", "disk-full"] as const)("a %s at every writing call", (kind) => {
  test("loses nothing that was acknowledged, and the chain goes on", { timeout: 60_000 }, async () => {
    verifies("agent.journal.durable");
    for (const bytes of PORTIONS) {
      let reached = true;
      let last = 0;
      for (let at = 0; reached; at += 1) {
        const world = createWorld(at + 1);
        const { calls, acknowledged } = await session(world, (call) =>
          call === at ? { kind, bytes } : undefined,
        );
        await expectWhole(world, acknowledged, `${kind} at call ${at} after ${bytes} bytes`);
        reached = calls > at;
        last = at;
      }
      expect(last).toBeGreaterThan(15);
    }
  });

  test("during a recovery is recovered from in turn", { timeout: 60_000 }, async () => {
    for (let first = 2; first < 8; first += 1) {
      const original = createWorld(first);
      const { acknowledged } = await session(original, (call) =>
        call === first ? { kind: "crash", bytes: 300 } : undefined,
      );
      for (const bytes of PORTIONS) {
        let reached = true;
        for (let at = 0; reached; at += 1) {
          const world = branchOf(original, 100 + at);
          const { process, deps } = world.start((call) => (call === at ? { kind, bytes } : undefined));
          const opened = await openIn(deps);
          if (opened.ok) await opened.value.ledger.close();
          process.kill();
          reached = process.calls() > at;
          await expectWhole(
            world,
            acknowledged,
            `first crash at ${first}, ${kind} at ${at} of the recovery after ${bytes} bytes`,
          );
        }
      }
    }
  });
});

/** A world that goes on from what lies on another's disk and in its key store. */
const branchOf = (original: World, seed: number): World => {
  const world = createWorld(seed);
  for (const [log, files] of copyImage(original.disk.image)) world.disk.image.set(log, files);
  for (const [log, note] of original.disk.anchors) world.disk.anchors.set(log, note);
  const restored = original.keys.copy();
  return {
    ...world,
    keys: restored,
    start: (mishap) => {
      const started = world.start(mishap);
      return { ...started, deps: { ...started.deps, keys: restored } };
    },
    open: async (options) => valueOf(await openIn({ ...world.start().deps, keys: restored }, options)),
  };
};

describe("a key store that stops answering", () => {
  test("at any call loses nothing that was acknowledged, and what it owes is done later", async () => {
    for (let at = 0, reached = true; reached; at += 1) {
      const world = createWorld(at + 1);
      let calls = 0;
      const dying =
        <T extends unknown[], R>(call: (...given: T) => Promise<R>) =>
        async (...given: T) => {
          calls += 1;
          return calls > at ? DEAD_KEYS : call(...given);
        };
      const keys = {
        read: dying((name: string) => world.keys.read(name)),
        create: dying((name: string, secret: Uint8Array) => world.keys.create(name, secret)),
        destroy: dying((name: string) => world.keys.destroy(name)),
      };
      const start: World["start"] = (mishap) => {
        const started = world.start(mishap);
        return { ...started, deps: { ...started.deps, keys } };
      };
      const { acknowledged } = await session({ ...world, start }, () => undefined);
      await expectWhole(world, acknowledged, `the key store stops after ${at} calls`);
      expect(world.keys.names().filter((name) => name.endsWith(".next"))).toEqual([]);
      reached = calls > at;
    }
  });
});

const DEAD_KEYS = failed(fault("KEYSTORE_UNREADABLE", "the key store is gone"));

describe("after a fault", () => {
  test("the ledger takes nothing more and says why each time", async () => {
    const world = createWorld();
    let armed = false;
    const { deps } = world.start(() => (armed ? { kind: "disk-full", bytes: 10 } : undefined));
    const { ledger } = valueOf(await openIn(deps));
    await ledger.append(newEntry());
    armed = true;
    const full = { ok: false, fault: { code: "LEDGER_DISK_FULL" } };
    const failing = await Promise.all([ledger.append(newEntry()), ledger.append(newEntry())]);
    for (const one of failing) expect(one).toMatchObject(full);
    armed = false;
    const before = copyImage(world.disk.image);
    expect(await ledger.append(newEntry())).toMatchObject(full);
    expect(await ledger.close()).toMatchObject(full);
    expect(copyImage(world.disk.image)).toEqual(before);
    await expectWhole(world, [], "after the disk was full");
  });

  test("of the anchor as well: evidence that could be cut off unseen is not taken", async () => {
    const world = createWorld();
    const { deps } = world.start();
    let full = true;
    const broken: typeof deps.anchors = {
      ...deps.anchors,
      replace: async (log, note) =>
        full ? failed(fault("LEDGER_DISK_FULL", "full")) : deps.anchors.replace(log, note),
    };
    expect(await openIn({ ...deps, anchors: broken })).toMatchObject({ fault: { code: "LEDGER_DISK_FULL" } });
    full = false;
    const { ledger } = valueOf(await openIn({ ...deps, anchors: broken }));
    full = true;
    await ledger.append(newEntry());
    await ledger.append(newEntry());
    expect(await ledger.append(newEntry())).toMatchObject({ fault: { code: "LEDGER_DISK_FULL" } });
    await ledger.close();
  });

  test("while opening, the log is free again", async () => {
    const world = createWorld();
    const refused = await openIn(
      world.start((call) => (call === 0 ? { kind: "disk-full", bytes: 5 } : undefined)).deps,
    );
    expect(refused).toMatchObject({ ok: false, fault: { code: "LEDGER_DISK_FULL" } });
    const { ledger, setAside } = await world.open();
    expect(setAside.map(({ bytes }) => bytes)).toEqual([5]);
    await ledger.close();
    expect((await verified(world)).faultsTotal).toBe(0);
  });
});

describe("what lies behind the last commit", () => {
  const closed = async (): Promise<{
    world: World;
    ledger: WritableLedger;
    files: Map<string, Uint8Array>;
  }> => {
    const world = createWorld();
    const { ledger } = await world.open();
    valueOf(await ledger.openScope(SCOPE));
    valueOf(await ledger.append(entryWith("kept")));
    await ledger.close();
    return { world, ledger, files: world.disk.image.get(ledger.log) ?? new Map<string, Uint8Array>() };
  };

  test("is set aside with its digest and never adopted, however well it chains", async () => {
    const { world, ledger, files } = await closed();
    const lines = linesOf(files);
    const last = lines.at(-1)?.text ?? "";
    const forged = last.replace('"type":"log.committed"', '"type":"action.completed"');
    files.set(
      "000001.jsonl",
      new Uint8Array([...(files.get("000001.jsonl") ?? []), ...Buffer.from(`${forged}\ntorn`)]),
    );
    files.set("000001.content", new Uint8Array([...(files.get("000001.content") ?? []), 1, 2, 3]));
    const { ledger: next, setAside } = await world.open();
    expect(next.log).toBe(ledger.log);
    const at = lines.length;
    expect(setAside.map(({ file, bytes }) => [file, bytes])).toEqual([
      [`000001.content.${at}-1.aside`, 3],
      [`000001.jsonl.${at}-1.aside`, forged.length + 5],
    ]);
    await next.close();
    expect(linesOf(files).map(({ text }) => parse(text)["type"])).not.toContain("action.completed");
    expect((await verified(world)).faultsTotal).toBe(0);
  });

  test.each([
    ["a copy of the commit record", (lines: readonly string[]) => [...lines, lines.at(-1) ?? ""]],
    [
      "a changed line before it",
      (lines: readonly string[]) => lines.map((line, at) => (at === 3 ? line.replace("ada", "eve") : line)),
    ],
    ["a line less", (lines: readonly string[]) => lines.toSpliced(3, 1)],
    ["the last commit record cut off", (lines: readonly string[]) => lines.slice(0, 3)],
    ["nothing at all", () => []],
    [
      "a signature changed",
      (lines: readonly string[]) =>
        lines.with(lines.length - 1, (lines.at(-1) ?? "").replace(/"signature":"./, '"signature":"/')),
    ],
    [
      "a commit record of another writer",
      (lines: readonly string[]) =>
        lines.with(
          lines.length - 1,
          (lines.at(-1) ?? "").replace(/"writer":"[0-9a-f]{16}"/, '"writer":"0123456789abcdef"'),
        ),
    ],
  ])("with %s the log was changed, not torn: no writer takes it up", async (_what, change) => {
    const { world, files } = await closed();
    const lines = linesOf(files).map(({ text }) => text);
    files.set(
      "000001.jsonl",
      new Uint8Array(
        Buffer.from(
          change(lines)
            .map((line) => `${line}\n`)
            .join(""),
        ),
      ),
    );
    const before = copyImage(world.disk.image);
    const refused = await openIn(world.start().deps);
    expect(refused).toMatchObject({
      ok: false,
      fault: { code: "LEDGER_TAMPERED", help: expect.stringContaining("audit verify") },
    });
    expect(world.disk.image).toEqual(before);
  });

  test("with content missing, or an anchor that is none, no writer takes it up", async () => {
    const one = await closed();
    one.files.set("000001.content", new Uint8Array(3));
    expect(await openIn(one.world.start().deps)).toMatchObject({ fault: { code: "LEDGER_TAMPERED" } });
    const two = await closed();
    two.world.disk.anchors.set(two.ledger.log, new Uint8Array(3));
    expect(await openIn(two.world.start().deps)).toMatchObject({ fault: { code: "LEDGER_TAMPERED" } });
  });

  test(
    "is never taken for more than it is: a tampered log is refused or loses nothing that its anchor covers",
    { timeout: 60_000 },
    async () => {
      const samples = (await sampleLogs()).filter(({ name }) => !["seen", "retired"].includes(name));
      let refused = 0;
      for (const { what, log, files, found } of tamperings(samples, { seed: 500_000, count: 1_500 })) {
        const sample = samples.find((one) => one.log === log);
        if (sample === undefined) throw new Error("a tampering of no sample");
        const world = branchOf(sample.world, 7);
        world.disk.image.set(log, new Map(files));
        const before = linesOf(sample.files).map(({ text }) => text);
        const opened = await openIn(world.start().deps);
        if (!opened.ok) {
          refused += 1;
          continue;
        }
        await opened.value.ledger.close();
        const now = linesOf(world.disk.image.get(log) ?? new Map()).map(({ text }) => text);
        expect(now.slice(0, before.length), what).toEqual(before);
        if (!found) expect(opened.value.setAside, what).toEqual([]);
      }
      expect(refused).toBeGreaterThan(500);
    },
  );
});
