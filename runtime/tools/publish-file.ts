import { equalBytes } from "#kernel/bytes.ts";
import { isSha256 } from "#kernel/digest.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { invariant } from "#kernel/invariant.ts";
import type { JsonObject } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { ToolFault } from "#ports/executor.ts";
import { SNAPSHOT_BYTES_MAX } from "#ports/workspace-files.ts";
import type { WorkspaceFault, WorkspaceFiles } from "#ports/workspace-files.ts";
import { entityId } from "#protocol/entity-id.ts";

import { textOf } from "./builtin-executor.ts";
import type { BuiltinTool, Plan } from "./builtin-executor.ts";
import { preview } from "./file-tools.ts";
import type { RunFiles } from "./run-files.ts";

const PUBLISH_TIMEOUT_MS = 30_000;

export interface PublishDeps {
  readonly files: RunFiles;
  readonly workspace: WorkspaceFiles;
  readonly digest: (bytes: Uint8Array) => Sha256;
}

/**
 * The one way from a run's files to the workspace. The call names by digest what will be written
 * and what must still stand there; both are looked at again when it is done, so a person who saw
 * the difference agreed to exactly that.
 */
export const publishFileTool = ({ files, workspace, digest }: PublishDeps): BuiltinTool => ({
  name: "publish_file",
  timeoutMsDefault: PUBLISH_TIMEOUT_MS,

  async plan(given, { signal }) {
    const path = textOf(given, "path");
    const before = files.inWorkspace(path);
    const after = await files.read(path, { bytesMax: SNAPSHOT_BYTES_MAX, signal });
    const labels = files.labelsOf([path]);
    const attributes = {
      change: before === null ? "created" : "changed",
      size_bytes: after.ok ? after.value.length : await sizeOf(files, path, signal),
      labels,
    };
    return {
      resource: { type: "File", id: entityId(path), attributes },
      labels,
      deed: after.ok ? await replacement({ workspace, digest }, path, before, after.value) : after,
    };
  },

  async act(call, { callId, signal }) {
    const path = textOf(call.arguments, "path");
    const bytes = await files.read(path, { bytesMax: SNAPSHOT_BYTES_MAX, signal });
    if (!bytes.ok) return bytes;
    if (digest(bytes.value) !== digestOf(call.details, "content")) {
      const why = `\`${visibleText(path)}\` was changed by the run after the publish was proposed`;
      return failed(fault("TOOL_CONFLICT", why));
    }
    const published = await workspace.publish(path, bytes.value, digestOf(call.details, "base"), callId);
    if (!published.ok) return failed(asTool(published.fault));
    const change = await files.published(path, bytes.value);
    if (!change.ok) return change;
    return ok({
      text: `published ${path} (${bytes.value.length} bytes)`,
      value: null,
      labels: [],
      changes: [change.value],
    });
  },
});

/** What a publish would put in a file's place, or why it cannot. */
const replacement = async (
  { workspace, digest }: Pick<PublishDeps, "workspace" | "digest">,
  path: string,
  before: Uint8Array | null,
  after: Uint8Array,
): Promise<Plan["deed"]> => {
  if (before !== null && equalBytes(before, after)) {
    return failed(fault("TOOL_NOT_FOUND", `the run has changed nothing in \`${visibleText(path)}\``));
  }
  const base = before === null ? null : digest(before);
  const standing = await workspace.digest(path);
  if (!standing.ok) return failed(asTool(standing.fault));
  if (standing.value !== base) return failed(conflict(path, base, standing.value));
  return ok({ preview: preview(path, before, after), details: { content: digest(after), base } });
};

/** Bytes of a file that is not read, such as one that is too large; 0 where the run has none. */
const sizeOf = async (files: RunFiles, path: string, signal: AbortSignal): Promise<number> => {
  const listed = await files.list(path, signal);
  const found = listed.ok ? listed.value.find((file) => file.path === path) : undefined;
  return found?.sizeBytes ?? 0;
};

/** A digest among the details that `plan` made. */
const digestOf = (details: JsonObject, name: "base" | "content"): Sha256 | null => {
  const value = Object.hasOwn(details, name) ? details[name] : undefined;
  invariant(value === null || (typeof value === "string" && isSha256(value)), `${name} is a digest or null`);
  return value;
};

/** @param base what the run started from. @param standing what is there now, which is something else. */
const conflict = (path: string, base: Sha256 | null, standing: Sha256 | null): ToolFault => {
  const shown = `\`${visibleText(path)}\``;
  if (base === null) {
    return fault("TOOL_CONFLICT", `${shown} stands in the workspace, and this run did not start from it`, {
      help: "it came later or is kept from runs, as hidden files and keys are; publish under another name",
    });
  }
  const became = standing === null ? "was removed" : "was changed by somebody else";
  return fault(
    "TOOL_CONFLICT",
    `${shown} ${became} in the workspace since this run began, so it is not published`,
    { help: "look at the file as it is now; a new run starts from it" },
  );
};

const CODES: Readonly<Record<WorkspaceFault["code"], ToolFault["code"]>> = {
  WORKSPACE_UNREADABLE: "TOOL_UNAVAILABLE",
  WORKSPACE_READ_ONLY: "TOOL_UNAVAILABLE",
  WORKSPACE_DISK_FULL: "TOOL_UNAVAILABLE",
  WORKSPACE_TOO_LARGE: "TOOL_TOO_LARGE",
  WORKSPACE_BAD_PATH: "TOOL_ARGUMENTS_INVALID",
  WORKSPACE_CHANGED: "TOOL_CONFLICT",
};

const asTool = (from: WorkspaceFault): ToolFault => ({ ...from, code: CODES[from.code] });
