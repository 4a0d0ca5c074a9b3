import { expect, test } from "vitest";

import { isEmpty } from "#adapters/docker/control-group.ts";

/* Whether the kernel of this machine still counts a process of a container. Which group is a container's is tried with its share. */

const failing = (code: string) => (): Promise<string> =>
  Promise.reject(Object.assign(new Error(code), { code }));

test.each([
  [1, "12\n", false],
  [1, "0\n", false],
  [1, "", true],
  [2, "populated 1\nfrozen 0\n", false],
  [2, "frozen 0\npopulated 0\n", true],
  [2, "", false],
  [2, "populated 01\n", false],
] as const)("in a group of version %i that says %j: %s", async (version, text, empty) => {
  const file = version === 1 ? "/group/cgroup.procs" : "/group/cgroup.events";
  const read = (path: string): Promise<string> =>
    path === file ? Promise.resolve(text) : failing("EACCES")();
  expect(await isEmpty({ version, folder: "/group" }, read)).toBe(empty);
});

test.each([
  ["ENOENT", true],
  ["ENODEV", true],
  ["EACCES", null],
  ["EIO", null],
  ["EMFILE", null],
])("in a group whose reading fails with %s: %s", async (code, empty) => {
  for (const version of [1, 2] as const)
    expect(await isEmpty({ version, folder: "/group" }, failing(code))).toBe(empty);
});
