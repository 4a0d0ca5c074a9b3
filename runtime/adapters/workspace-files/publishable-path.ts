import { failed, fault } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleExcerpt, visibleText } from "#kernel/visible-text.ts";
import type { WorkspaceFault } from "#ports/workspace-files.ts";
import { runFilePath } from "#sandbox/run-file-path.ts";
import type { RunFilePath } from "#sandbox/run-file-path.ts";

/**
 * The path as one that may be written in a workspace on this platform. Beside the names of run
 * files it refuses what a file system would take for another name than it looks: `.git` in all the
 * spellings that Windows and macOS read as `.git`, characters that cannot be seen, dots and spaces at
 * the end of a part, and on Windows devices and streams.
 */
export const publishablePath = (
  text: string,
  platform: NodeJS.Platform,
): Result<RunFilePath, WorkspaceFault> => {
  const name = runFilePath(text);
  if (!name.ok) return failed({ ...name.fault, code: "WORKSPACE_BAD_PATH" });
  for (const part of name.value.split("/")) {
    if (isGit(part)) return refusePath(text, "it belongs to git");
    // A person reads the name in a diff, and other systems drop what stands at its end.
    if (visibleText(part) !== part)
      return refusePath(text, "a part of it holds characters that cannot be seen");
    if (/[. ]$/.test(part)) return refusePath(text, "a part of it ends with a dot or a space");
    const why = platform === "win32" ? windowsObjection(part) : null;
    if (why !== null) return refusePath(text, why);
  }
  return name;
};

/** What HFS+ ignores in a name when it compares. */
const IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** `.git`, `.GIT`, `.git.`, `.git::$INDEX_ALLOCATION`, `git~1`, `.g\u200cit`: all of them open the same folder somewhere. */
const isGit = (part: string): boolean => {
  const plain = part.replace(IGNORED, "").toLowerCase();
  return /^(?:\.git|git~\d+)(?:[ .]*(?::.*)?)$/.test(plain);
};

const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:[. ].*)?$/i;

const windowsObjection = (part: string): string | null => {
  if (DEVICE.test(part)) return "it is the name of a device";
  return /[<>:"|?*]/.test(part) ? "it holds a character that Windows gives a meaning" : null;
};

export const refusePath = (text: string, why: string): Result<never, WorkspaceFault> =>
  failed(fault("WORKSPACE_BAD_PATH", `\`${visibleExcerpt(text, 120)}\` cannot be published: ${why}`));
