import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
} from "node:fs";
import { rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createKeyFiles } from "#adapters/keystore/key-files.ts";
import { keyStoreContract } from "#test/contracts/key-store.ts";
import { createFakeKeyStore } from "#test/kit/key-store-fake.ts";

const top = mkdtempSync(join(tmpdir(), "writ-keys-"));
afterAll(() => {
  rmSync(top, { recursive: true, force: true });
});
let folders = 0;
const freshFolder = (): string => {
  folders += 1;
  return join(top, String(folders), "keys");
};

keyStoreContract("files", async () => {
  const folder = freshFolder();
  return { store: createKeyFiles(folder), reopen: () => createKeyFiles(folder) };
});
keyStoreContract("the fake", async () => {
  const store = createFakeKeyStore();
  return { store, reopen: () => store };
});

describe("key files", () => {
  const secret = new Uint8Array(32).fill(5);
  const made = async (): Promise<{ folder: string; path: string }> => {
    const folder = freshFolder();
    expect(await createKeyFiles(folder).create("writer", secret)).toMatchObject({ ok: true });
    return { folder, path: join(folder, "writer") };
  };
  const modeOf = (path: string): number => statSync(path).mode & 0o777;

  test("folder and file are open to nobody else, and nothing else is left behind", async () => {
    const { folder, path } = await made();
    expect([modeOf(folder), modeOf(path)]).toEqual([0o700, 0o600]);
    expect(readdirSync(folder)).toEqual(["writer"]);
  });

  test.each([0o640, 0o604, 0o660, 0o644, 0o610, 0o601])("a secret of mode %o is refused", async (mode) => {
    const { folder, path } = await made();
    chmodSync(path, mode);
    const read = await createKeyFiles(folder).read("writer");
    expect(read).toMatchObject({ ok: false, fault: { code: "KEYSTORE_EXPOSED", retryable: false } });
    expect(readFileSync(path)).toEqual(Buffer.from(secret));
  });

  test.each([0o750, 0o705, 0o755, 0o777])("a folder of mode %o is refused", async (mode) => {
    const { folder } = await made();
    chmodSync(folder, mode);
    const store = createKeyFiles(folder);
    const exposed = { ok: false, fault: { code: "KEYSTORE_EXPOSED" } };
    expect(await store.read("writer")).toMatchObject(exposed);
    expect(await store.create("another", secret)).toMatchObject(exposed);
    expect(existsSync(join(folder, "another"))).toBe(false);
  });

  test.runIf(process.getuid?.() === 0)(
    "what belongs to another user is refused, with its command",
    async () => {
      const { folder, path } = await made();
      for (const place of [path, folder]) {
        chownSync(place, 65_534, 65_534);
        expect(await createKeyFiles(folder).read("writer")).toMatchObject({
          fault: {
            message: `\`${place}\` belongs to another user (65534), so its secrets count as known`,
            help: expect.stringContaining('`chown -R "$(id -u)"`'),
          },
        });
        chownSync(place, 0, 0);
      }
    },
  );

  test("a link, a folder or a file in the place of a secret or of the folder is refused", async () => {
    const { folder, path } = await made();
    symlinkSync(path, join(folder, "linked"));
    mkdirSync(join(folder, "nested"), { mode: 0o700 });
    const store = createKeyFiles(folder);
    expect(await store.read("linked")).toMatchObject({ ok: false, fault: { code: "KEYSTORE_EXPOSED" } });
    expect(await store.read("nested")).toMatchObject({ ok: false });
    const file = join(top, "a-file");
    writeFileSync(file, "");
    const linked = join(top, "linked-folder");
    symlinkSync(folder, linked);
    for (const place of [file, linked]) {
      expect(await createKeyFiles(place).read("writer")).toMatchObject({
        ok: false,
        fault: { code: "KEYSTORE_EXPOSED" },
      });
    }
  });

  test("destroying empties the file itself, whatever other names it has", async () => {
    const { folder, path } = await made();
    const other = join(top, "other-name");
    linkSync(path, other);
    expect(await createKeyFiles(folder).destroy("writer")).toMatchObject({ ok: true });
    expect(readFileSync(other)).toEqual(Buffer.alloc(32));
    expect(existsSync(path)).toBe(false);
  });

  test("a file that is too long is no secret", async () => {
    const { folder } = await made();
    writeFileSync(join(folder, "long"), new Uint8Array(4097), { mode: 0o600 });
    expect(await createKeyFiles(folder).read("long")).toMatchObject({
      ok: false,
      fault: { code: "KEYSTORE_UNREADABLE" },
    });
  });

  test("a folder that cannot be made is a fault that says so", async () => {
    writeFileSync(join(top, "in-the-way"), "");
    const store = createKeyFiles(join(top, "in-the-way", "keys"));
    expect(await store.create("writer", secret)).toMatchObject({
      ok: false,
      fault: { code: "KEYSTORE_UNREADABLE" },
    });
  });

  test("no fault names what is in a secret", async () => {
    const { folder, path } = await made();
    chmodSync(path, 0o644);
    const read = await createKeyFiles(folder).read("writer");
    expect(JSON.stringify(read)).not.toContain("0505");
    expect(JSON.stringify(read)).not.toContain("5,5");
  });

  test.each(["", "..", "a/b", "A", ".hidden", "a b", "a".repeat(101)])("`%s` is not a name", async (name) => {
    await expect(createKeyFiles(freshFolder()).read(name)).rejects.toMatchObject({
      code: "KERNEL_INVARIANT",
    });
  });
});
