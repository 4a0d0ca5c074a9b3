import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";

import { throwIfAborted } from "#kernel/abort.ts";
import { errorCode } from "#kernel/error-code.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { DocumentFileFault, DocumentFiles } from "#ports/document-files.ts";

export interface DocumentFilesOptions {
  /** Absolute; nothing outside is opened. */
  readonly workspace: string;
  readonly fileBytesMax: number;
}

/** The documents of a workspace. Links are followed only where they stay inside. */
export const createDocumentFiles = ({ workspace, fileBytesMax }: DocumentFilesOptions): DocumentFiles => ({
  async read(path, signal) {
    throwIfAborted(signal);
    if (!isInner(path)) return failed(OUTSIDE);
    try {
      const root = await realpath(workspace);
      const real = await realpath(join(root, path));
      // Decided on where the file really is, and that very path is opened.
      if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) return failed(OUTSIDE);
      return await readRegular(real, fileBytesMax);
    } catch (error) {
      const code = errorCode(error);
      return failed(
        code === "ENOENT" || code === "ENOTDIR"
          ? fault("DOCUMENT_MISSING", "the file is not in the workspace")
          : fault("DOCUMENT_UNREADABLE", `the file cannot be read (${code})`),
      );
    }
  },
});

const OUTSIDE = fault("DOCUMENT_OUTSIDE", "the file is not in the workspace");

const isInner = (path: string): boolean =>
  path !== "" &&
  !/[\u0000\\]/.test(path) &&
  path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !part.includes(sep));

const readRegular = async (
  path: string,
  bytesMax: number,
): Promise<Result<Uint8Array, DocumentFileFault>> => {
  // A pipe would wait for a writer that never comes, and a link that appeared meanwhile is not followed.
  const handle = await open(
    path,
    constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0),
  );
  try {
    const found = await handle.stat();
    if (!found.isFile()) return failed(fault("DOCUMENT_UNREADABLE", "this is not a file"));
    if (found.size > bytesMax) return failed(fault("DOCUMENT_TOO_LARGE", `more than ${bytesMax} bytes`));
    const bytes = new Uint8Array(bytesMax + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length > bytesMax) break;
    }
    if (length > bytesMax) return failed(fault("DOCUMENT_TOO_LARGE", `more than ${bytesMax} bytes`));
    return ok(bytes.slice(0, length));
  } finally {
    await handle.close();
  }
};
