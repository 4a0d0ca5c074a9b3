import { isAbsolute, join, resolve } from "node:path";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createConsentFiles } from "#adapters/consent-files/consent-files.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { openScriptedModel } from "#adapters/models-scripted/index.ts";
import { createWasmSandbox } from "#adapters/wasm/wasm-sandbox.ts";
import { createWorkspaceFiles } from "#adapters/workspace-files/workspace-files.ts";
import type { RunId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { openLedger } from "#ledger/open-ledger.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { LanguageModel } from "#ports/language-model.ts";
import type { SandboxProvider } from "#ports/sandbox.ts";

import { recordInterruptedRuns } from "../interrupted-runs.ts";
import type { PolicyFolder } from "../policy-sources.ts";
import type { RunAgentDeps } from "../run-agent.ts";
import type { Workspace } from "../workspace.ts";
import type { LedgerPlace } from "./ledger.ts";
import { keyLostHelp, ledgerDeps } from "./ledger.ts";
import { digest } from "./policies.ts";
import { programFiles } from "./program-files.ts";

/** Every sandbox that this build has. */
export const sandboxProviders = (): readonly SandboxProvider[] => {
  const { sandboxChild, quickjsWasm, sandboxReadable } = programFiles();
  return [
    createWasmSandbox(
      { clock: systemClock, entropy: createSystemEntropy(), crypto: createNodeCrypto() },
      { entry: sandboxChild, readable: sandboxReadable, wasm: quickjsWasm },
    ),
  ];
};

const SCRIPTED = "scripted:";

/** The script behind the name of a model, which is the only kind of this build. */
export const scriptOf = (
  named: string | null,
): Result<string, Fault<"HOST_NO_MODEL" | "HOST_UNKNOWN_MODEL">> => {
  if (named === null) {
    return failed(
      fault("HOST_NO_MODEL", "no model is chosen", {
        help: "name one with --model; this build has `scripted:<file>`, which plays the answers of a file",
      }),
    );
  }
  return named.startsWith(SCRIPTED)
    ? ok(named.slice(SCRIPTED.length))
    : failed(
        fault("HOST_UNKNOWN_MODEL", "this build has no such model", { help: "it has `scripted:<file>`" }),
      );
};

/** The model that a person named. `cwd` is where the path of a script begins. */
export const openModel = async (
  named: string | null,
  cwd: string,
): Promise<Result<LanguageModel, Fault<string>>> => {
  const script = scriptOf(named);
  if (!script.ok) return script;
  return openScriptedModel(resolve(cwd, script.value), { name: script.value, clock: systemClock });
};

/** Where policies of the machine, the user and the workspace lie. */
export const policyFolders = (
  workspaceFolder: string,
  variables: Readonly<Record<string, string | undefined>>,
  home: string,
): readonly PolicyFolder[] => {
  const said = variables["XDG_CONFIG_HOME"] ?? "";
  // The specification says that a relative path is to be ignored.
  const [configuration, shown] = isAbsolute(said)
    ? [said, "$XDG_CONFIG_HOME"]
    : [join(home, ".config"), "~/.config"];
  return [
    { layer: "machine", folder: "/etc/writ/policies", shownAs: "/etc/writ/policies" },
    { layer: "user", folder: join(configuration, "writ", "policies"), shownAs: `${shown}/writ/policies` },
    { layer: "workspace", folder: join(workspaceFolder, "policies"), shownAs: "policies" },
  ];
};

export interface RunLedger {
  /** Whoever gets it closes it. */
  readonly writable: WritableLedger;
  /** Runs that an earlier writer left unfinished, which only now came on record. */
  readonly interrupted: readonly RunId[];
}

/** The ledger of a workspace, open for writing, with what an earlier writer left unfinished on record. */
export const openRunLedger = async (
  place: LedgerPlace,
  software: string,
): Promise<Result<RunLedger, Fault<string>>> => {
  const deps = ledgerDeps(place);
  const opened = await openLedger(deps, {
    workspace: place.workspace,
    software,
    isShared: place.folder !== null,
    keyLostHelp: keyLostHelp(place),
  });
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
      { crypto, entropy },
    ),
    clock: systemClock,
    crypto,
    entropy,
    digest,
  };
};
