import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readNamedText } from "#host/compose/policy-question.ts";

test("a request that is not UTF-8 is named", async () => {
  const folder = await mkdtemp(join(tmpdir(), "writ-question-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "bin.json"), Uint8Array.of(0xff, 0xfe));
  await writeFile(join(folder, "a.json"), "{}");
  expect(await readNamedText("a.json", folder)).toEqual({ ok: true, value: "{}" });
  expect(await readNamedText("bin.json", folder)).toMatchObject({
    ok: false,
    fault: { code: "HOST_NOT_TEXT", message: "`bin.json` is not UTF-8 text" },
  });
});
