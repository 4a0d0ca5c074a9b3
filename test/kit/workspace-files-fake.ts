import { createHash } from "node:crypto";

import { throwIfAborted } from "#kernel/abort.ts";
import { utf8 } from "#kernel/bytes.ts";
import { byCodeUnits } from "#kernel/canonical-json.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { WorkspaceFault, WorkspaceFiles } from "#ports/workspace-files.ts";
import { runFilePath } from "#sandbox/run-file-path.ts";

/** A workspace in memory, with what a test does behind the product's back. */
export interface FakeWorkspace extends WorkspaceFiles {
  /** Every file as it stands, by path. */
  readonly contents: Map<string, Uint8Array>;
  /** Every publish from now on ends like this; null for as it should. */
  failWith(fault: WorkspaceFault | null): void;
}

export const createFakeWorkspace = (files: Readonly<Record<string, string>> = {}): FakeWorkspace => {
  const contents = new Map(Object.entries(files).map(([path, text]) => [path, utf8(text) as Uint8Array]));
  let failure: WorkspaceFault | null = null;

  const digestOf = (path: string): Result<Sha256 | null, WorkspaceFault> => {
    const name = runFilePath(path);
    if (!name.ok) return failed(fault("WORKSPACE_BAD_PATH", name.fault.message));
    const below = [...contents.keys()].some((other) => other.startsWith(`${path}/`));
    const above = path
      .split("/")
      .slice(0, -1)
      .some((_, depth, parts) => contents.has(parts.slice(0, depth + 1).join("/")));
    if (below || above) return failed(fault("WORKSPACE_BAD_PATH", "a folder and a file would have one name"));
    const bytes = contents.get(path);
    return ok(bytes === undefined ? null : sha256(bytes));
  };

  return {
    contents,
    failWith: (next) => {
      failure = next;
    },
    async snapshot(signal) {
      throwIfAborted(signal);
      const entries = [...contents].sort(([left], [right]) => byCodeUnits(left, right));
      return ok({ files: entries.map(([path, bytes]) => ({ path, bytes, executable: false })), leftOut: [] });
    },
    digest: async (path) => digestOf(path),
    async publish(path, bytes, base, _call) {
      if (failure !== null) return failed(failure);
      const now = digestOf(path);
      if (!now.ok) return now;
      if (now.value !== base) return failed(fault("WORKSPACE_CHANGED", "the file is not what it was"));
      contents.set(path, bytes.slice());
      return ok(undefined);
    },
    // Nobody dies in the middle of a publish here, which therefore leaves nothing.
    removeLeft: async (path) => {
      const name = digestOf(path);
      return name.ok ? ok(undefined) : name;
    },
  };
};

const sha256 = (bytes: Uint8Array): Sha256 => sha256OfBytes(createHash("sha256").update(bytes).digest());
