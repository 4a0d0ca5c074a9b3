import { isAbsolute, join, resolve } from "node:path";

import { homeFolder } from "./account.ts";

/**
 * Where a user's keys, ledgers and consents live: `WRIT_STATE`, else the platform's place for
 * state (the XDG base directory specification on Linux).
 */
export const stateDirectory = (
  variables: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): string => {
  const chosen = variables["WRIT_STATE"] ?? "";
  if (chosen !== "") return resolve(chosen);
  if (platform === "win32")
    return join(variables["LOCALAPPDATA"] ?? join(homeFolder(), "AppData", "Local"), "Writ");
  if (platform === "darwin") return join(homeFolder(), "Library", "Application Support", "Writ");
  const xdg = variables["XDG_STATE_HOME"] ?? "";
  // The specification says that a relative path is to be ignored.
  return join(isAbsolute(xdg) ? xdg : join(homeFolder(), ".local", "state"), "writ");
};
