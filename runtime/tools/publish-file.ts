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
import type { BuiltinTool } from "./builtin-executor.ts";
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
    const bytes = await files.read(path, { bytesMax: SNAPSHOT_BYTES_MAX, signal });
    if (!bytes.ok) return bytes;
    const before = files.inWorkspace(path);
    if (before !== null && equalBytes(before, bytes.value)) {
      return failed(fault("TOOL_NOT_FOUND", `the run has changed nothing in \`${visibleText(path)}\``));
    }
    const base = before === null ? null : digest(before);
    const standing = await workspace.digest(path);
    if (!standing.ok) return failed(asTool(standing.fault));
    if (standing.value !== base) return failed(conflict(path));
    return ok({
      arguments: given,
      resource: {
        type: "File",
        id: entityId(path),
        attributes: {
          change: before === null ? "created" : "changed",
          size_bytes: bytes.value.length,
          labels: files.labelsOf([path]),
        },
      },
      labels: files.labelsOf([path]),
      preview: preview(path, before, bytes.value),
      details: { content: digest(bytes.value), base },
    });
  },

  async act(call, { signal }) {
    const path = textOf(call.arguments, "path");
    const bytes = await files.read(path, { bytesMax: SNAPSHOT_BYTES_MAX, signal });
    if (!bytes.ok) return bytes;
    if (digest(bytes.value) !== digestOf(call.details, "content")) {
      const why = `\`${visibleText(path)}\` was changed by the run after the publish was proposed`;
      return failed(fault("TOOL_CONFLICT", why));
    }
    const published = await workspace.publish(path, bytes.value, digestOf(call.details, "base"));
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

/** A digest among the details that `plan` made. */
const digestOf = (details: JsonObject, name: "base" | "content"): Sha256 | null => {
  const value = Object.hasOwn(details, name) ? details[name] : undefined;
  invariant(value === null || (typeof value === "string" && isSha256(value)), `${name} is a digest or null`);
  return value;
};

const conflict = (path: string): ToolFault =>
  fault(
    "TOOL_CONFLICT",
    `the workspace's \`${visibleText(path)}\` is not what the run started from, so it is not replaced`,
  );

const CODES: Readonly<Record<WorkspaceFault["code"], ToolFault["code"]>> = {
  WORKSPACE_UNREADABLE: "TOOL_UNAVAILABLE",
  WORKSPACE_READ_ONLY: "TOOL_UNAVAILABLE",
  WORKSPACE_DISK_FULL: "TOOL_UNAVAILABLE",
  WORKSPACE_TOO_LARGE: "TOOL_TOO_LARGE",
  WORKSPACE_BAD_PATH: "TOOL_ARGUMENTS_INVALID",
  WORKSPACE_CHANGED: "TOOL_CONFLICT",
};

const asTool = (from: WorkspaceFault): ToolFault => ({ ...from, code: CODES[from.code] });
