import { isAbsolute, join, resolve } from "node:path";

import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";

import { homeFolder } from "./account.ts";

/**
 * Where a user's keys, ledgers and consents live: `WRIT_STATE`, else the platform's place for
 * state (the XDG base directory specification on Linux). A relative `WRIT_STATE` is refused: keys
 * and evidence would lie in whichever folder a command happens to be run in.
 */
export const stateDirectory = (
  variables: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): Result<string, Fault<"CLI_RELATIVE_STATE">> => {
  const chosen = variables["WRIT_STATE"] ?? "";
  if (chosen !== "") return isAbsolute(chosen) ? ok(resolve(chosen)) : failed(RELATIVE);
  if (platform === "win32")
    return ok(join(variables["LOCALAPPDATA"] ?? join(homeFolder(), "AppData", "Local"), "Writ"));
  if (platform === "darwin") return ok(join(homeFolder(), "Library", "Application Support", "Writ"));
  const xdg = variables["XDG_STATE_HOME"] ?? "";
  // The specification says that a relative path is to be ignored.
  return ok(join(isAbsolute(xdg) ? xdg : join(homeFolder(), ".local", "state"), "writ"));
};

const RELATIVE = fault(
  "CLI_RELATIVE_STATE",
  "WRIT_STATE is a relative path, so it means another folder everywhere",
  {
    help: "set it to a path that begins at the root, or unset it for this user's own state folder",
  },
);
