/*
 * Keys, consents and evidence may lie in a workspace, when a home folder is one or somebody says so. An
 * agent sees nothing of them and puts nothing beside them, whatever its rules allow.
 */
import { mkdirSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { anyCallId } from "#test/kit/call-ids.ts";

import { TestFolder } from "./kit.ts";

let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
  folder.write("a.txt", "a");
  folder.write("state/consents/w/a/b.json", "{}");
  folder.write("stateful.txt", "s");
});
afterEach(() => folder.remove());

const { signal } = new AbortController();
const taken = async (own: readonly string[]): Promise<readonly string[]> => {
  const snapshot = await folder.workspace({}, {}, own).snapshot(signal);
  return snapshot.ok ? snapshot.value.files.map(({ path }) => path) : [snapshot.fault.code];
};
const published = async (own: readonly string[], path: string): Promise<string> => {
  const done = await folder.workspace({}, {}, own).publish(path, new Uint8Array([97]), null, anyCallId());
  return done.ok ? "done" : done.fault.code;
};

describe("a state folder in a workspace", () => {
  test("is not seen", async () => {
    expect(await taken([])).toEqual(["a.txt", "state/consents/w/a/b.json", "stateful.txt"]);
    expect(await taken([folder.at("state")])).toEqual(["a.txt", "stateful.txt"]);
  });

  test.each(["state/consents/w/a/c.json", "state/x", "state", "State/x", "STATE/keys/k", "ſtate/x"])(
    "nothing is published as `%s`",
    async (path) => {
      expect(await published([folder.at("state")], path)).toBe("WORKSPACE_BAD_PATH");
      const digest = await folder.workspace({}, {}, [folder.at("state")]).digest(path);
      expect(digest).toMatchObject({ ok: false });
    },
  );

  test("does not keep its neighbours from being published", async () => {
    for (const path of ["statement.txt", "other/state/x"])
      expect(await published([folder.at("state")], path)).toBe("done");
  });

  test("is found behind a link, and before it exists", async () => {
    symlinkSync(folder.at("state"), folder.at("link"));
    expect(await taken([folder.at("link")])).toEqual(["a.txt", "stateful.txt"]);
    expect(await published([folder.at("none/yet")], "none/yet/x")).toBe("WORKSPACE_BAD_PATH");
    mkdirSync(folder.at("real"));
    symlinkSync(folder.at("real"), folder.at("way"));
    expect(await published([folder.at("way/none")], "real/none/x")).toBe("WORKSPACE_BAD_PATH");
  });

  test("that is the workspace itself leaves nothing of it", async () => {
    expect(await taken([folder.path])).toEqual([]);
    expect(await published([folder.path], "x")).toBe("WORKSPACE_BAD_PATH");
  });

  test("elsewhere changes nothing", async () => {
    expect(await taken([`${folder.path}-other`, "/"])).toHaveLength(3);
  });
});
