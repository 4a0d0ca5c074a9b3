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

import { readFault, tooLarge } from "./disk-fault.ts";

/** Most names that are looked at; a workspace with more is too large anyway. */
const LISTED_PATHS_MAX = 200_000;

const GIT_MS_MAX_DEFAULT = 30_000;
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
  { gitMsMax }: { readonly gitMsMax: number } = { gitMsMax: GIT_MS_MAX_DEFAULT },
): Promise<Result<readonly ListedPath[], WorkspaceFault>> => {
  throwIfAborted(signal);
  return (await inRepository(root))
    ? gitPaths(root, environment, signal, gitMsMax)
    : walkedPaths(root, signal);
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
  gitMsMax: number,
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
      timeout: gitMsMax,
      killSignal: "SIGKILL",
      windowsHide: true,
      signal,
    });
    const names = namesIn(stdout);
    return names.length > LISTED_PATHS_MAX ? failed(tooManyFiles()) : ok(names);
  } catch (error) {
    if (isAbort(error)) throw error;
    return failed(gitFault(error, root, gitMsMax));
  }
};

/** Names that end with NUL, each once: git lists a file in conflict once for each side. */
const namesIn = (output: Uint8Array): readonly ListedPath[] => {
  const names = new Map<string, ListedPath>();
  let from = 0;
  for (let end = output.indexOf(0); end !== -1; end = output.indexOf(0, from)) {
    const name = nameOf(output.subarray(from, end));
    names.set(name.path, name);
    from = end + 1;
  }
  return [...names.values()];
};

const nameOf = (bytes: Uint8Array): ListedPath => {
  const text = utf8Text(bytes);
  return { path: text ?? new TextDecoder().decode(bytes), readable: text !== undefined };
};

const gitFault = (error: unknown, root: string, gitMsMax: number): WorkspaceFault => {
  const code = errorCode(error);
  if (code === "ENOENT") {
    return fault("WORKSPACE_UNREADABLE", "the workspace is a git repository, but there is no git to ask", {
      help: "install git, or open a folder outside the repository",
    });
  }
  if (code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return tooLarge("git lists more than 64 MiB of names");
  const said = stderrOf(error);
  const why = said === "" ? howEnded(error, gitMsMax) : visibleExcerpt(said, 300);
  const message = `git does not list the workspace's files: ${why}`;
  if (!said.includes("dubious ownership")) return fault("WORKSPACE_UNREADABLE", message);
  return fault("WORKSPACE_UNREADABLE", message, {
    help: `if you trust it: git config --global --add safe.directory ${visibleExcerpt(root, 300)}`,
  });
};

/** The first line of what git said; empty when it said nothing. */
const stderrOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null || !("stderr" in error)) return "";
  const text = error.stderr instanceof Uint8Array ? new TextDecoder().decode(error.stderr) : "";
  return text.split("\n", 1)[0] ?? "";
};

const howEnded = (error: unknown, gitMsMax: number): string => {
  const { code, killed } = error as { readonly code?: unknown; readonly killed?: unknown };
  if (killed === true) return `it did not answer within ${gitMsMax} ms`;
  return typeof code === "number" ? `it ended with code ${code}` : errorCode(error);
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
      const entries = await readdir(join(root, folder), { withFileTypes: true, encoding: "buffer" });
      for (const entry of entries) {
        const name = nameOf(entry.name);
        if (name.path.startsWith(".")) continue;
        const path = folder === "" ? name.path : `${folder}/${name.path}`;
        if (entry.isDirectory() && name.readable) folders.push(path);
        else found.push({ path, readable: name.readable });
      }
    } catch (error) {
      return failed(folder === "" ? readFault(error) : folderFault(folder, error));
    }
    if (found.length + folders.length > LISTED_PATHS_MAX) return failed(tooManyFiles());
  }
  return ok(found);
};

const folderFault = (folder: string, error: unknown): WorkspaceFault =>
  fault(
    "WORKSPACE_UNREADABLE",
    `the workspace's folder \`${visibleExcerpt(folder, 300)}\` cannot be read (${errorCode(error)})`,
    { help: "make the folder readable for you, or move it out of the workspace" },
  );

const tooManyFiles = (): WorkspaceFault => tooLarge(`it has more than ${LISTED_PATHS_MAX} files`);
