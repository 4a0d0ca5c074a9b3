import { homedir, userInfo } from "node:os";
import { isAbsolute } from "node:path";

/*
 * A process may run as a user whom the system has no entry of, as in a container that was started
 * with a number. Node throws then, and a command would end before it said anything.
 */

/** The user's name, else `uid 12345`. */
export const userName = (): string => {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
};

/** The user's home: HOME where it is set to a path, else the system's entry, else the root as containers have it. */
export const homeFolder = (): string => {
  for (const find of [homedir, () => userInfo().homedir]) {
    try {
      const folder = find();
      if (isAbsolute(folder)) return folder;
    } catch {
      // The next one may know.
    }
  }
  return "/";
};
