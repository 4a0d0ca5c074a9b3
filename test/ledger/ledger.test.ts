import { describe, expect, test } from "vitest";
import { toHex } from "#kernel/bytes.ts";
import type { ScopeId, WorkspaceId } from "#kernel/ids.ts";
import type { JsonValue } from "#kernel/json.ts";
import { failed, fault } from "#kernel/result.ts";
import { createLedgerReader } from "#ledger/ledger-reader.ts";
import { PENDING_ENTRIES_MAX } from "#ledger/limits.ts";
import { openLedger } from "#ledger/open-ledger.ts";
import { verifyLedger } from "#ledger/verify/verify-ledger.ts";
import type { ShownEntry } from "#ports/ledger-reader.ts";
import type { LedgerReport } from "#protocol/ledger-report.ts";
import { ledgerSourceOf } from "#test/kit/ledger-sources.ts";
import { createFakeDisk } from "#test/kit/ledger-store-fake.ts";
import { verifies } from "#test/kit/verifies.ts";
import { linesOf, parse, withLines } from "./forge.ts";
import type { World } from "./world.ts";
import {
  createWorld,
  entryWith,
  newEntry,
  nodeCrypto,
  openIn,
  publicKeyOf,
  SCOPE,
  valueOf,
  WORKSPACE,
} from "./world.ts";

const verified = async (world: World, held: readonly string[] = []): Promise<LedgerReport> => {
  const source = ledgerSourceOf(world.disk.image, world.disk.anchors, held);
  return valueOf(
    await verifyLedger(source, nodeCrypto, await publicKeyOf(world), new AbortController().signal),
  );
};

const entriesOf = async (world: World): Promise<readonly ShownEntry[]> => {
  const { store } = world.disk.process();
  const reader = createLedgerReader({ store, crypto: nodeCrypto, keys: world.keys }, []);
  const found: ShownEntry[] = [];
  for await (const bunch of reader.entries({}, new AbortController().signal)) found.push(...valueOf(bunch));
  return found;
};

const typesOf = async (world: World): Promise<(string | undefined)[]> =>
  (await entriesOf(world)).map(({ entry }) => entry?.type);

describe("appending", () => {
  test("keeps the order of the calls and says where each entry stands", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    const recorded = await Promise.all(
      Array.from({ length: 50 }, (_, index) => ledger.append(newEntry({ input: index }))),
    );
    expect(recorded.map((one) => valueOf(one).position.seq)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 3),
    );
    const entries = await entriesOf(world);
    for (const [index, one] of recorded.entries()) {
      const { id, position, wallMs } = valueOf(one);
      expect(entries[position.seq]?.entry).toMatchObject({
        id,
        input: index,
        seq: position.seq,
        time: { wallMs },
      });
    }
    await ledger.close();
  });

  test("puts what comes in one turn under one signature, and a lone entry under its own", async () => {
    verifies("ledger.signatures");
    const world = createWorld();
    const { ledger } = await world.open();
    await Promise.all([ledger.append(newEntry()), ledger.append(newEntry()), ledger.append(newEntry())]);
    await ledger.append(newEntry());
    await ledger.close();
    const decided = "action.decided";
    expect(await typesOf(world)).toEqual([
      "key.certified",
      "log.opened",
      "log.committed",
      decided,
      decided,
      decided,
      "log.committed",
      decided,
      "log.committed",
    ]);
  });

  test("puts what comes while a group is written into the next group", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    const first = ledger.append(newEntry());
    const later = Promise.resolve().then(() =>
      Promise.all([ledger.append(newEntry()), ledger.append(newEntry())]),
    );
    await Promise.all([first, later]);
    await ledger.close();
    const types = await typesOf(world);
    expect(types.slice(3)).toEqual([
      "action.decided",
      "log.committed",
      "action.decided",
      "action.decided",
      "log.committed",
    ]);
  });

  test("records the wall clock as it is, also back, and a monotonic time that never falls", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    const times: number[] = [];
    for (const move of [0, -86_400_000, 5, -1_000]) {
      world.clock.moveWall(move);
      times.push(valueOf(await ledger.append(newEntry())).wallMs);
    }
    await ledger.close();
    expect(times[1]).toBeLessThan(times[0] ?? 0);
    const monotonic = (await entriesOf(world)).map(({ entry }) => entry?.time.monotonicMs ?? -1);
    expect(monotonic).toEqual([...monotonic].sort((left, right) => left - right));
    expect((await verified(world)).level).toBe("since-local-anchor");
  });

  test("of more than may wait is refused whole, and goes on afterwards", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    const all = await Promise.all(
      Array.from({ length: PENDING_ENTRIES_MAX + 5 }, () => ledger.append(newEntry({ public: {} }))),
    );
    const refused = all.filter((one) => !one.ok);
    expect(refused).toHaveLength(5);
    expect(refused[0]).toMatchObject({ fault: { code: "LEDGER_BUSY", retryable: true } });
    expect(await ledger.append(newEntry())).toMatchObject({ ok: true });
    await ledger.close();
    expect((await verified(world)).logs[0]).toMatchObject({ faultsTotal: 0 });
  });

  test.each<[string, JsonValue, string]>([
    ["a public field longer than a line", "x".repeat(1024 * 1024), "public"],
    ["characters that take three bytes each", "€".repeat(400_000), "public"],
    ["public fields nested too deep", nested(63), "public"],
    ["content longer than a part", "x".repeat(16 * 1024 * 1024), "content"],
    ["content nested too deep", nested(65), "content"],
  ])("refuses %s, and only that", async (_what, value, where) => {
    const world = createWorld();
    const { ledger } = await world.open();
    valueOf(await ledger.openScope(SCOPE));
    const entry = where === "public" ? newEntry({ public: { value } }) : entryWith(value);
    expect(await ledger.append(entry)).toMatchObject({ ok: false, fault: { code: "LEDGER_TOO_LARGE" } });
    expect(await ledger.append(newEntry())).toMatchObject({ ok: true });
    await ledger.close();
    expect((await verified(world)).faultsTotal).toBe(0);
  });

  test("takes content and fields up to the limits, and they verify", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    valueOf(await ledger.openScope(SCOPE));
    valueOf(await ledger.append(entryWith("x".repeat(16 * 1024 * 1024 - 2))));
    valueOf(await ledger.append(newEntry({ public: { value: nested(62), text: "x".repeat(1_000_000) } })));
    valueOf(await ledger.append(entryWith(nested(64))));
    await ledger.close();
    expect((await verified(world)).faultsTotal).toBe(0);
  });

  test("refuses an entry whose parts together are too long", async () => {
    const { ledger } = await createWorld().open();
    valueOf(await ledger.openScope(SCOPE));
    const content = ["a", "b", "c"].map((name) => ({
      scope: SCOPE,
      name,
      value: "x".repeat(12 * 1024 * 1024),
    }));
    expect(await ledger.append(newEntry({ content }))).toMatchObject({ fault: { code: "LEDGER_TOO_LARGE" } });
    const many = Array.from({ length: 65 }, (_, index) => ({ scope: SCOPE, name: `n${index}`, value: 1 }));
    expect(await ledger.append(newEntry({ content: many }))).toMatchObject({
      fault: { code: "LEDGER_TOO_LARGE" },
    });
    await ledger.close();
  });

  test("under a scope that is not open is refused, and only that", async () => {
    const { ledger } = await createWorld().open();
    expect(await ledger.append(entryWith("x"))).toMatchObject({
      ok: false,
      fault: { code: "LEDGER_NO_KEY" },
    });
    valueOf(await ledger.openScope(SCOPE));
    expect(await ledger.append(entryWith("x"))).toMatchObject({ ok: true });
    ledger.closeScope(SCOPE);
    expect(await ledger.append(entryWith("x"))).toMatchObject({
      ok: false,
      fault: { code: "LEDGER_NO_KEY" },
    });
    await ledger.close();
  });

  test.each([
    ["a structural type", newEntry({ type: "log.committed" })],
    [
      "two parts of one name",
      newEntry({ content: [1, 2].map((value) => ({ scope: SCOPE, name: "a", value })) }),
    ],
    ["a part without a proper name", newEntry({ content: [{ scope: SCOPE, name: "A b", value: 1 }] })],
    ["labels out of order", newEntry({ labels: ["b", "a"] })],
    ["nobody as principal", newEntry({ principal: "" })],
    ["half of a surrogate pair", newEntry({ public: { text: "\ud800" } })],
  ])("%s is a mistake of the caller", async (_what, entry) => {
    const world = createWorld();
    const { ledger } = await world.open();
    valueOf(await ledger.openScope(SCOPE));
    await expect(ledger.append(entry)).rejects.toMatchObject({ code: "KERNEL_INVARIANT" });
    expect(await ledger.append(newEntry())).toMatchObject({ ok: true });
    await ledger.close();
    expect((await verified(world)).faultsTotal).toBe(0);
  });

  test("after closing is refused; closing twice is harmless and commits what was under way", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    const last = ledger.append(newEntry());
    const closed = ledger.close();
    expect(await ledger.append(newEntry())).toMatchObject({ ok: false, fault: { code: "LEDGER_CLOSED" } });
    expect(await last).toMatchObject({ ok: true });
    expect([await closed, await ledger.close()]).toEqual([
      { ok: true, value: undefined },
      { ok: true, value: undefined },
    ]);
    expect(await typesOf(world)).toHaveLength(5);
  });
});

describe("logs and their writers", () => {
  test("two writers at once have a log each; the next one takes up a free one", async () => {
    verifies("ledger.beyond.per-writer-logs");
    const world = createWorld();
    const [first, second] = [await world.open(), await world.open()];
    expect(first.ledger.log).not.toBe(second.ledger.log);
    await first.ledger.append(newEntry());
    await second.ledger.append(newEntry());
    await first.ledger.close();
    const third = await world.open();
    expect(third.ledger.log).toBe(first.ledger.log);
    await second.ledger.close();
    await third.ledger.close();
    expect((await world.open()).ledger.log).toBe(second.ledger.log);
    const report = await verified(world, [second.ledger.log]);
    expect(report).toMatchObject({ level: "since-local-anchor", faultsTotal: 0 });
    expect(report.logs).toHaveLength(2);
  });

  test("a log remembers the others, so that one cannot be removed together with its anchor", async () => {
    verifies("ledger.beyond.per-writer-logs");
    const world = createWorld();
    const older = await world.open();
    await older.ledger.append(newEntry());
    const younger = await world.open();
    await older.ledger.close();
    await younger.ledger.close();
    expect((await verified(world)).faultsTotal).toBe(0);
    world.disk.image.delete(older.ledger.log);
    world.disk.anchors.delete(older.ledger.log);
    const { logs } = await verified(world);
    expect(logs.find(({ log }) => log === older.ledger.log)?.faults).toMatchObject([
      { kind: "truncated", index: 0 },
    ]);
  });

  test("a log remembers how long another was, and with which history", async () => {
    const world = createWorld();
    const older = await world.open();
    await older.ledger.append(newEntry());
    await older.ledger.append(newEntry());
    const younger = await world.open();
    await older.ledger.close();
    await younger.ledger.close();
    world.disk.anchors.clear();
    const files = world.disk.image.get(older.ledger.log) ?? new Map<string, Uint8Array>();
    world.disk.image.set(older.ledger.log, withLines(files, linesOf(files).slice(0, 5)));
    const cut = await verified(world);
    expect(cut.logs.flatMap(({ faults }) => faults)).toMatchObject([{ kind: "truncated", index: 5 }]);
  });

  test("a log of another workspace in the same folder is left alone", async () => {
    const world = createWorld();
    const other = createWorld(99);
    const elsewhere = "018bcfe5-6800-7000-8000-00000000b11c" as WorkspaceId;
    const foreign = valueOf(
      await openLedger(other.start().deps, { workspace: elsewhere, software: "writ test" }),
    );
    await foreign.ledger.close();
    for (const [log, files] of other.disk.image) world.disk.image.set(log, files);
    const before = JSON.stringify(
      [...(other.disk.image.get(foreign.ledger.log) ?? [])].map(([name, bytes]) => [name, toHex(bytes)]),
    );
    const { ledger } = await world.open({ isShared: true });
    await ledger.append(newEntry());
    await ledger.close();
    expect(ledger.log).not.toBe(foreign.ledger.log);
    const after = JSON.stringify(
      [...(world.disk.image.get(foreign.ledger.log) ?? [])].map(([name, bytes]) => [name, toHex(bytes)]),
    );
    expect(after).toBe(before);
    const report = await verified(world);
    const kinds = new Map(report.logs.map(({ log, faults }) => [log, faults[0]?.kind]));
    expect(kinds).toEqual(
      new Map([
        [ledger.log, undefined],
        [foreign.ledger.log, "foreign"],
      ]),
    );
  });

  test("a retired log is closed for good, its key is gone, and the next writer begins another", async () => {
    const world = createWorld();
    const first = await world.open();
    valueOf(await first.ledger.retire("moved"));
    expect(world.keys.names()).not.toContain(`writer.${first.ledger.log}`);
    const second = await world.open();
    expect(second.ledger.log).not.toBe(first.ledger.log);
    await second.ledger.close();
    const report = await verified(world);
    expect(report.logs.find(({ log }) => log === first.ledger.log)).toMatchObject({
      retired: true,
      faultsTotal: 0,
    });
  });

  test("a log that grew large retires when it is closed", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    for (let index = 0; index < 35; index += 1) {
      valueOf(await ledger.append(newEntry({ public: { text: "x".repeat(1_000_000) } })));
    }
    valueOf(await ledger.close());
    expect((await verified(world)).logs[0]).toMatchObject({ retired: true, faultsTotal: 0, segments: 3 });
    expect((await world.open()).ledger.log).not.toBe(ledger.log);
  });

  test("segments follow each other without a break in chain, tree or content", async () => {
    const world = createWorld();
    const { ledger } = await world.open({ segmentBytesMax: 2_000 });
    valueOf(await ledger.openScope(SCOPE));
    for (let index = 0; index < 20; index += 1) valueOf(await ledger.append(entryWith({ index })));
    await ledger.close();
    const again = await world.open({ segmentBytesMax: 2_000 });
    valueOf(await again.ledger.append(newEntry()));
    await again.ledger.close();
    const report = await verified(world);
    expect(report).toMatchObject({ faultsTotal: 0, level: "since-local-anchor" });
    expect(report.logs[0]?.segments).toBeGreaterThan(8);
  });
});

describe("keys", () => {
  test("a rotated key signs from then on, also in the next process; the old one is revoked with a reason", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    const before = valueOf(await world.keys.read(`writer.${ledger.log}`));
    valueOf(await ledger.rotateKey({ reason: "a laptop was lost" }));
    valueOf(await ledger.append(newEntry()));
    valueOf(await ledger.rotateKey());
    await ledger.close();
    expect(valueOf(await world.keys.read(`writer.${ledger.log}`))).not.toEqual(before);
    expect(world.keys.names()).not.toContain(`writer.${ledger.log}.next`);
    const next = await world.open();
    expect(next.ledger.log).toBe(ledger.log);
    valueOf(await next.ledger.append(newEntry()));
    await next.ledger.close();
    expect(await typesOf(world)).toEqual(expect.arrayContaining(["key.rotated", "key.revoked"]));
    const writers = new Set((await entriesOf(world)).map(({ entry }) => entry?.writer));
    expect(writers.size).toBe(3);
    expect((await verified(world)).faultsTotal).toBe(0);
  });

  test("no secret is in the ledger, the anchors or a fault", async () => {
    verifies("gate.beyond.secrets-stay-out");
    const world = createWorld();
    const { ledger } = await world.open();
    valueOf(await ledger.openScope(SCOPE));
    valueOf(await ledger.append(entryWith("plain words that are sealed")));
    valueOf(await ledger.rotateKey());
    const faults = [await ledger.append(entryWith("x".repeat(17 * 1024 * 1024)))];
    await ledger.close();
    const stored = [...world.disk.image.values()].flatMap((files) => [...files.values()]);
    const everything = Buffer.concat([
      ...stored,
      ...world.disk.anchors.values(),
      Buffer.from(JSON.stringify(faults)),
    ]);
    for (const name of world.keys.names()) {
      const secret = Buffer.from(valueOf(await world.keys.read(name)) ?? []);
      expect(everything.includes(secret)).toBe(false);
      expect(everything.includes(secret.toString("hex"))).toBe(false);
      expect(everything.includes(secret.toString("base64"))).toBe(false);
    }
    expect(everything.includes("plain words")).toBe(false);
  });

  test("a log of ours that is gone while its anchor stands is not passed over", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    await ledger.close();
    world.disk.image.delete(ledger.log);
    const refused = await openIn(world.start().deps);
    expect(refused).toMatchObject({
      fault: { code: "LEDGER_TAMPERED", help: expect.stringContaining(`writer.${ledger.log}`) },
    });
    expect(world.disk.image.size).toBe(0);
    // What the help says: whoever takes the key away too knows what they do.
    await world.keys.destroy(`writer.${ledger.log}`);
    expect(await openIn(world.start().deps)).toMatchObject({ ok: true });
  });

  test("a retired log that was taken away does not stop the next", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    await ledger.retire("full");
    world.disk.image.delete(ledger.log);
    expect(await openIn(world.start().deps)).toMatchObject({ ok: true });
  });

  test("a log that is gone with its workspace's key gets no new one", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    await ledger.close();
    world.disk.image.delete(ledger.log);
    await world.keys.destroy(`workspace.${WORKSPACE}`);
    expect(await openIn(world.start().deps)).toMatchObject({ fault: { code: "LEDGER_TAMPERED" } });
    expect(world.keys.names()).not.toContain(`workspace.${WORKSPACE}`);
  });

  test.each([
    { left: "with their anchors", isShared: false, anchors: true, retire: false },
    { left: "alone", isShared: false, anchors: false, retire: false },
    { left: "alone, retired", isShared: false, anchors: false, retire: true },
    { left: "in a shared folder with their anchors", isShared: true, anchors: true, retire: false },
    { left: "in a shared folder alone", isShared: true, anchors: false, retire: false },
  ])("all keys that are gone are not replaced while logs are left $left", async (left) => {
    const world = createWorld();
    const { ledger } = await world.open();
    await (left.retire ? ledger.retire("full") : ledger.close());
    for (const name of world.keys.names()) await world.keys.destroy(name);
    if (!left.anchors) world.disk.anchors.clear();
    expect(await openIn(world.start().deps, { isShared: left.isShared })).toMatchObject({
      fault: { code: "LEDGER_NO_KEY", message: expect.stringContaining(ledger.log) },
    });
    expect(world.keys.names()).toEqual([]);
  });

  test.each([0, 1])(
    "a beginning that ends at write %i leaves no key of a log that was anchored",
    async (at) => {
      const world = createWorld();
      const died = await openIn(
        world.start((call) => (call === at ? { kind: "crash", bytes: 0 } : undefined)).deps,
      );
      expect(died.ok).toBe(false);
      const keys = (): readonly string[] => world.keys.names().filter((name) => name.startsWith("writer."));
      expect(keys()).toEqual([expect.stringMatching(/\.next$/)]);
      const { ledger } = await world.open();
      expect(keys()).toEqual([`writer.${ledger.log}`]);
      expect((await verified(world)).faultsTotal).toBe(0);
    },
  );

  test("a key of a log that is not in this ledger is left to it: it may have been begun in another place", async () => {
    const world = createWorld();
    const died = await openIn(
      world.start((call) => (call === 1 ? { kind: "crash", bytes: 0 } : undefined)).deps,
    );
    expect(died.ok).toBe(false);
    const next = world.keys.names().find((name) => name.endsWith(".next")) ?? "";

    const { store, anchors } = createFakeDisk().process();
    const elsewhere = valueOf(await openIn({ ...world.start().deps, store, anchors }));
    await elsewhere.ledger.close();
    expect(world.keys.names()).toContain(next);

    const { ledger } = await world.open();
    expect(next).toBe(`writer.${ledger.log}.next`);
    expect((await verified(world)).faultsTotal).toBe(0);
  });

  test("a log that cannot be begun leaves no key behind", async () => {
    const world = createWorld();
    const { deps } = world.start();
    const full = failed(fault("LEDGER_DISK_FULL", "no room"));
    const created: string[] = [];
    const keys: typeof deps.keys = {
      ...deps.keys,
      create: (name, secret) => {
        created.push(name);
        return deps.keys.create(name, secret);
      },
    };
    const store: typeof deps.store = { ...deps.store, acquire: async () => full };
    expect(await openIn({ ...deps, store, keys })).toMatchObject({ fault: { code: "LEDGER_DISK_FULL" } });
    const ofLog = created.filter((name) => name.startsWith("writer."));
    expect(ofLog).toHaveLength(1);
    for (const name of ofLog) expect(await deps.keys.read(name)).toMatchObject({ ok: true, value: null });
  });

  test("a disk that stays full before the first anchor does not make the log look changed", async () => {
    const world = createWorld();
    for (let round = 0; round < 4; round += 1) {
      const { deps, process } = world.start((call) =>
        call === 1 ? { kind: "disk-full", bytes: 0 } : undefined,
      );
      expect(await openIn(deps)).toMatchObject({ fault: { code: "LEDGER_DISK_FULL" } });
      process.kill();
    }
    const { ledger } = await world.open();
    await ledger.close();
    expect((await verified(world)).faultsTotal).toBe(0);
  });

  test("a damaged or missing writer key does not let another take its place", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    await ledger.close();
    await world.keys.destroy(`writer.${ledger.log}`);
    const next = await world.open();
    expect(next.ledger.log).not.toBe(ledger.log);
    await next.ledger.close();
    await world.keys.destroy(`writer.${next.ledger.log}`);
    await world.keys.create(`writer.${next.ledger.log}`, new Uint8Array(31));
    expect(await openIn(world.start().deps)).toMatchObject({ fault: { code: "LEDGER_NO_KEY" } });
  });
});

describe("content", () => {
  const contentOf = async (world: World): Promise<unknown[]> => {
    const { store } = world.disk.process();
    const reader = createLedgerReader({ store, crypto: nodeCrypto, keys: world.keys }, []);
    const found: unknown[] = [];
    for (const shown of await entriesOf(world)) {
      for (const { name } of shown.entry?.content ?? [])
        found.push(valueOf(await reader.content(shown, name)));
    }
    return found;
  };

  test("is read back in another process, across scopes, entries and segments", async () => {
    const world = createWorld();
    const other = "018bcfe5-6802-7000-8000-0000000000ff" as ScopeId;
    const { ledger } = await world.open({ segmentBytesMax: 3_000 });
    valueOf(await ledger.openScope(SCOPE));
    valueOf(await ledger.openScope(other));
    for (let index = 0; index < 6; index += 1) {
      const content = [
        { scope: SCOPE, name: "arguments", value: { index } },
        { scope: other, name: "result", value: "x".repeat(index * 100) },
      ];
      valueOf(await ledger.append(newEntry({ content })));
    }
    await ledger.close();
    expect(await contentOf(world)).toEqual(
      [0, 1, 2, 3, 4, 5].flatMap((index) => [
        { state: "open", value: { index } },
        { state: "open", value: "x".repeat(index * 100) },
      ]),
    );
  });

  test("of an erased scope is gone for good, the chain still verifies, and the erasure is on record", async () => {
    verifies("ledger.beyond.erasable");
    const world = createWorld();
    const { ledger } = await world.open();
    valueOf(await ledger.openScope(SCOPE));
    for (const value of ["one", "two"]) valueOf(await ledger.append(entryWith(value)));
    const erasure = { scope: SCOPE, principal: 'User::"ada"', by: "ada", reason: "USER_REQUEST" };
    valueOf(await ledger.eraseScope(erasure));
    expect(await contentOf(world)).toEqual([{ state: "erased" }, { state: "erased" }]);
    expect(world.keys.names()).not.toContain(`scope.${SCOPE}`);
    expect(await ledger.append(entryWith("three"))).toMatchObject({ fault: { code: "LEDGER_NO_KEY" } });
    expect(await ledger.openScope(SCOPE)).toMatchObject({ fault: { code: "LEDGER_NO_KEY" } });
    expect(valueOf(await ledger.eraseScope(erasure))).toMatchObject({ position: { log: ledger.log } });
    await ledger.close();
    const erased = (await entriesOf(world)).find(({ entry }) => entry?.type === "content.erased");
    expect(erased?.entry?.public).toEqual({ scope: SCOPE, entries: 2, by: "ada", reason: "USER_REQUEST" });
    expect((await verified(world)).level).toBe("since-local-anchor");
  });

  test("an erasure that was recorded before the process ended is finished by the next one", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    valueOf(await ledger.openScope(SCOPE));
    valueOf(await ledger.append(entryWith("secret")));
    const public_ = { scope: SCOPE, entries: 1, by: "ada", reason: "USER_REQUEST" };
    valueOf(await ledger.append(newEntry({ type: "content.erased", run: null, public: public_ })));
    await ledger.close();
    expect(world.keys.names()).toContain(`scope.${SCOPE}`);
    await (await world.open()).ledger.close();
    expect(world.keys.names()).not.toContain(`scope.${SCOPE}`);
  });

  test("a forged erasure behind the last commit destroys no key", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    valueOf(await ledger.openScope(SCOPE));
    valueOf(await ledger.append(entryWith("secret")));
    await ledger.close();
    const files = world.disk.image.get(ledger.log) ?? new Map<string, Uint8Array>();
    const lines = linesOf(files);
    const forged = {
      ...parse(lines[3]?.text ?? ""),
      type: "content.erased",
      seq: lines.length,
      content: [],
      public: { scope: SCOPE },
    };
    world.disk.image.set(
      ledger.log,
      withLines(files, [...lines, { file: "000001.jsonl", text: JSON.stringify(forged) }]),
    );
    const next = await world.open();
    expect(next.setAside).toHaveLength(1);
    await next.ledger.close();
    expect(world.keys.names()).toContain(`scope.${SCOPE}`);
  });
});

describe("artefacts", () => {
  test("are kept by their keyed digest, once, and found from another log", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    valueOf(await ledger.openScope(SCOPE));
    const bytes = new TextEncoder().encode("a file of a run");
    const digest = valueOf(await ledger.artefacts.put(SCOPE, bytes));
    expect(valueOf(await ledger.artefacts.put(SCOPE, bytes))).toBe(digest);
    expect(digest).not.toBe(toHex(nodeCrypto.sha256(bytes)));
    const second = await world.open();
    expect(valueOf(await second.ledger.artefacts.get(SCOPE, digest))).toEqual(bytes);
    await ledger.close();
    expect(valueOf(await second.ledger.artefacts.get(SCOPE, digest))).toEqual(bytes);
    await second.ledger.close();
    expect((await verified(world)).faultsTotal).toBe(0);
  });

  test("that are nowhere, were changed, are too long or belong to an erased scope are faults", async () => {
    const world = createWorld();
    const { ledger } = await world.open();
    expect(await ledger.artefacts.put(SCOPE, new Uint8Array(1))).toMatchObject({
      fault: { code: "LEDGER_NO_KEY" },
    });
    valueOf(await ledger.openScope(SCOPE));
    const digest = valueOf(await ledger.artefacts.put(SCOPE, new Uint8Array(9)));
    const files = world.disk.image.get(ledger.log) ?? new Map<string, Uint8Array>();
    const name = `artefacts/${SCOPE}.${digest}`;
    const sealed = files.get(name) ?? new Uint8Array();
    files.set(name, sealed.with(0, (sealed[0] ?? 0) ^ 1));
    expect(await ledger.artefacts.get(SCOPE, digest)).toMatchObject({ fault: { code: "LEDGER_TAMPERED" } });
    files.delete(name);
    expect(await ledger.artefacts.get(SCOPE, digest)).toMatchObject({ fault: { code: "LEDGER_UNREADABLE" } });
    const long = new Uint8Array(64 * 1024 * 1024 + 1);
    expect(await ledger.artefacts.put(SCOPE, long)).toMatchObject({ fault: { code: "LEDGER_TOO_LARGE" } });
    valueOf(
      await ledger.eraseScope({ scope: SCOPE, principal: 'User::"ada"', by: "ada", reason: "USER_REQUEST" }),
    );
    expect(await ledger.artefacts.get(SCOPE, digest)).toMatchObject({ fault: { code: "LEDGER_NO_KEY" } });
    await ledger.close();
    expect(await ledger.artefacts.put(SCOPE, new Uint8Array(9))).toMatchObject({ ok: false });
  });
});

/** `levels` arrays, one in the other. */
function nested(levels: number): JsonValue {
  let value: JsonValue = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

test("an anchor store that breaks its promise is a fault of the ledger, and the log is free again", async () => {
  const world = createWorld();
  const { deps } = world.start();
  const { ledger } = valueOf(await openIn(deps));
  deps.anchors.replace = () => Promise.reject(new Error("no such method"));
  valueOf(await ledger.append(newEntry()));
  const refused = { ok: false, fault: { code: "LEDGER_UNREADABLE" } };
  expect(await ledger.close()).toMatchObject(refused);
  expect(await ledger.append(newEntry())).toMatchObject(refused);
  expect((await world.open()).ledger.log).toBe(ledger.log);
});

test("a log whose opening was broken off by a mistake of ours is free for the next writer", async () => {
  const world = createWorld();
  const { ledger } = await world.open();
  await ledger.close();
  const { deps } = world.start();
  const store = { ...deps.store, files: () => Promise.reject(new Error("no such method")) };
  await expect(openIn({ ...deps, store })).rejects.toThrow("no such method");
  expect(valueOf(await openIn(deps)).ledger.log).toBe(ledger.log);
});
