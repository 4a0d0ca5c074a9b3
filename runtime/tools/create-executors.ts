import { sha256OfBytes } from "#kernel/digest.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { Spend, ToolExecutor } from "#ports/executor.ts";
import type { WorkspaceFiles } from "#ports/workspace-files.ts";

import { builtinExecutor } from "./builtin-executor.ts";
import { listFilesTool, readFileTool, writeFileTool } from "./file-tools.ts";
import { runJavascriptTool, shellTool } from "./program-tools.ts";
import { publishFileTool } from "./publish-file.ts";
import type { RunFiles } from "./run-files.ts";

export interface ExecutorDeps {
  readonly files: RunFiles;
  readonly workspace: WorkspaceFiles;
  readonly crypto: Pick<Crypto, "sha256">;
  /** Of the gate that these executors act for. */
  readonly spend: Spend;
}

/**
 * The executors of a run: one for each built-in tool that its tier can run. Which of them the run
 * is offered is for the gate to say.
 */
export const createExecutors = ({
  files,
  workspace,
  crypto,
  spend,
}: ExecutorDeps): readonly ToolExecutor[] => {
  const digest = (bytes: Uint8Array): Sha256 => sha256OfBytes(crypto.sha256(bytes));
  return [
    readFileTool(files),
    listFilesTool({ files, digest }),
    writeFileTool(files),
    runJavascriptTool({ files, digest }),
    shellTool({ files, digest }),
    publishFileTool({ files, workspace, digest }),
  ]
    .map((tool) => builtinExecutor(tool, spend))
    .filter((executor) => executor.descriptor.tiers.includes(files.tier));
};
