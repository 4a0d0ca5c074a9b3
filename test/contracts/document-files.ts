import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import type { DocumentFiles } from "#ports/document-files.ts";

export interface DocumentFilesSubject {
  readonly files: DocumentFiles;
  remove(): void;
}

/** What every reader of a workspace's documents must do. */
export const documentFilesContract = (
  name: string,
  create: (texts: Readonly<Record<string, string>>) => DocumentFilesSubject,
): void => {
  describe(`${name} keeps the contract of document files`, () => {
    let subject: DocumentFilesSubject;
    beforeEach(() => {
      subject = create({ "api.yaml": "openapi: 3.1.0", "schemas/order.json": "{}" });
    });
    afterEach(() => subject.remove());
    const never = new AbortController().signal;

    test("files are read whole, also those in folders", async () => {
      expect(await subject.files.read("api.yaml", never)).toEqual({
        ok: true,
        value: utf8("openapi: 3.1.0"),
      });
      expect(await subject.files.read("schemas/order.json", never)).toEqual({ ok: true, value: utf8("{}") });
    });

    test.each(["../api.yaml", "schemas/../../x", "/etc/passwd", "./api.yaml", "a//b", "", "schemas/.."])(
      "%j is refused",
      async (path) => {
        expect(await subject.files.read(path, never)).toMatchObject({ fault: { code: "DOCUMENT_OUTSIDE" } });
      },
    );

    test("a file that is not there is said to be missing", async () => {
      expect(await subject.files.read("none.yaml", never)).toMatchObject({
        fault: { code: "DOCUMENT_MISSING" },
      });
    });

    test("an abort rejects", async () => {
      await expect(subject.files.read("api.yaml", AbortSignal.abort())).rejects.toMatchObject({
        name: "AbortError",
      });
    });
  });
};
