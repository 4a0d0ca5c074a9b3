import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createDocumentFiles } from "#adapters/document-files/create-document-files.ts";
import { documentFilesContract } from "#test/contracts/document-files.ts";
import { createDocumentFilesFake } from "#test/kit/document-files-fake.ts";

documentFilesContract("the disk", (texts) => {
  const workspace = mkdtempSync(join(tmpdir(), "writ-documents-"));
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    writeFileSync(join(workspace, path), text);
  }
  return {
    files: createDocumentFiles({ workspace, fileBytesMax: 1000 }),
    remove: () => rmSync(workspace, { recursive: true, force: true }),
  };
});

documentFilesContract("the fake", (texts) => ({
  files: createDocumentFilesFake(texts),
  remove: () => undefined,
}));

describe("what only a disk has", () => {
  let top: string;
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), "writ-documents-"));
    mkdirSync(join(top, "workspace/inner"), { recursive: true });
    writeFileSync(join(top, "secret.yaml"), "secret");
    writeFileSync(join(top, "workspace/a.yaml"), "a");
  });
  afterEach(() => rmSync(top, { recursive: true, force: true }));
  const codeOf = async (path: string): Promise<string> => {
    const files = createDocumentFiles({ workspace: join(top, "workspace"), fileBytesMax: 1000 });
    const read = await files.read(path, new AbortController().signal);
    return read.ok ? "ok" : read.fault.code;
  };

  test("a link to a file outside is refused, one inside is followed", async () => {
    symlinkSync("../secret.yaml", join(top, "workspace/out.yaml"));
    symlinkSync("a.yaml", join(top, "workspace/in.yaml"));
    expect([await codeOf("out.yaml"), await codeOf("in.yaml")]).toEqual(["DOCUMENT_OUTSIDE", "ok"]);
  });

  test("a folder that is a link to outside is refused", async () => {
    symlinkSync("..", join(top, "workspace/up"));
    expect(await codeOf("up/secret.yaml")).toBe("DOCUMENT_OUTSIDE");
  });

  test("a folder, a pipe and a file that is too large are refused, and nothing waits", async () => {
    execFileSync("mkfifo", [join(top, "workspace/pipe.yaml")]);
    writeFileSync(join(top, "workspace/large.yaml"), "x".repeat(1001));
    expect(await codeOf("inner")).toBe("DOCUMENT_UNREADABLE");
    expect(await codeOf("pipe.yaml")).toBe("DOCUMENT_UNREADABLE");
    expect(await codeOf("large.yaml")).toBe("DOCUMENT_TOO_LARGE");
  });
});
