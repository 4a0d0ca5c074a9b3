import type { JsonObject } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import type { FileProblem } from "#host/plan-run.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import type {
  Decision,
  Explanation,
  PolicyRequest,
  PrincipalReference,
} from "#protocol/policy-vocabulary.ts";

import type { Environment } from "./command.ts";

/** What the policy commands need from the host; nothing here runs an agent. */
export interface PolicyCommandDeps {
  /** The text that a person named: a file, or standard input for `-`. */
  readText(named: string, environment: Environment): Promise<Result<string, Fault<string>>>;
  /** The arguments of a tool's call as a run would put them to the policies, or why it would refuse them. */
  readonly readArguments: (tool: string, given: JsonObject) => Result<JsonObject, Fault<string>>;
  /** Loads the rules that a run of the agent would have. Whoever opens closes, also after a refusal. */
  open(question: PolicyQuestion, signal: AbortSignal): Promise<Result<OpenedPolicies, PolicyRefusal>>;
}

export interface PolicyQuestion {
  /** As the person named it. */
  readonly agentFile: string;
  /** Null for the only agent of the file. */
  readonly agent: string | null;
  /** A folder of `.cedar` files in place of the workspace's, or null. */
  readonly policies: string | null;
  readonly environment: Environment;
}

export interface OpenedPolicies {
  readonly principal: PrincipalReference;
  /** The tier that the agent's file names, or the weakest. */
  readonly tier: SandboxTier;
  /** What is worth knowing about the files and keeps nothing from being decided. */
  readonly warnings: readonly FileProblem[];
  /** Texts of the files by the names that problems and citations have. */
  readonly texts: ReadonlyMap<string, string>;
  decide(request: PolicyRequest, signal: AbortSignal): Promise<Decision>;
  explain(request: PolicyRequest, signal: AbortSignal): Promise<Explanation>;
  close(): Promise<void>;
}

export type PolicyRefusal =
  /** Files that do not say what could be enforced. */
  | {
      readonly k: "problems";
      readonly problems: readonly FileProblem[];
      readonly texts: ReadonlyMap<string, string>;
    }
  /** A wrong name, or a path that cannot be read. */
  | { readonly k: "usage"; readonly fault: Fault<string> }
  /** The engine or a file of the product is missing or refuses. */
  | { readonly k: "unavailable"; readonly fault: Fault<string> };
