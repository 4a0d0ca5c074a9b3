import { describe, expect, test } from "vitest";
import type { KeyStore } from "#ports/key-store.ts";

/** The behaviour that every KeyStore has. `reopen` gives another store over the same secrets. */
export const keyStoreContract = (
  name: string,
  create: () => Promise<{ readonly store: KeyStore; readonly reopen: () => KeyStore }>,
): void => {
  const secret = Uint8Array.from({ length: 32 }, (_, index) => index);

  describe(`${name} as a KeyStore`, () => {
    test("a name without a secret reads as null", async () => {
      const { store } = await create();
      expect(await store.read("workspace")).toEqual({ ok: true, value: null });
    });

    test("what was created is read, also by another store", async () => {
      const { store, reopen } = await create();
      expect(await store.create("writer.a-1", secret)).toEqual({ ok: true, value: undefined });
      expect(await store.read("writer.a-1")).toEqual({ ok: true, value: secret });
      expect(await reopen().read("writer.a-1")).toEqual({ ok: true, value: secret });
    });

    test("an existing secret is never replaced", async () => {
      const { store } = await create();
      await store.create("workspace", secret);
      const again = await store.create("workspace", new Uint8Array(32));
      expect(again).toMatchObject({ ok: false, fault: { code: "KEYSTORE_EXISTS" } });
      expect(await store.read("workspace")).toEqual({ ok: true, value: secret });
    });

    test("of several that create one name at once exactly one succeeds", async () => {
      const { store } = await create();
      const made = await Promise.all(
        [1, 2, 3, 4].map((fill) => store.create("workspace", new Uint8Array(32).fill(fill))),
      );
      expect(made.filter((one) => one.ok)).toHaveLength(1);
      const kept = await store.read("workspace");
      const winner = made.findIndex((one) => one.ok) + 1;
      expect(kept).toEqual({ ok: true, value: new Uint8Array(32).fill(winner) });
    });

    test("a destroyed secret is gone, and its name is free", async () => {
      const { store, reopen } = await create();
      await store.create("scope", secret);
      expect(await store.destroy("scope")).toEqual({ ok: true, value: undefined });
      expect(await store.read("scope")).toEqual({ ok: true, value: null });
      expect(await reopen().read("scope")).toEqual({ ok: true, value: null });
      expect(await store.create("scope", secret)).toMatchObject({ ok: true });
    });

    test("destroying what is not there is no error", async () => {
      const { store } = await create();
      expect(await store.destroy("scope")).toEqual({ ok: true, value: undefined });
    });

    test("one secret does not touch another", async () => {
      const { store } = await create();
      await store.create("a", secret);
      await store.create("b", new Uint8Array(1));
      await store.destroy("a");
      expect(await store.read("b")).toEqual({ ok: true, value: new Uint8Array(1) });
    });

    test("a secret has up to 4096 bytes", async () => {
      const { store } = await create();
      const long = new Uint8Array(4096).fill(9);
      await store.create("long", long);
      expect(await store.read("long")).toEqual({ ok: true, value: long });
    });

    test("what is handed out is a copy", async () => {
      const { store } = await create();
      await store.create("a", secret);
      const first = await store.read("a");
      if (first.ok) first.value?.fill(0);
      expect(await store.read("a")).toEqual({ ok: true, value: secret });
    });
  });
};
