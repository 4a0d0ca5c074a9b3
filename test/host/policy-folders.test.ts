import { expect, test } from "vitest";

import { policyFolders } from "#host/compose/run.ts";

const USER = [
  [
    "~/.config where nothing is said",
    undefined,
    "/home/ada/.config/writ/policies",
    "~/.config/writ/policies",
  ],
  ["~/.config where nothing is meant", "", "/home/ada/.config/writ/policies", "~/.config/writ/policies"],
  [
    "~/.config where a relative path is said",
    "conf",
    "/home/ada/.config/writ/policies",
    "~/.config/writ/policies",
  ],
  [
    "XDG_CONFIG_HOME, and is called so",
    "/etc/ada",
    "/etc/ada/writ/policies",
    "$XDG_CONFIG_HOME/writ/policies",
  ],
] as const;

test.each(USER)("the user's policies lie in %s", (_, said, folder, shownAs) => {
  const folders = policyFolders("/work", { XDG_CONFIG_HOME: said }, "/home/ada");
  expect(folders.find(({ layer }) => layer === "user")).toEqual({ layer: "user", folder, shownAs });
});
