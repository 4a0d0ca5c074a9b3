import { realpath } from "node:fs/promises";
import { join } from "node:path";

import { throwIfAborted } from "#kernel/abort.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { Crypto } from "#ports/crypto.ts";
import { SNAPSHOT_BYTES_MAX } from "#ports/workspace-files.ts";
import type { WorkspaceFault, WorkspaceFiles } from "#ports/workspace-files.ts";

import type { RunFilePath } from "#sandbox/run-file-path.ts";

import { fileReadFault, readFault } from "./disk-fault.ts";
import { listPaths } from "./list-paths.ts";
import type { Environment } from "./list-paths.ts";
import { publishFile, realDisk } from "./publish.ts";
import type { Disk } from "./publish.ts";
import { findOwnFolders } from "./own-folders.ts";
import type { IsOwn } from "./own-folders.ts";
import { publishablePath, refusePath } from "./publishable-path.ts";
import { readRegularFile, standingAt } from "./regular-file.ts";
import { removeLeft } from "./remove-left.ts";
import { takeSnapshot } from "./snapshot.ts";

export interface WorkspaceOptions {
  /** The workspace's folder; links in it are followed, links below it are not. */
  readonly root: string;
  /** The user's variables; git gets those by which it finds itself and its user's settings. */
  readonly environment: Environment;
  /** Absolute paths of the folders of our own state, which are no part of any workspace. */
  readonly ownFolders: readonly string[];
}

export interface WorkspaceDeps {
  readonly crypto: Pick<Crypto, "sha256">;
  readonly platform?: NodeJS.Platform;
  readonly disk?: Disk;
}

/** A folder of this machine as a workspace. */
export const createWorkspaceFiles = (options: WorkspaceOptions, deps: WorkspaceDeps): WorkspaceFiles => {
  const platform = deps.platform ?? process.platform;
  const digest = (bytes: Uint8Array): Sha256 => sha256OfBytes(deps.crypto.sha256(bytes));

  /** Looked up each time: the folder may have been moved away. */
  const realRoot = async (): Promise<Result<string, WorkspaceFault>> =>
    realpath(options.root).then(ok, (error: unknown) => failed(readFault(error)));

  const ownIn = (root: string): Promise<IsOwn> => findOwnFolders(root, options.ownFolders);

  /** Where a path that may be published lies. */
  const placeOf = async (
    path: string,
  ): Promise<Result<{ readonly root: string; readonly name: RunFilePath }, WorkspaceFault>> => {
    const name = publishablePath(path, platform);
    if (!name.ok) return name;
    const root = await realRoot();
    if (!root.ok) return root;
    const isOwn = await ownIn(root.value);
    return isOwn(name.value)
      ? refusePath(path, "writ keeps its own state there")
      : ok({ root: root.value, name: name.value });
  };

  return {
    async snapshot(signal) {
      throwIfAborted(signal);
      const root = await realRoot();
      if (!root.ok) return root;
      const listed = await listPaths(root.value, options.environment, signal);
      if (!listed.ok) return listed;
      return takeSnapshot(root.value, listed.value, signal, await ownIn(root.value));
    },

    async digest(path) {
      const place = await placeOf(path);
      if (!place.ok) return place;
      const { root, name } = place.value;
      return digestAt(root, name, digest).catch((error: unknown) => failed(fileReadFault(name, error)));
    },

    async publish(path, bytes, base, call) {
      const place = await placeOf(path);
      if (!place.ok) return place;
      const { root, name } = place.value;
      // A caller that goes on with its bytes must not change what is written.
      const publication = { root, path: name, bytes: bytes.slice(), base, call, digest };
      return publishFile(publication, deps.disk ?? realDisk);
    },

    async removeLeft(path, call) {
      const place = await placeOf(path);
      return place.ok ? removeLeft(place.value.root, place.value.name, call) : place;
    },
  };
};

const digestAt = async (
  root: string,
  path: string,
  digest: (bytes: Uint8Array) => Sha256,
): Promise<Result<Sha256 | null, WorkspaceFault>> => {
  const standing = await standingAt(root, path);
  if (standing.k === "nothing") return ok(null);
  if (standing.k === "other")
    return failed(
      fault("WORKSPACE_BAD_PATH", `\`${visibleText(path)}\` cannot be published: ${standing.why}`),
    );
  const bytes = await readRegularFile(join(root, path), SNAPSHOT_BYTES_MAX);
  if (bytes !== null) return ok(digest(bytes));
  return failed(fault("WORKSPACE_TOO_LARGE", `the file has more than ${SNAPSHOT_BYTES_MAX} bytes`));
};
