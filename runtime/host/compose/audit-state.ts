import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { errorCode } from "#kernel/error-code.ts";
import type { LogId, WorkspaceId } from "#kernel/ids.ts";
import { isId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import { SECRET_NAME } from "#ledger/keys.ts";

import { keyFolder } from "./ledger.ts";

/* What this user's state holds of logs, all workspaces together; told by names, nothing is opened. */

type StateFault = Fault<"HOST_STATE_UNREADABLE">;

/** Whose keys there are. */
export interface HeldKeys {
  readonly writers: ReadonlySet<LogId>;
  readonly workspaces: ReadonlySet<WorkspaceId>;
}

export const listKeys = async (stateDirectory: string): Promise<Result<HeldKeys, StateFault>> => {
  const names = await namesIn(keyFolder({ stateDirectory }));
  if (!names.ok) return names;
  const writers = new Set<LogId>();
  const workspaces = new Set<WorkspaceId>();
  for (const name of names.value) {
    const id = name.slice(name.indexOf(".") + 1);
    if (isId<"log">(id) && name === SECRET_NAME.writer(id)) writers.add(id);
    if (isId<"workspace">(id) && name === SECRET_NAME.workspace(id)) workspaces.add(id);
  }
  return ok({ writers, workspaces });
};

/** Where there are logs and anchors of them. */
export interface HeldLogs {
  readonly stored: ReadonlySet<LogId>;
  /** Those of ledgers in folders of their own choosing too. */
  readonly anchored: ReadonlySet<LogId>;
  /** Workspaces with an anchor. */
  readonly workspaces: ReadonlySet<string>;
}

export const listLogs = async (stateDirectory: string): Promise<Result<HeldLogs, StateFault>> => {
  const stored = new Set<LogId>();
  const anchored = new Set<LogId>();
  const workspaces = new Set<string>();
  const ledgers = await namesBelow(join(stateDirectory, "ledgers"));
  if (!ledgers.ok) return ledgers;
  for (const { name } of ledgers.value) if (isId<"log">(name)) stored.add(name);
  const anchors = await namesBelow(join(stateDirectory, "anchors"));
  if (!anchors.ok) return anchors;
  for (const { folder, name } of anchors.value) {
    const inner = isId(name) ? ok([name]) : await namesIn(join(stateDirectory, "anchors", folder, name));
    if (!inner.ok) return inner;
    for (const log of inner.value.filter((one) => isId<"log">(one))) {
      anchored.add(log);
      workspaces.add(folder);
    }
  }
  return ok({ stored, anchored, workspaces });
};

const namesBelow = async (
  path: string,
): Promise<Result<readonly { readonly folder: string; readonly name: string }[], StateFault>> => {
  const folders = await namesIn(path);
  if (!folders.ok) return folders;
  const found: { folder: string; name: string }[] = [];
  for (const folder of folders.value) {
    const names = await namesIn(join(path, folder));
    if (!names.ok) return names;
    found.push(...names.value.map((name) => ({ folder, name })));
  }
  return ok(found);
};

/** None where there is no such folder. */
const namesIn = async (path: string): Promise<Result<readonly string[], StateFault>> => {
  try {
    return ok(await readdir(path));
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return ok([]);
    return failed(
      fault("HOST_STATE_UNREADABLE", `\`${visibleText(path)}\` cannot be read (${code})`, {
        help: "what the state folder holds must be readable for the user who owns it",
      }),
    );
  }
};
