import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { createConsentFiles } from "#adapters/consent-files/consent-files.ts";
import type { ConsentStore } from "#ports/consent-store.ts";
import { consentOf, consentStoreContract } from "#test/contracts/consent-store.ts";
import { createConsentStoreFake } from "#test/kit/consent-store-fake.ts";

const made: string[] = [];

const freshDirectory = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "writ-consents-"));
  made.push(directory);
  return join(directory, "consents");
};

afterEach(async () => {
  for (const directory of made.splice(0)) await rm(directory, { recursive: true, force: true });
});

consentStoreContract("consent files", async () => createConsentFiles(await freshDirectory()));
consentStoreContract("the fake", async () => createConsentStoreFake());

/** A store with one consent, its folder and its file. */
const stored = async (): Promise<{
  store: ConsentStore;
  directory: string;
  folder: string;
  file: string;
}> => {
  const directory = await freshDirectory();
  const store = createConsentFiles(directory);
  await store.remember(consentOf("a"));
  const [name = ""] = await readdir(directory);
  const folder = join(directory, name);
  return { store, directory, folder, file: join(folder, `${"a".repeat(64)}.json`) };
};

const { principal } = consentOf("a");

describe("on disk", () => {
  test("a file in the place of a folder is named as what to move away", async () => {
    const directory = await freshDirectory();
    await writeFile(directory, "mine");
    const below = createConsentFiles(join(directory, "workspace"));
    expect(await below.of(principal)).toMatchObject({
      fault: {
        code: "CONSENT_UNREADABLE",
        message: expect.stringContaining("(ENOTDIR)"),
        help: expect.stringContaining("move it away"),
      },
    });
  });

  test("is this user's alone, and nothing is left beside it", async () => {
    const { directory, folder, file } = await stored();
    const modes = await Promise.all(
      [directory, folder, file].map(async (path) => (await stat(path)).mode & 0o777),
    );
    expect(modes).toEqual([0o700, 0o700, 0o600]);
    expect(await readdir(folder)).toEqual([`${"a".repeat(64)}.json`]);
  });

  test.each<[string, (file: string) => Promise<void>]>([
    ["cut", (file) => truncate(file, 20)],
    ["empty", (file) => truncate(file, 0)],
    ["no JSON", (file) => writeFile(file, "yes")],
    ["no UTF-8", (file) => writeFile(file, Uint8Array.of(0x22, 0xff, 0x22))],
    [
      "of another version",
      async (file) => writeFile(file, (await readFile(file, "utf8")).replaceAll('"v":1', '"v":2')),
    ],
    ["of other powers than its name", (file) => change(file, { digest: "b".repeat(64) })],
    ["of another principal", (file) => change(file, { principal: 'Agent::"evil"' })],
    ["with a field more", (file) => change(file, { extra: 1 })],
    ["enormous", (file) => truncate(file, 2 * 1024 * 1024)],
  ])("a consent that is %s is none", async (_, spoil) => {
    const { store, file } = await stored();
    await spoil(file);
    expect(await store.of(principal)).toEqual({ ok: true, value: [] });
  });

  test("a link in place of a consent is none", async () => {
    const { store, file } = await stored();
    const elsewhere = `${file}.elsewhere`;
    await writeFile(elsewhere, await readFile(file));
    await rm(file);
    await symlink(elsewhere, file);
    expect(await store.of(principal)).toEqual({ ok: true, value: [] });
  });

  test.each<[string, (paths: { directory: string; folder: string; file: string }) => string, number]>([
    ["the store", ({ directory }) => directory, 0o777],
    ["the principal's folder", ({ folder }) => folder, 0o720],
    ["a consent", ({ file }) => file, 0o602],
  ])("%s that others can write is a fault", async (_, which, mode) => {
    const paths = await stored();
    await chmod(which(paths), mode);
    expect(await paths.store.of(principal)).toMatchObject({ ok: false, fault: { code: "CONSENT_EXPOSED" } });
  });

  test("a store that is a file is a fault, for reading and for writing", async () => {
    const directory = await freshDirectory();
    await writeFile(directory, "");
    const store = createConsentFiles(directory);
    expect(await store.of(principal)).toMatchObject({ ok: false, fault: { code: "CONSENT_EXPOSED" } });
    expect(await store.remember(consentOf("a"))).toMatchObject({
      ok: false,
      fault: { code: "CONSENT_READ_ONLY" },
    });
  });
});

const change = async (file: string, changes: object): Promise<void> => {
  const consent = JSON.parse(await readFile(file, "utf8")) as object;
  await writeFile(file, JSON.stringify({ ...consent, ...changes }));
};
