import { execFile } from "node:child_process";
import { lstat, readdir } from "node:fs/promises";
import { dirname, join, parse } from "node:path";
import { promisify } from "node:util";

import { errorCode } from "#kernel/error-code.ts";
import { isAbort, throwIfAborted } from "#kernel/abort.ts";
import { utf8Text } from "#kernel/bytes.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { WorkspaceFault } from "#ports/workspace-files.ts";

import { readFault } from "./disk-fault.ts";

/** Most names that are looked at; a workspace with more is too large anyway. */
export const LISTED_PATHS_MAX = 200_000;

const GIT_MS_MAX = 30_000;
const GIT_OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** The variables that git needs to find itself and its user's settings; it is given no others. */
const GIT_VARIABLES = ["HOME", "PATH", "SystemRoot", "USERPROFILE", "XDG_CONFIG_HOME"] as const;

export type Environment = Readonly<Record<string, string | undefined>>;

/** A name that is not UTF-8 cannot be a path of ours; it stands here as far as it can be read. */
export interface ListedPath {
  readonly path: string;
  readonly readable: boolean;
}

/**
 * What a workspace consists of, relative to its root, in no order: in a git repository what git
 * tracks or does not ignore, elsewhere all files but dot-files. Where the one cannot be found out
 * the other is no substitute: what git ignores may well be secret.
 */
export const listPaths = async (
  root: string,
  environment: Environment,
  signal: AbortSignal,
): Promise<Result<readonly ListedPath[], WorkspaceFault>> => {
  throwIfAborted(signal);
  return (await inRepository(root)) ? gitPaths(root, environment, signal) : walkedPaths(root, signal);
};

const inRepository = async (folder: string): Promise<boolean> => {
  for (let at = folder; ; at = dirname(at)) {
    const found = await lstat(join(at, ".git")).then(
      () => true,
      () => false,
    );
    if (found) return true;
    if (dirname(at) === at) return false;
  }
};

/**
 * Settings that a repository's own configuration could use to have a program started or something
 * fetched; those on the command line win. The repository comes from whoever wrote it.
 */
const HARMLESS = ["core.fsmonitor=false", "core.untrackedCache=false", "protocol.allow=never"].flatMap(
  (setting) => ["-c", setting],
);

const gitPaths = async (
  root: string,
  environment: Environment,
  signal: AbortSignal,
): Promise<Result<readonly ListedPath[], WorkspaceFault>> => {
  const args = [
    "--no-pager",
    ...HARMLESS,
    "-C",
    root,
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
  ];
  try {
    const { stdout } = await promisify(execFile)("git", args, {
      // Not in the workspace, where a program called git may lie.
      cwd: parse(process.execPath).root,
      // None of the user's GIT_ variables, which could name another repository or program.
      env: {
        ...Object.fromEntries(GIT_VARIABLES.map((name) => [name, environment[name]])),
        LC_ALL: "C",
        GIT_NO_LAZY_FETCH: "1",
        GIT_OPTIONAL_LOCKS: "0",
        GIT_TERMINAL_PROMPT: "0",
      },
      encoding: "buffer",
      maxBuffer: GIT_OUTPUT_BYTES_MAX,
      timeout: GIT_MS_MAX,
      killSignal: "SIGKILL",
      windowsHide: true,
      signal,
    });
    return ok(namesIn(stdout));
  } catch (error) {
    if (isAbort(error)) throw error;
    return failed(gitFault(error, root));
  }
};

/** Names that end with NUL, each once: git lists a file in conflict once for each side. */
const namesIn = (output: Uint8Array): readonly ListedPath[] => {
  const names = new Map<string, ListedPath>();
  let from = 0;
  for (let end = output.indexOf(0); end !== -1; end = output.indexOf(0, from)) {
    const bytes = output.subarray(from, end);
    const text = utf8Text(bytes);
    const path = text ?? new TextDecoder().decode(bytes);
    names.set(path, { path, readable: text !== undefined });
    from = end + 1;
  }
  return [...names.values()];
};

const gitFault = (error: unknown, root: string): WorkspaceFault => {
  const code = errorCode(error);
  if (code === "ENOENT") {
    return fault("WORKSPACE_UNREADABLE", "the workspace is a git repository, but there is no git to ask", {
      help: "install git, or open a folder outside the repository",
    });
  }
  if (code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER")
    return tooManyPaths("git lists more than 64 MiB of names");
  const said = stderrOf(error);
  const message = `git does not list the workspace's files: ${visibleExcerpt(said, 300)}`;
  if (!said.includes("dubious ownership")) return fault("WORKSPACE_UNREADABLE", message);
  return fault("WORKSPACE_UNREADABLE", message, {
    help: `if you trust it: git config --global --add safe.directory ${visibleExcerpt(root, 300)}`,
  });
};

const stderrOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null || !("stderr" in error)) return errorCode(error);
  const text = error.stderr instanceof Uint8Array ? new TextDecoder().decode(error.stderr) : "";
  return text.split("\n", 1)[0] ?? "";
};

const walkedPaths = async (
  root: string,
  signal: AbortSignal,
): Promise<Result<readonly ListedPath[], WorkspaceFault>> => {
  const found: ListedPath[] = [];
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    throwIfAborted(signal);
    try {
      for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
        if (entry.name.startsWith(".")) continue;
        const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory()) folders.push(path);
        else found.push({ path, readable: true });
      }
    } catch (error) {
      return failed(readFault(error));
    }
    if (found.length > LISTED_PATHS_MAX)
      return failed(tooManyPaths(`it has more than ${LISTED_PATHS_MAX} files`));
  }
  return ok(found);
};

const tooManyPaths = (why: string): WorkspaceFault =>
  fault("WORKSPACE_TOO_LARGE", `the workspace is too large for a run: ${why}`, {
    help: "open a smaller folder, or have git ignore what a run does not need",
  });
