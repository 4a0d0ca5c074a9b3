import type { CallId } from "#kernel/ids.ts";
import { isJsonObject, ownText, ownValue } from "#kernel/json.ts";
import type { Fault } from "#kernel/result.ts";
import { fault } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { PastEntry, RunPast } from "#agent/index.ts";
import { decisionsOf, HOST_DIED } from "#agent/index.ts";
import type { WorkspaceFiles } from "#ports/workspace-files.ts";
import type { RunFilePath } from "#sandbox/run-file-path.ts";
import { namedFile } from "#tools/index.ts";

/** Where a call puts a file into the workspace, as it was decided; null for any other call, and where that cannot be read. */
export const publishedPath = (decided: RunPast["decided"], callId: string): RunFilePath | null => {
  const entry = decided.get(callId);
  if (entry === undefined || ownValue(entry.public, "tool") !== "publish_file") return null;
  const given = ownValue(entry.content, "arguments");
  const path = isJsonObject(given) ? ownValue(given, "path") : undefined;
  const file = typeof path === "string" ? namedFile(path) : null;
  return file?.ok === true ? file.value : null;
};

/**
 * Removes what publishes left in the workspace whose process died before it recorded how they ended. For
 * each that stays, gives why.
 *
 * @param entries of a run that nobody works on.
 */
export const removeLeftPublishes = async (
  workspace: Pick<WorkspaceFiles, "removeLeft">,
  entries: readonly PastEntry[],
): Promise<readonly Fault<"PUBLISH_LEFT">[]> => {
  const decided = decisionsOf(entries);
  const stay: Fault<"PUBLISH_LEFT">[] = [];
  for (const callId of lostCalls(entries)) {
    const path = publishedPath(decided, callId);
    if (path === null) continue;
    const removed = await workspace.removeLeft(path, callId);
    if (!removed.ok) stay.push(stays(path, removed.fault.message));
  }
  return stay;
};

/** Calls that were begun, and of which nobody saw the end. */
const lostCalls = (entries: readonly PastEntry[]): readonly CallId[] => {
  const seen = new Set(
    entries
      .filter(({ type }) => type === "action.completed" || type === "effect.unknown")
      .filter(({ public: fields }) => ownValue(fields, "code") !== HOST_DIED)
      .map(({ public: fields }) => ownValue(fields, "callId")),
  );
  return entries
    .filter(({ type, public: fields }) => type === "action.intended" && !seen.has(ownValue(fields, "callId")))
    .map(({ public: fields }) => ownText(fields, "callId") as CallId);
};

const stays = (path: RunFilePath, why: string): Fault<"PUBLISH_LEFT"> =>
  fault(
    "PUBLISH_LEFT",
    `what an interrupted publish of \`${visibleText(path)}\` left beside it could not be removed: ${why}`,
    {
      help: "its name begins with `.writ-` and ends with `.tmp`; no run needs it, so it can be removed by hand",
    },
  );
