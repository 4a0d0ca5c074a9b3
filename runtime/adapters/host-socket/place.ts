import { createHash } from "node:crypto";
import { isAbsolute, join } from "node:path";

import { utf8 } from "#kernel/bytes.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";

/** Where a workspace's host and its clients meet; docs/formats/host-rpc.md, "Meeting place". All paths are absolute. */
export interface HostPlace {
  /** The folders that are this user's alone, from the outermost inwards; the last one holds the rest. */
  readonly folders: readonly [string, string];
  readonly lock: string;
  readonly token: string;
  readonly socket: string;
  /** What a host that nobody watches says; not part of the protocol. */
  readonly log: string;
}

export type HostPlaceFault = Fault<"SOCKET_PATH_TOO_LONG" | "SOCKET_UNSUPPORTED">;

/** Longest path of a Unix socket in bytes on every system that has them, with room to spare. */
const SOCKET_PATH_BYTES_MAX = 99;

/** What of the surroundings decides where the place is. */
export interface PlaceSurroundings {
  readonly platform: NodeJS.Platform;
  /** Of the user; undefined on systems that have none. */
  readonly uid: number | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

export const hostPlace = (
  workspace: string,
  { platform, uid, variables }: PlaceSurroundings,
): Result<HostPlace, HostPlaceFault> => {
  if (platform === "win32" || uid === undefined) return failed(UNSUPPORTED);
  return hostPlaceBelow(runtimeFolder(platform, uid, variables), workspace);
};

/** @param outer the outermost folder that is this user's alone. */
export const hostPlaceBelow = (outer: string, workspace: string): Result<HostPlace, HostPlaceFault> => {
  const name = createHash("sha256").update(workspace).digest("hex").slice(0, 16);
  const folder = join(outer, name);
  const socket = join(folder, "host.sock");
  const bytes = utf8(socket).length;
  if (bytes > SOCKET_PATH_BYTES_MAX) {
    return failed(
      fault(
        "SOCKET_PATH_TOO_LONG",
        `the host's socket would have a path of ${bytes} bytes, and systems take ${SOCKET_PATH_BYTES_MAX}`,
        { help: "set XDG_RUNTIME_DIR (on Linux) or TMPDIR to a folder with a shorter path" },
      ),
    );
  }
  const inside = (file: string): string => join(folder, file);
  return ok({
    folders: [outer, folder],
    lock: inside("host.lock"),
    token: inside("host.token"),
    socket,
    log: inside("host.log"),
  });
};

const runtimeFolder = (
  platform: NodeJS.Platform,
  uid: number,
  variables: PlaceSurroundings["variables"],
): string => {
  const said = variables["XDG_RUNTIME_DIR"] ?? "";
  // The specification says that a relative path is to be ignored.
  if (platform === "linux" && isAbsolute(said)) return join(said, "writ");
  const temporary = variables["TMPDIR"] ?? "";
  return join(isAbsolute(temporary) ? temporary : "/tmp", `writ-${uid}`);
};

/** Node can neither name the user by its SID nor give a pipe an access list for one user. */
const UNSUPPORTED = fault("SOCKET_UNSUPPORTED", "this system has no socket that is one user's alone", {
  help: "run without --detach: then everything happens in this very process",
});
