import { lstat, stat } from "node:fs/promises";
import { join } from "node:path";

import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";

/** A folder of this user's state that somebody else can write, or could have. */
export interface Exposure {
  readonly folder: string;
  readonly why: string;
  /** What makes it this user's alone. */
  readonly command: string;
}

/** Folders of the state whose files say who may do what, or prove what was done. */
const PARTS = ["workspaces", "hosts", "keys", "consents", "ledgers", "anchors", "sandbox"] as const;

const ROOT = 0;

/** Other systems than POSIX have no mode bits; there the user profile protects the folder. */
const HAS_MODES = process.platform !== "win32";

/**
 * The first folder of a state that others can write or that another user owns; null where there is none.
 * Whoever can write there could have put in keys, consents and evidence. Makes nothing, and says nothing
 * of what cannot be looked at: whoever needs that will.
 *
 * @param userId of whoever runs this; undefined where the system has none.
 */
export const exposureOf = async (
  stateDirectory: string,
  userId: number | undefined = process.getuid?.(),
): Promise<Exposure | null> => {
  if (!HAS_MODES || userId === undefined) return null;
  // A link in the place of the whole was chosen by the user; none is ever made inside of it.
  const folders = [
    { folder: stateDirectory, look: stat },
    ...PARTS.map((part) => ({ folder: join(stateDirectory, part), look: lstat })),
  ];
  for (const { folder, look } of folders) {
    const found = await look(folder).catch(() => null);
    if (found === null || !found.isDirectory()) continue;
    const { uid, mode } = found;
    const word = quotedWord(folder);
    // What root owns is no more in others' hands than everything else on the machine.
    if (uid !== userId && uid !== ROOT) {
      return { folder, why: `belongs to another user (${uid})`, command: `chown -R "$(id -u)" ${word}` };
    }
    if ((mode & 0o022) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, "0");
      return { folder, why: `can be written by others (mode ${octal})`, command: `chmod 700 ${word}` };
    }
  }
  return null;
};

/** Refuses a state folder that others can write or that another user owns. */
export const checkStateFolder = async (
  stateDirectory: string,
): Promise<Result<void, Fault<"STATE_EXPOSED">>> => {
  const exposed = await exposureOf(stateDirectory);
  return exposed === null ? ok(undefined) : failed(exposureFault(exposed));
};

const exposureFault = ({ folder, why, command }: Exposure): Fault<"STATE_EXPOSED"> =>
  fault(
    "STATE_EXPOSED",
    `\`${visibleText(folder)}\` ${why}, so what agents may do and what they did is not known to be yours`,
    {
      help: `if nobody else has used it, \`${command}\`; otherwise set WRIT_STATE to a folder that is yours alone`,
    },
  );

/** One word of a shell, whatever the path holds; what is invisible in it stays visible. */
export const quotedWord = (path: string): string => `'${visibleText(path).replaceAll("'", "'\\''")}'`;
