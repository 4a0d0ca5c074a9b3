import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createModelKeys } from "#adapters/model-files/model-keys.ts";
import { readUserFile, USER_FILE_BYTES_MAX } from "#adapters/model-files/user-file.ts";
import { verifies } from "#test/kit/verifies.ts";

const OPENAI = "https://api.openai.com";
const LOCAL = "http://127.0.0.1:11434";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "writ-model-keys-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const fileOf = (text: string | Uint8Array, mode = 0o600): string => {
  files += 1;
  const path = join(folder, `${files}.json`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};

const keysIn = (file: string, variables: Record<string, string> = {}) =>
  createModelKeys({
    file,
    variables,
    bound: [
      { name: "WRIT_MODEL_KEY", origin: LOCAL },
      { name: "OPENAI_API_KEY", origin: OPENAI },
    ],
  });

const THREE = JSON.stringify({ [OPENAI]: "sk-1\n", [LOCAL]: "sk-2", "https://api.openai.com:8443": "sk-3" });

describe("a key is for one origin", () => {
  test.each([
    [OPENAI, "sk-1"],
    [LOCAL, "sk-2"],
    ["https://api.openai.com:8443", "sk-3"],
    ["http://api.openai.com", null],
    ["https://api.openai.com.example", null],
    ["https://openai.com", null],
    ["__proto__", null],
  ])("in the file: %s has %s", async (origin, key) => {
    expect(await keysIn(fileOf(THREE)).secretFor(origin)).toEqual({ ok: true, value: key });
  });

  test.each([
    [LOCAL, "sk-env"],
    [OPENAI, "sk-openai"],
    ["https://elsewhere.example", null],
  ])("in the environment: %s has %s", async (origin, key) => {
    verifies("models.openai.key");
    const variables = { WRIT_MODEL_KEY: "sk-env", OPENAI_API_KEY: " sk-openai\n" };
    const keys = keysIn(join(folder, "none.json"), variables);
    expect(await keys.secretFor(origin)).toEqual({ ok: true, value: key });
  });

  test("the environment wins where it says anything", async () => {
    const file = fileOf(THREE);
    expect(await keysIn(file, { OPENAI_API_KEY: "sk-env" }).secretFor(OPENAI)).toMatchObject({
      value: "sk-env",
    });
    expect(await keysIn(file, { OPENAI_API_KEY: "" }).secretFor(OPENAI)).toMatchObject({ value: "sk-1" });
  });
});

describe("a file of keys", () => {
  test.each([0o640, 0o604, 0o660, 0o602, 0o611])("of mode %o is refused, with the command", async (mode) => {
    const file = fileOf(THREE, mode);
    expect(await keysIn(file).secretFor(OPENAI)).toMatchObject({
      ok: false,
      fault: { code: "SECRET_EXPOSED", help: expect.stringContaining(`chmod 600 ${file}`) as string },
    });
  });

  test.each([0o600, 0o400])("of mode %o is read", async (mode) => {
    expect(await keysIn(fileOf(THREE, mode)).secretFor(OPENAI)).toMatchObject({ value: "sk-1" });
  });

  test("that is a link is refused", async () => {
    const link = join(folder, "link.json");
    symlinkSync(fileOf(THREE), link);
    expect(await keysIn(link).secretFor(OPENAI)).toMatchObject({ fault: { code: "SECRET_EXPOSED" } });
  });

  test.each<[string, string | Uint8Array, string]>([
    ["no JSON", "sk-1", "SECRET_INVALID"],
    ["a list", "[]", "SECRET_INVALID"],
    ["a key that is no text", JSON.stringify({ [OPENAI]: { key: "sk-1" } }), "SECRET_INVALID"],
    ["an empty key", JSON.stringify({ [OPENAI]: " " }), "SECRET_INVALID"],
    ["a key of two lines", JSON.stringify({ [OPENAI]: "sk-1\r\nx-other: 1" }), "SECRET_INVALID"],
    ["a key of other letters", JSON.stringify({ [OPENAI]: "sk-\u00e4" }), "SECRET_INVALID"],
    ["no UTF-8", new Uint8Array([0xff, 0xfe]), "SECRET_UNREADABLE"],
    ["too much", new Uint8Array(USER_FILE_BYTES_MAX + 1).fill(0x20), "SECRET_UNREADABLE"],
  ])("with %s is refused with what to do and without a word of it", async (_, text, code) => {
    const refused = await keysIn(fileOf(text)).secretFor(OPENAI);
    const help: unknown = expect.stringMatching(/./);
    expect(refused).toMatchObject({ ok: false, fault: { code, help } });
    expect(JSON.stringify(refused)).not.toMatch(/sk-1|x-other/);
  });
});

describe("a file of settings", () => {
  test.each([0o600, 0o644, 0o444])("of mode %o is read", async (mode) => {
    expect(await readUserFile(fileOf("{}", mode), "settings")).toEqual({ ok: true, value: "{}" });
  });

  test.each([0o622, 0o666, 0o620])("of mode %o could be another's", async (mode) => {
    expect(await readUserFile(fileOf("{}", mode), "settings")).toMatchObject({ fault: { k: "exposed" } });
  });

  test("may be a link, as people keep them, and may be missing", async () => {
    const link = join(folder, "settings.json");
    symlinkSync(fileOf("{}", 0o644), link);
    expect(await readUserFile(link, "settings")).toEqual({ ok: true, value: "{}" });
    expect(await readUserFile(join(folder, "nothing.json"), "settings")).toEqual({ ok: true, value: null });
  });

  test("is no folder", async () => {
    const path = join(folder, "folder");
    mkdirSync(path);
    expect(await readUserFile(path, "settings")).toMatchObject({ fault: { k: "unreadable" } });
  });
});
