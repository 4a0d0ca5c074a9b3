import { homedir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { stateDirectory } from "#cli/state-directory.ts";

const home = homedir();

test.each([
  [{ WRIT_STATE: "/chosen" }, "linux", "/chosen"],
  [{ WRIT_STATE: "/chosen/../other/" }, "linux", "/other"],
  [{ WRIT_STATE: "" }, "linux", join(home, ".local/state/writ")],
  [{ XDG_STATE_HOME: "/state" }, "linux", "/state/writ"],
  [{ XDG_STATE_HOME: "relative" }, "linux", join(home, ".local/state/writ")],
  [{}, "linux", join(home, ".local/state/writ")],
  [{}, "darwin", join(home, "Library/Application Support/Writ")],
] as const)("%o on %s is %s", (variables, platform, expected) => {
  expect(stateDirectory(variables, platform)).toEqual({ ok: true, value: expected });
});

test.each(["state", "./state", "../state", "~/state"])("a relative state folder, %s, is refused", (path) => {
  expect(stateDirectory({ WRIT_STATE: path }, "linux")).toMatchObject({
    ok: false,
    fault: { code: "CLI_RELATIVE_STATE", help: expect.stringContaining("unset it") },
  });
});
