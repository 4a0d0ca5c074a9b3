import { unlink } from "node:fs/promises";
import { join } from "node:path";

import { errorCode } from "#kernel/error-code.ts";
import { isId } from "#kernel/ids.ts";
import type { CallId } from "#kernel/ids.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleExcerpt, visibleText } from "#kernel/visible-text.ts";
import type { WorkspaceFault } from "#ports/workspace-files.ts";
import type { RunFilePath } from "#sandbox/run-file-path.ts";

import { readFault, writeFault } from "./disk-fault.ts";
import { standingAt } from "./regular-file.ts";
import { temporaryName } from "./temporary-name.ts";

/**
 * Removes the file that a publish was writing beside `path` when its process died: a regular file of
 * exactly that call's name, with nothing but real folders above it. It may be another name of the file in
 * place by then, which stays.
 */
export const removeLeft = async (
  root: string,
  path: RunFilePath,
  call: CallId,
): Promise<Result<void, WorkspaceFault>> => {
  // The id may come from a record that somebody changed.
  if (!isId(call)) {
    return failed(fault("WORKSPACE_BAD_PATH", `\`${visibleExcerpt(call, 120)}\` is no call's id`));
  }
  const left = `${path.slice(0, path.lastIndexOf("/") + 1)}${temporaryName(call)}`;
  try {
    const standing = await standingAt(root, left);
    if (standing.k === "nothing") return ok(undefined);
    if (standing.k === "other") {
      const why = `\`${visibleText(left)}\` is not removed: ${standing.why}`;
      return failed(fault("WORKSPACE_BAD_PATH", why));
    }
  } catch (error) {
    return failed(readFault(error));
  }
  try {
    await unlink(join(root, left));
    return ok(undefined);
  } catch (error) {
    return errorCode(error) === "ENOENT" ? ok(undefined) : failed(writeFault(error));
  }
};
