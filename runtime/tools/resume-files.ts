import { byCodeUnits } from "#kernel/canonical-json.ts";
import type { ScopeId } from "#kernel/ids.ts";
import { ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { ToolChange } from "#ports/executor.ts";
import type { ArtefactStore, LedgerFault } from "#ports/ledger.ts";
import type { SandboxFile } from "#ports/sandbox.ts";

/** What one call of a run changed, from the entry that ended the call. */
export type PastCall =
  /** In the run's files. */
  | {
      readonly k: "changed";
      readonly changes: readonly Pick<ToolChange, "path" | "digest">[];
      readonly labels: readonly string[];
    }
  /** In the workspace: it has from then on what the run had there. */
  | { readonly k: "published"; readonly path: string };

export interface ResumedFiles {
  /** Sorted by path. */
  readonly files: readonly SandboxFile[];
  /** What the workspace had when the run began, or was given by it since; sorted by path. */
  readonly workspace: readonly SandboxFile[];
  readonly labels: ReadonlyMap<string, readonly string[]>;
}

/** The files of a run that was killed, from those it began with and what its calls did since, in their order. */
export const resumeFiles = async (
  begun: readonly SandboxFile[],
  calls: readonly PastCall[],
  artefacts: Pick<ArtefactStore, "get">,
  scope: ScopeId,
): Promise<Result<ResumedFiles, LedgerFault>> => {
  const files = new Map(begun.map((file) => [file.path, file]));
  const workspace = new Map(files);
  const labels = new Map<string, readonly string[]>();
  for (const call of calls) {
    if (call.k === "published") {
      const published = files.get(call.path);
      if (published !== undefined) workspace.set(call.path, published);
      continue;
    }
    for (const { path, digest } of call.changes) {
      if (digest === null) {
        files.delete(path);
        labels.delete(path);
        continue;
      }
      const bytes = await artefacts.get(scope, digest);
      if (!bytes.ok) return bytes;
      files.set(path, { path, bytes: bytes.value, executable: files.get(path)?.executable ?? false });
      labels.set(path, call.labels);
    }
  }
  return ok({ files: sorted(files), workspace: sorted(workspace), labels });
};

const sorted = (files: ReadonlyMap<string, SandboxFile>): readonly SandboxFile[] =>
  [...files.values()].sort((left, right) => byCodeUnits(left.path, right.path));
