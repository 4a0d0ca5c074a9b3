import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname } from "node:path";

import { errorCode } from "#kernel/error-code.ts";
import { visibleText } from "#kernel/visible-text.ts";

import { exposureOf, quotedWord } from "../state-exposure.ts";
import type { Finding } from "./finding.ts";
import { finding } from "./finding.ts";

/** Looks at the folder of this user's state; makes nothing. */
export const stateFinding = async (folder: string): Promise<Finding> => {
  const shown = visibleText(folder);
  const refused = (why: string, what: string, command: string | null = null): Finding =>
    finding("state", "wrong", `${shown} ${why}`, { remedy: { what, command }, facts: { folder, why } });
  try {
    const found = await stat(folder).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return null;
      throw error;
    });
    if (found !== null && !found.isDirectory()) return refused("is not a folder", ELSEWHERE);
    const exposed = await exposureOf(folder);
    if (exposed !== null) {
      return finding("state", "wrong", `${visibleText(exposed.folder)} ${exposed.why}`, {
        remedy: { what: "if nobody else has used it, make it yours alone", command: exposed.command },
        facts: { folder: exposed.folder, why: exposed.why },
      });
    }
    await access(found === null ? await nearestFolder(folder) : folder, constants.W_OK | constants.X_OK);
    if (found === null) {
      return finding("state", "ok", `${shown}, which would be made`, { facts: { folder, exists: false } });
    }
    // Other systems than POSIX have no mode bits; there the user profile protects the folder.
    const isOpen = process.platform !== "win32" && (found.mode & 0o077) !== 0;
    const facts = { folder, exists: true, mode: (found.mode & 0o777).toString(8).padStart(4, "0") };
    return isOpen
      ? finding("state", "note", `${shown} is open to others (mode ${facts.mode})`, {
          remedy: { what: "make it yours alone", command: `chmod 700 ${quotedWord(folder)}` },
          facts,
        })
      : finding("state", "ok", `${shown}, mode ${facts.mode}`, { facts });
  } catch (error) {
    return refused(`cannot be written (${errorCode(error)})`, `make it writable, or ${ELSEWHERE}`);
  }
};

const ELSEWHERE = "set WRIT_STATE to a folder that is yours";

/** The nearest one above that is there: where the first missing one would be made. */
const nearestFolder = async (path: string): Promise<string> => {
  const above = dirname(path);
  if (above === path) return above;
  try {
    await stat(above);
    return above;
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return nearestFolder(above);
  }
};
