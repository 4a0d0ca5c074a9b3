import { sha256OfBytes } from "#kernel/digest.ts";
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
export const createExecutors = ({ files, workspace, crypto, spend }: ExecutorDeps): readonly ToolExecutor[] =>
  [
    readFileTool(files),
    listFilesTool(files),
    writeFileTool(files),
    runJavascriptTool(files),
    shellTool(files),
    publishFileTool({ files, workspace, digest: (bytes) => sha256OfBytes(crypto.sha256(bytes)) }),
  ]
    .map((tool) => builtinExecutor(tool, spend))
    .filter((executor) => executor.descriptor.tiers.includes(files.tier));
