import { join } from "node:path";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createConsentFiles } from "#adapters/consent-files/consent-files.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createDockerSandboxes } from "#adapters/docker/docker-sandbox.ts";
import type { ContainerMemory } from "#adapters/docker/state-files.ts";
import { createContainerMemory } from "#adapters/docker/state-files.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { createWasmSandbox } from "#adapters/wasm/wasm-sandbox.ts";
import { createWorkspaceFiles } from "#adapters/workspace-files/workspace-files.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import { openLedger } from "#ledger/open-ledger.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { SandboxProvider } from "#ports/sandbox.ts";

import { type InterruptedRun, recordInterruptedRuns } from "../interrupted-runs.ts";
import type { PolicyFolder } from "../policy-sources.ts";
import type { RunAgentDeps } from "../run-agent.ts";
import type { Workspace } from "../workspace.ts";
import type { LedgerPlace } from "./ledger.ts";
import { ledgerDeps, ledgerOptions } from "./ledger.ts";
import { configurationFolder } from "./models.ts";
import { digest } from "./policies.ts";
import { programFiles } from "./program-files.ts";

/** What sandboxes take from a person's surroundings. */
export interface SandboxSurroundings {
  readonly stateDirectory: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Every sandbox that this build has. */
export const sandboxProviders = ({
  stateDirectory,
  variables,
}: SandboxSurroundings): readonly SandboxProvider[] => {
  const { sandboxChild, quickjsWasm, sandboxReadable } = programFiles();
  const deps = { clock: systemClock, entropy: createSystemEntropy(), crypto: createNodeCrypto() };
  const memory = containerMemory({ stateDirectory });
  return [
    createWasmSandbox(deps, { entry: sandboxChild, readable: sandboxReadable, wasm: quickjsWasm }),
    ...createDockerSandboxes(deps, { variables, memory }),
  ];
};

/** Whose containers are whose, as this user's state has it. */
export const containerMemory = ({
  stateDirectory,
}: Pick<SandboxSurroundings, "stateDirectory">): ContainerMemory =>
  createContainerMemory(join(stateDirectory, "sandbox"), {
    entropy: createSystemEntropy(),
    crypto: createNodeCrypto(),
  });

/** Where policies of the machine, the user and the workspace lie. */
export const policyFolders = (
  workspaceFolder: string,
  variables: Readonly<Record<string, string | undefined>>,
  home: string,
): readonly PolicyFolder[] => {
  const { folder, shownAs } = configurationFolder(variables, home);
  return [
    { layer: "machine", folder: "/etc/writ/policies", shownAs: "/etc/writ/policies" },
    { layer: "user", folder: join(folder, "policies"), shownAs: `${shownAs}/policies` },
    { layer: "workspace", folder: join(workspaceFolder, "policies"), shownAs: "policies" },
  ];
};

export interface RunLedger {
  /** Whoever gets it closes it. */
  readonly writable: WritableLedger;
  /** Runs that an earlier writer left unfinished, which only now came on record. */
  readonly interrupted: readonly InterruptedRun[];
}

/**
 * The ledger of a workspace, open for writing, with what an earlier writer left unfinished on record.
 *
 * @param onCommitted gets the lines of each group once they are durable; must not throw.
 */
export const openRunLedger = async (
  place: LedgerPlace,
  software: string,
  onCommitted?: (lines: readonly Uint8Array[]) => void,
): Promise<Result<RunLedger, Fault<string>>> => {
  const deps = { ...ledgerDeps(place), ...(onCommitted === undefined ? {} : { onCommitted }) };
  const opened = await openLedger(deps, ledgerOptions(place, software));
  if (!opened.ok) return opened;
  const { ledger } = opened.value;
  try {
    const interrupted = await recordInterruptedRuns(ledger, deps.store);
    if (interrupted.ok) return ok({ writable: ledger, interrupted: interrupted.value });
    await ledger.close();
    return interrupted;
  } catch (error) {
    await ledger.close();
    throw error;
  }
};

/** What a run takes from this machine, beside its plan and its ledger. */
export const runAdapters = (
  workspace: Workspace,
  { stateDirectory, folder }: Pick<LedgerPlace, "stateDirectory" | "folder">,
  variables: Readonly<Record<string, string | undefined>>,
): Pick<RunAgentDeps, "consents" | "workspace" | "clock" | "crypto" | "entropy" | "digest"> => {
  const crypto = createNodeCrypto();
  const entropy = createSystemEntropy();
  return {
    consents: createConsentFiles(join(stateDirectory, "consents", workspace.id)),
    workspace: createWorkspaceFiles(
      {
        root: workspace.folder,
        environment: variables,
        ownFolders: [stateDirectory, ...(folder === null ? [] : [folder])],
      },
      { crypto },
    ),
    clock: systemClock,
    crypto,
    entropy,
    digest,
  };
};
