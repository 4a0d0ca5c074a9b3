import { byCodeUnits } from "#kernel/canonical-json.ts";
import type { ScopeId } from "#kernel/ids.ts";
import { ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { ToolChange } from "#ports/executor.ts";
import type { ArtefactStore, LedgerFault } from "#ports/ledger.ts";
import type { SandboxFile } from "#ports/sandbox.ts";

/** What one call of a run changed in the run's files, from the entry that ended the call. */
export interface PastCall {
  readonly changes: readonly ToolChange[];
  readonly labels: readonly string[];
}

export interface ResumedFiles {
  /** Sorted by path. */
  readonly files: readonly SandboxFile[];
  readonly labels: ReadonlyMap<string, readonly string[]>;
}

/**
 * The files of a run that was killed, from those it began with and what its calls changed since, in
 * their order. Publishes are no part of it: they changed the workspace and not the run's files.
 */
export const resumeFiles = async (
  begun: readonly SandboxFile[],
  calls: readonly PastCall[],
  artefacts: ArtefactStore,
  scope: ScopeId,
): Promise<Result<ResumedFiles, LedgerFault>> => {
  const files = new Map(begun.map((file) => [file.path, file]));
  const labels = new Map<string, readonly string[]>();
  for (const call of calls) {
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
  return ok({ files: [...files.values()].sort((left, right) => byCodeUnits(left.path, right.path)), labels });
};
