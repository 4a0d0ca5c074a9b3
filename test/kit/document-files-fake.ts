import { throwIfAborted } from "#kernel/abort.ts";
import { utf8 } from "#kernel/bytes.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { DocumentFiles } from "#ports/document-files.ts";

/** A workspace of texts by path. */
export const createDocumentFilesFake = (texts: Readonly<Record<string, string>>): DocumentFiles => ({
  read(path, signal) {
    return new Promise((resolve) => {
      throwIfAborted(signal);
      const isInner = path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
      const text = Object.hasOwn(texts, path) ? texts[path] : undefined;
      if (!isInner) resolve(failed(fault("DOCUMENT_OUTSIDE", "the file is not in the workspace")));
      else if (text === undefined)
        resolve(failed(fault("DOCUMENT_MISSING", "the file is not in the workspace")));
      else resolve(ok(utf8(text)));
    });
  },
});
