import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";

import { utf8Text } from "#kernel/bytes.ts";
import { errorCode } from "#kernel/error-code.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { LoadedPolicies } from "#policy/index.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import type { PrincipalReference } from "#protocol/policy-vocabulary.ts";
import { agentEntityId } from "#protocol/entity-id.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { readToolArguments } from "#tools/index.ts";

import type { FileProblem } from "../plan-run.ts";
import { bindAgent } from "../plan-run.ts";
import { gatherPolicySources } from "../policy-sources.ts";
import { readSourceFile } from "../source-file.ts";
import { findWorkspace, workspacePath } from "../workspace.ts";
import { openLowering } from "./lowering.ts";
import { openPolicyEngine } from "./policies.ts";
import { policyFolders } from "./run.ts";

/** Which rules are asked about. */
export interface RulesOf {
  readonly agentFile: string;
  readonly agent: string | null;
  /** A folder of `.cedar` files in place of the workspace's, or null. */
  readonly policies: string | null;
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
}

export interface OpenedRules {
  readonly principal: PrincipalReference;
  /** The tier that the file names, or the weakest. */
  readonly tier: SandboxTier;
  readonly policies: LoadedPolicies;
  readonly warnings: readonly FileProblem[];
  readonly texts: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

export type RulesRefusal =
  | {
      readonly k: "problems";
      readonly problems: readonly FileProblem[];
      readonly texts: ReadonlyMap<string, string>;
    }
  | { readonly k: "usage" | "unavailable"; readonly fault: Fault<string> };

/** Loads the rules that a run of the agent would have, and runs nothing. */
export const openRules = async (
  question: RulesOf,
  signal: AbortSignal,
): Promise<Result<OpenedRules, RulesRefusal>> => {
  const absolute = resolve(question.cwd, question.agentFile);
  const bytes = await readSourceFile(absolute);
  if (!bytes.ok) return failed({ k: "usage", fault: bytes.fault });
  const folder = await findWorkspace(absolute, null);
  if (!folder.ok) return failed({ k: "usage", fault: folder.fault });
  const path = (await workspacePath(folder.value, absolute)) ?? basename(absolute).normalize("NFC");
  const folders = policyFolders(folder.value, question.variables, question.home);
  const chosen = question.policies;
  // Without the rules that somebody wants to try, every answer would be about others.
  if (chosen !== null && !(await isFolder(resolve(question.cwd, chosen)))) {
    const named = `\`${visibleText(chosen)}\``;
    return failed({
      k: "usage",
      fault: fault("HOST_NO_POLICIES", `there is no folder ${named} of policies`),
    });
  }
  const sources = await gatherPolicySources(
    chosen === null
      ? folders
      : folders.map((each) =>
          each.layer === "workspace"
            ? { ...each, folder: resolve(question.cwd, chosen), shownAs: chosen }
            : each,
        ),
  );
  if (!sources.ok) return failed({ k: "unavailable", fault: sources.fault });
  const texts = new Map([
    [path, utf8Text(bytes.value) ?? ""],
    ...sources.value.map((source) => [source.file, source.text] as const),
  ]);

  const engine = await openPolicyEngine();
  if (!engine.ok) return failed({ k: "unavailable", fault: engine.fault });
  const { decider } = engine.value;
  const lowering = openLowering();
  try {
    const bound = await bindAgent(
      { lowering, engine: engine.value.engine },
      { bytes: bytes.value, path, agent: question.agent, policySources: sources.value },
      signal,
    );
    if (bound.ok) {
      const { agent, policies, warnings } = bound.value;
      return ok({
        principal: { type: "Agent", id: agentEntityId(path, agent.name) },
        tier: agent.sandboxFloor?.tier ?? "wasm",
        policies,
        warnings,
        texts,
        close: () => decider.close(),
      });
    }
    await decider.close();
    return failed(bound.fault.k === "problems" ? { ...bound.fault, texts } : bound.fault);
  } catch (error) {
    await decider.close();
    throw error;
  } finally {
    await lowering.close();
  }
};

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Longest standard input that is read, in bytes. */
const INPUT_BYTES_MAX = 4 * 1024 * 1024;

/** The text of a file, or of standard input for `-`. */
export const readNamedText = async (named: string, cwd: string): Promise<Result<string, Fault<string>>> => {
  const bytes = named === "-" ? await readStandardInput() : await readSourceFile(resolve(cwd, named));
  if (!bytes.ok) return bytes;
  const text = utf8Text(bytes.value);
  if (text !== undefined) return ok(text);
  const shown = named === "-" ? "standard input" : `\`${visibleText(named)}\``;
  return failed(fault("HOST_NOT_TEXT", `${shown} is not UTF-8 text`));
};

const readStandardInput = async (): Promise<Result<Uint8Array, Fault<string>>> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of process.stdin) {
      const bytes = chunk as Uint8Array;
      length += bytes.length;
      if (length > INPUT_BYTES_MAX) {
        return failed(
          fault("HOST_INPUT_TOO_LARGE", `at most ${INPUT_BYTES_MAX} bytes of standard input are read`),
        );
      }
      chunks.push(bytes);
    }
  } catch (error) {
    return failed(fault("HOST_INPUT_UNREADABLE", `standard input cannot be read (${errorCode(error)})`));
  }
  return ok(new Uint8Array(Buffer.concat(chunks)));
};

/** The arguments of a call as a run would put them to the policies; those of a tool that is none stay as they are. */
export const readCallArguments = (tool: string, given: JsonObject): Result<JsonObject, Fault<string>> => {
  const descriptor = BUILTIN_TOOLS.find(({ name }) => name === tool);
  return descriptor === undefined ? ok(given) : readToolArguments(descriptor, given);
};
