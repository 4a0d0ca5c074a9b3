import { writeFileSync } from "node:fs";

import { utf8 } from "#kernel/bytes.ts";
import { workspaceContract } from "#test/contracts/workspace-files.ts";
import { createFakeWorkspace } from "#test/kit/workspace-files-fake.ts";

import { TestFolder } from "./kit.ts";

workspaceContract("a folder", (files) => {
  const folder = new TestFolder();
  for (const [path, text] of Object.entries(files)) folder.write(path, text);
  return {
    workspace: folder.workspace(),
    read: (path) => folder.read(path),
    write: (path, text) => writeFileSync(folder.at(path), text),
    leftBehind: () => folder.temporaries(),
    remove: () => folder.remove(),
  };
});

workspaceContract("the fake workspace", (files) => {
  const workspace = createFakeWorkspace(files);
  return {
    workspace,
    read: (path) => workspace.contents.get(path),
    write: (path, text) => void workspace.contents.set(path, utf8(text)),
    leftBehind: () => [],
    remove: () => undefined,
  };
});
