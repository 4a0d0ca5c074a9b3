import { constants } from "node:fs";
import { opendir, rename } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "#kernel/error-code.ts";
import type { LogId } from "#kernel/ids.ts";
import { isId } from "#kernel/ids.ts";
import { invariant } from "#kernel/invariant.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { AnchorStore } from "#ports/ledger.ts";
import { ANCHOR_BYTES_MAX } from "#ports/ledger.ts";
import type { OpenFile } from "./disk.ts";
import { FILE_MODE, makeFolder, openOnDisk, READ_FLAGS } from "./disk.ts";
import { readingFault, writeAll, writingFault } from "./disk.ts";

const ANCHORS_MAX = 10_000;

/** Anchors as files, one note per log, in a folder apart from the ledger. `directory` is absolute. */
export const createAnchorFiles = (directory: string, open: OpenFile = openOnDisk): AnchorStore => {
  const pathOf = (log: LogId): string => {
    invariant(isId(log), "a log's name is a UUIDv7");
    return join(directory, log);
  };
  return {
    async list() {
      const found: LogId[] = [];
      try {
        for await (const entry of await opendir(directory)) {
          if (!entry.isFile() || !isId<"log">(entry.name)) continue;
          if (found.length >= ANCHORS_MAX) {
            return failed(
              fault(
                "LEDGER_TOO_LARGE",
                `\`${visibleText(directory)}\` holds more than ${ANCHORS_MAX} anchors`,
              ),
            );
          }
          found.push(entry.name);
        }
      } catch (error) {
        return errorCode(error) === "ENOENT" ? ok([]) : failed(readingFault(directory, error));
      }
      return ok(found.sort());
    },

    async read(log) {
      const path = pathOf(log);
      try {
        await using file = await open(path, READ_FLAGS, FILE_MODE);
        const buffer = new Uint8Array(ANCHOR_BYTES_MAX + 1);
        const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
        return ok(buffer.slice(0, bytesRead));
      } catch (error) {
        return errorCode(error) === "ENOENT" ? ok(null) : failed(readingFault(path, error));
      }
    },

    async replace(log, note) {
      const path = pathOf(log);
      // One writer per log, so one name for what is being written is enough.
      const temporary = join(directory, `.${log}.new`);
      const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
      try {
        await makeFolder(directory);
        {
          await using file = await open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, FILE_MODE);
          await writeAll(file, note);
          // The new bytes before the new name. That the name itself is durable does not matter: an
          // older anchor is still true.
          await file.datasync();
        }
        await rename(temporary, path);
        return ok(undefined);
      } catch (error) {
        return failed(writingFault(path, error));
      }
    },
  };
};
