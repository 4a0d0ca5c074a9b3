import { isSha256 } from "#kernel/digest.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { ScopeId } from "#kernel/ids.ts";
import type { JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownText, ownValue } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { PastEntry, RunPast } from "#agent/index.ts";
import type { ArtefactStore } from "#ports/ledger.ts";
import type { SandboxFile } from "#ports/sandbox.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import type { PastCall } from "#tools/index.ts";
import { resumeFiles } from "#tools/index.ts";

import { publishedPath } from "./left-publishes.ts";
import type { ResumedSandbox } from "./run-session.ts";

/**
 * The files that an interrupted run had, and what of its sandbox is lost; null where it had not got
 * any yet.
 *
 * @param happened lost calls of which a person says now that they happened.
 */
export const resumedSandbox = async (
  artefacts: Pick<ArtefactStore, "get">,
  scope: ScopeId,
  past: RunPast,
  happened: ReadonlySet<string>,
): Promise<Result<ResumedSandbox | null, Fault<string>>> => {
  if (past.sandbox === null) return ok(null);
  const begun = await filesAtFirst(artefacts, scope, past.sandbox);
  if (!begun.ok) return begun;
  const calls = pastCalls(past, happened);
  if (calls === undefined) return failed(UNREADABLE);
  const resumed = await resumeFiles(begun.value, calls, artefacts, scope);
  if (!resumed.ok) return resumed;
  const wasChanging = past.open.actions.some(
    ({ entry }) => toolOf(entry)?.effects.includes("writes-run-files") === true,
  );
  return ok({ ...resumed.value, lost: wasChanging ? "processes-and-changes" : "processes" });
};

const UNREADABLE = fault("RESUME_INCOMPLETE", "the record of the run's files cannot be read");

const toolOf = ({ public: fields }: Pick<PastEntry, "public">) =>
  BUILTIN_TOOLS.find(({ name }) => name === ownValue(fields, "tool"));

/** The part `files` of `sandbox.opened`: one artefact with all files, and the place of each in it. */
const filesAtFirst = async (
  artefacts: Pick<ArtefactStore, "get">,
  scope: ScopeId,
  { content }: PastEntry,
): Promise<Result<readonly SandboxFile[], Fault<string>>> => {
  const part = ownValue(content, "files");
  const digest = isJsonObject(part) ? ownValue(part, "pack") : undefined;
  const places = isJsonObject(part) ? ownValue(part, "files") : undefined;
  if (typeof digest !== "string" || !isSha256(digest) || !Array.isArray(places)) return failed(UNREADABLE);
  const pack = await artefacts.get(scope, digest);
  if (!pack.ok) return pack;
  const files: SandboxFile[] = [];
  for (const place of places as readonly JsonValue[]) {
    if (!isJsonObject(place)) return failed(UNREADABLE);
    const { path, offset, sizeBytes, executable } = place;
    if (typeof path !== "string" || typeof offset !== "number" || typeof sizeBytes !== "number") {
      return failed(UNREADABLE);
    }
    const bytes = pack.value.slice(offset, offset + sizeBytes);
    if (bytes.length !== sizeBytes) return failed(UNREADABLE);
    files.push({ path, bytes, executable: executable === true });
  }
  return ok(files);
};

/** What the run's calls did to its files and to the workspace, in their order; undefined where that cannot be read. */
const pastCalls = (past: RunPast, happened: ReadonlySet<string>): readonly PastCall[] | undefined => {
  const calls: PastCall[] = [];
  for (const entry of past.journal) {
    const { type, public: fields, labels } = entry;
    if (type === "person.intervened" && ownValue(fields, "act") === "EFFECT_HAPPENED") {
      calls.push(...publishOf(past, ownText(fields, "target")));
    }
    if (type !== "action.completed") continue;
    const changes = readChanges(ownValue(entry.content, "changes"));
    if (changes === undefined) return undefined;
    if (ownValue(fields, "action") === "publish_file") {
      calls.push(...changes.map(({ path }) => ({ k: "published" as const, path })));
    } else calls.push({ k: "changed", changes, labels });
  }
  for (const callId of happened) calls.push(...publishOf(past, callId));
  return calls;
};

/** A publish that nobody saw the end of, and that happened as a person says. */
const publishOf = ({ decided }: RunPast, callId: string): readonly PastCall[] => {
  const path = publishedPath(decided, callId);
  return path === null ? [] : [{ k: "published", path }];
};

const readChanges = (
  value: JsonValue | undefined,
): readonly { readonly path: string; readonly digest: Sha256 | null }[] | undefined => {
  if (!Array.isArray(value)) return undefined;
  const changes: { path: string; digest: Sha256 | null }[] = [];
  for (const change of value as readonly JsonValue[]) {
    if (!isJsonObject(change) || typeof change["path"] !== "string") return undefined;
    const digest = ownValue(change, "digest");
    if (digest !== null && (typeof digest !== "string" || !isSha256(digest))) return undefined;
    changes.push({ path: change["path"], digest });
  }
  return changes;
};
