import { afterEach, describe, expect, test } from "vitest";
import { utf8, utf8Text } from "#kernel/bytes.ts";
import type { LogId } from "#kernel/ids.ts";
import { isId } from "#kernel/ids.ts";
import type { AnchorStore, LedgerStore, LogHold } from "#ports/ledger.ts";

const id = (text: string): LogId => {
  if (!isId<"log">(text)) throw new Error(`${text} is no id`);
  return text;
};
const FIRST = id("01890000-0000-7000-8000-000000000001");
const SECOND = id("01890000-0000-7000-8000-000000000002");
const LINES = "000001.jsonl";
const MISSING = { ok: true, value: new Uint8Array() };

/** The behaviour that every LedgerStore has. `reopen` gives another store over the same place. */
export const ledgerStoreContract = (
  name: string,
  create: () => Promise<{ readonly store: LedgerStore; readonly reopen: () => LedgerStore }>,
): void => {
  const holds: LogHold[] = [];
  const held = async (store: LedgerStore, log = FIRST): Promise<LogHold> => {
    const hold = await store.acquire(log, { create: true });
    if (!hold.ok) throw new Error(hold.fault.message);
    holds.push(hold.value);
    return hold.value;
  };
  const text = async (store: LedgerStore, file: string, offset = 0, bytesMax = 1000): Promise<string> => {
    const read = await store.read(FIRST, file, offset, bytesMax);
    if (!read.ok) throw new Error(read.fault.message);
    return utf8Text(read.value) ?? "not text";
  };

  describe(`${name} as a LedgerStore`, () => {
    afterEach(async () => {
      for (const hold of holds.splice(0)) await hold.release();
    });

    test("a place where nothing was written has no logs", async () => {
      const { store } = await create();
      expect(await store.logs()).toEqual({ ok: true, value: [] });
    });

    test("logs are listed in order once they were acquired", async () => {
      const { store } = await create();
      await held(store, SECOND);
      await held(store, FIRST);
      expect(await store.logs()).toEqual({ ok: true, value: [FIRST, SECOND] });
    });

    test("a log that is not there is acquired only with create", async () => {
      const { store } = await create();
      expect(await store.acquire(FIRST, { create: false })).toMatchObject({
        ok: false,
        fault: { code: "LEDGER_UNREADABLE" },
      });
      expect(await store.logs()).toEqual({ ok: true, value: [] });
    });

    test("what was appended is read, by another store as well", async () => {
      const { store, reopen } = await create();
      const hold = await held(store);
      await hold.append(LINES, utf8("one\n"));
      await hold.append(LINES, utf8("two\n"));
      expect(await text(store, LINES)).toBe("one\ntwo\n");
      expect(await text(reopen(), LINES)).toBe("one\ntwo\n");
    });

    test("reading takes any stretch and stops at the end", async () => {
      const { store } = await create();
      await (await held(store)).append(LINES, utf8("0123456789"));
      expect(await text(store, LINES, 3, 4)).toBe("3456");
      expect(await text(store, LINES, 8, 100)).toBe("89");
      expect(await text(store, LINES, 10, 100)).toBe("");
      expect(await text(store, LINES, 99, 100)).toBe("");
      expect(await text(store, LINES, 0, 0)).toBe("");
    });

    test("a file or log that does not exist has no bytes", async () => {
      const { store } = await create();
      await held(store);
      expect(await store.read(FIRST, "000009.jsonl", 0, 10)).toEqual(MISSING);
      expect(await store.read(SECOND, LINES, 0, 10)).toEqual(MISSING);
    });

    test("segments and aside files are listed with sizes in order, artefacts are not", async () => {
      const { store } = await create();
      const hold = await held(store);
      await hold.append("000002.jsonl", utf8("ab"));
      await hold.append(LINES, utf8("abc"));
      await hold.append("000001.content", utf8("x"));
      await hold.create("artefacts/a.b", utf8("sealed"));
      await hold.setAside(LINES, 1, "000001.jsonl.0-1.aside");
      expect(await store.files(FIRST)).toEqual({
        ok: true,
        value: [
          { name: "000001.content", sizeBytes: 1 },
          { name: "000001.jsonl", sizeBytes: 1 },
          { name: "000001.jsonl.0-1.aside", sizeBytes: 2 },
          { name: "000002.jsonl", sizeBytes: 2 },
        ],
      });
    });

    test("setting aside keeps the rest and cuts the file; appending goes on behind the cut", async () => {
      const { store } = await create();
      const hold = await held(store);
      await hold.append(LINES, utf8("keep me, not me"));
      expect(await hold.setAside(LINES, 7, "000001.jsonl.1-1.aside")).toMatchObject({ ok: true });
      await hold.append(LINES, utf8("!"));
      expect(await text(store, LINES)).toBe("keep me!");
      expect(await text(store, "000001.jsonl.1-1.aside")).toBe(", not me");
    });

    test("setting aside everything leaves an empty file", async () => {
      const { store } = await create();
      const hold = await held(store);
      await hold.append(LINES, utf8("all"));
      await hold.setAside(LINES, 0, "000001.jsonl.0-1.aside");
      expect(await store.files(FIRST)).toMatchObject({ value: [{ name: LINES, sizeBytes: 0 }, {}] });
    });

    test("a created file is there whole, and creating it again changes nothing", async () => {
      const { store } = await create();
      const hold = await held(store);
      await hold.create("artefacts/a.b", utf8("first"));
      expect(await hold.create("artefacts/a.b", utf8("second"))).toMatchObject({ ok: true });
      expect(await text(store, "artefacts/a.b")).toBe("first");
    });

    test("files that are created at once are all there whole, also those of one name", async () => {
      const { store } = await create();
      const hold = await held(store);
      const names = Array.from({ length: 40 }, (_, n) => `artefacts/a.${n % 30}`);
      const made = await Promise.all(names.map((name) => hold.create(name, utf8(name))));
      expect(made.filter(({ ok }) => !ok)).toEqual([]);
      for (const name of names) expect(await text(store, name)).toBe(name);
    });

    test("a log has one holder at a time, in one store and across two", async () => {
      const { store, reopen } = await create();
      const hold = await held(store);
      const refused = { ok: false, fault: { code: "LEDGER_HELD" } };
      expect(await store.acquire(FIRST, { create: false })).toMatchObject(refused);
      expect(await reopen().acquire(FIRST, { create: true })).toMatchObject(refused);
      await hold.release();
      expect(await reopen().acquire(FIRST, { create: false })).toMatchObject({ ok: true });
    });

    test("nobody takes a new log from who creates it, however soon it is found", async () => {
      const { store, reopen } = await create();
      const other = reopen();
      for (let round = 0; round < 20; round += 1) {
        const log = id(`01890000-0000-7000-8000-${String(100 + round).padStart(12, "0")}`);
        const state = { isCreated: false };
        const creating = store.acquire(log, { create: true }).finally(() => {
          state.isCreated = true;
        });
        while (!state.isCreated) {
          const logs = await other.logs();
          if (!logs.ok || !logs.value.includes(log)) continue;
          expect(await other.acquire(log, { create: false })).toMatchObject({ ok: false });
        }
        const hold = await creating;
        expect(hold).toMatchObject({ ok: true });
        if (hold.ok) await hold.value.release();
      }
    });

    test("looking whether a log is held neither takes nor frees it", async () => {
      const { store, reopen } = await create();
      expect(await store.isHeld(FIRST)).toBe(false);
      const hold = await held(store);
      for (let round = 0; round < 3; round += 1) {
        expect(await store.isHeld(FIRST)).toBe(true);
        expect(await reopen().isHeld(FIRST)).toBe(true);
      }
      expect(await store.acquire(FIRST, { create: false })).toMatchObject({ ok: false });
      await hold.release();
      expect(await store.isHeld(FIRST)).toBe(false);
    });

    test("two logs are held apart", async () => {
      const { store } = await create();
      await held(store, FIRST);
      expect(await store.acquire(SECOND, { create: true })).toMatchObject({ ok: true });
    });

    test("a released hold writes nothing more, and releasing twice is harmless", async () => {
      const { store } = await create();
      const hold = await held(store);
      await hold.append(LINES, utf8("a"));
      await hold.release();
      await hold.release();
      const closed = { ok: false, fault: { code: "LEDGER_CLOSED" } };
      expect(await hold.append(LINES, utf8("b"))).toMatchObject(closed);
      expect(await hold.create("artefacts/a.b", utf8("b"))).toMatchObject(closed);
      expect(await text(store, LINES)).toBe("a");
    });

    test("appends of a megabyte arrive whole", async () => {
      const { store } = await create();
      const hold = await held(store);
      const bytes = new Uint8Array(1_000_000).map((_, index) => index % 251);
      await hold.append(LINES, bytes);
      await hold.append(LINES, bytes);
      const read = await store.read(FIRST, LINES, 1_000_000, 2_000_000);
      expect(read.ok && Buffer.compare(read.value, bytes)).toBe(0);
    });
  });
};

/** The behaviour that every AnchorStore has. */
export const anchorStoreContract = (name: string, create: () => Promise<AnchorStore>): void => {
  describe(`${name} as an AnchorStore`, () => {
    test("without anchors nothing is listed and a log has none", async () => {
      const anchors = await create();
      expect(await anchors.list()).toEqual({ ok: true, value: [] });
      expect(await anchors.read(FIRST)).toEqual({ ok: true, value: null });
    });

    test("the last note is kept, for each log its own", async () => {
      const anchors = await create();
      await anchors.replace(SECOND, utf8("of the second"));
      await anchors.replace(FIRST, utf8("a longer first note"));
      await anchors.replace(FIRST, utf8("short"));
      expect(await anchors.list()).toEqual({ ok: true, value: [FIRST, SECOND] });
      expect(await anchors.read(FIRST)).toEqual({ ok: true, value: utf8("short") });
      expect(await anchors.read(SECOND)).toEqual({ ok: true, value: utf8("of the second") });
    });
  });
};
