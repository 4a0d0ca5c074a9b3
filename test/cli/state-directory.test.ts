import { homedir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { stateDirectory } from "#cli/state-directory.ts";

const home = homedir();

test.each([
  [{ WRIT_STATE: "/chosen" }, "linux", "/chosen"],
  [{ XDG_STATE_HOME: "/state" }, "linux", "/state/writ"],
  [{ XDG_STATE_HOME: "relative" }, "linux", join(home, ".local/state/writ")],
  [{}, "linux", join(home, ".local/state/writ")],
  [{}, "darwin", join(home, "Library/Application Support/Writ")],
] as const)("%o on %s is %s", (variables, platform, expected) => {
  expect(stateDirectory(variables, platform)).toBe(expected);
});
