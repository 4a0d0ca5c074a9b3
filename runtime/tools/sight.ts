import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { invariant } from "#kernel/invariant.ts";
import { isJsonObject, ownValue } from "#kernel/json.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { PrepareOptions, ToolFault } from "#ports/executor.ts";
import type { SandboxFileInfo } from "#ports/sandbox.ts";
import { noSuchFile } from "#sandbox/file-set.ts";

import { callOfTool } from "./builtin-executor.ts";
import { asToolResult } from "./run-files.ts";
import type { RunFiles } from "./run-files.ts";

/*
 * What a call sees of the run's files: those that `read_file` may read in its place. It is decided
 * when the call is prepared and stands in its details, so that the evidence has it and what is
 * executed is what was decided.
 */

export interface SightDeps {
  readonly files: RunFiles;
  readonly digest: (bytes: Uint8Array) => Sha256;
}

export interface Sight {
  readonly shown: readonly SandboxFileInfo[];
  readonly hidden: ReadonlySet<string>;
}

/** Most that the names of the shown or of the hidden files may have as JSON: they are recorded with the call. */
export const SIGHT_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Decides what a call with these labels sees below a folder. As details: how many files there are
 * (`count`), a digest of their names (`names`), and `hidden` or `shown`, whichever is shorter.
 */
export const decideSight = async (
  { files, digest }: SightDeps,
  { folder, labels }: { readonly folder: string; readonly labels: readonly string[] },
  { wouldAllow, signal }: PrepareOptions,
): Promise<Result<JsonObject, ToolFault>> => {
  const listed = await filesBelow(files, folder, signal);
  if (!listed.ok) return listed;
  const paths = listed.value.map(({ path }) => path);
  const reads = paths.map((path) => callOfTool("read_file", { path }));
  const answers = await wouldAllow(reads, { labels, signal });
  const shown = paths.filter((_, index) => answers[index] === true);
  const hidden = paths.filter((_, index) => answers[index] !== true);
  const shorter = hidden.length <= shown.length ? { hidden } : { shown };
  if (utf8(canonicalJson(shorter)).length > SIGHT_BYTES_MAX) {
    return failed(
      fault("TOOL_TOO_LARGE", "the rules divide more files than one call can be recorded with", {
        help: "work in a smaller workspace, or write rules that permit or forbid whole folders of it",
      }),
    );
  }
  return ok({ count: paths.length, names: digest(namesOf(paths)), ...shorter });
};

/** What was decided, for the files as they are now; a conflict when these are not the files it was decided for. */
export const sightOf = async (
  { files, digest }: SightDeps,
  folder: string,
  details: JsonObject,
  signal: AbortSignal,
): Promise<Result<Sight, ToolFault>> => {
  const decided = ownValue(details, "files");
  invariant(isJsonObject(decided), "a call that sees files has what it sees among its details");
  const listed = await filesBelow(files, folder, signal);
  if (!listed.ok) return listed;
  const paths = listed.value.map(({ path }) => path);
  if (digest(namesOf(paths)) !== decided["names"]) {
    return failed(fault("TOOL_CONFLICT", "the run has other files now than when the call was proposed"));
  }
  const isShown = membership(decided);
  const shown = listed.value.filter(({ path }) => isShown(path));
  // A folder of which nothing may be seen is as if it were not there.
  if (shown.length === 0 && folder !== ".") return asToolResult(noSuchFile(folder));
  return ok({ shown, hidden: new Set(paths.filter((path) => !isShown(path))) });
};

/** A folder that is not there has no files: whether it is may not be the call's to know. */
const filesBelow = async (
  files: RunFiles,
  folder: string,
  signal: AbortSignal,
): Promise<Result<readonly SandboxFileInfo[], ToolFault>> => {
  const listed = await files.list(folder, signal);
  return !listed.ok && listed.fault.code === "TOOL_NOT_FOUND" ? ok([]) : listed;
};

/** No name holds a line feed. */
const namesOf = (paths: readonly string[]): Uint8Array => utf8(paths.join("\n"));

const membership = ({ shown, hidden }: JsonObject): ((path: string) => boolean) => {
  const named = new Set(pathsOf(shown ?? hidden));
  return shown === undefined ? (path) => !named.has(path) : (path) => named.has(path);
};

const pathsOf = (value: JsonValue | undefined): readonly JsonValue[] => {
  invariant(Array.isArray(value), "what a call sees is a list of paths");
  return value;
};
