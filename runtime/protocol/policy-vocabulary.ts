import type { Sha256 } from "#kernel/digest.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { SandboxTier } from "./agent-spec.ts";
import type { SourceRange } from "./source.ts";

/*
 * The closed sets that rules speak about, version 1. The specification with every attribute is
 * docs/formats/policy-vocabulary.md. What is not here cannot be asked for and is denied.
 */

export const POLICY_VOCABULARY_VERSION = 1;

export const ACTION_NAMES = [
  "tool_call",
  "respond",
  "terminate",
  "delegate",
  "send",
  "subscribe",
  "recall",
  "store",
  "publish_file",
  "http_request",
  "model_call",
  "create_agent",
  "allocate",
] as const;

export type ActionName = (typeof ACTION_NAMES)[number];

export const PRINCIPAL_TYPES = ["Agent", "TestRun", "User", "Client"] as const;
export type PrincipalType = (typeof PRINCIPAL_TYPES)[number];

export const RESOURCE_TYPES = ["Tool", "Topic", "File", "Host", "Model", "Agent", "Memory", "Run"] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

/** Weakest author first. Every layer can only narrow what the others allow. */
export const POLICY_LAYERS = ["builtin", "machine", "user", "workspace", "file"] as const;
export type PolicyLayer = (typeof POLICY_LAYERS)[number];

export interface PrincipalReference {
  readonly type: PrincipalType;
  /** For an agent `<path>#<name>`, workspace-relative, NFC, each part percent-encoded. */
  readonly id: string;
}

export interface OnBehalfOf {
  readonly kind: "user" | "schedule" | "webhook" | "agent";
  /** Operating-system user, schedule or webhook name, or the parent agent's id. */
  readonly id: string;
}

export interface PolicyRequest {
  readonly v: typeof POLICY_VOCABULARY_VERSION;
  readonly principal: PrincipalReference;
  readonly onBehalfOf: OnBehalfOf;
  /** Principals above this one, nearest first; each of them must be allowed too. */
  readonly ancestors: readonly PrincipalReference[];
  readonly action: ActionName;
  /** For `tool_call` the tool's name: the request's action is then the child `tool_call::<name>`. */
  readonly tool: string | null;
  readonly resource: {
    readonly type: ResourceType;
    readonly id: string;
    /** Attributes of the vocabulary page for this resource type; unknown ones are refused. */
    readonly attributes: JsonObject;
  };
  /** The call's arguments as the model or the body gave them; they enter Cedar only through jsonToCedar. */
  readonly arguments: JsonObject;
  readonly context: {
    readonly run: string;
    readonly iteration: number;
    readonly sandboxTier: SandboxTier;
    /** Sorted, without duplicates. */
    readonly labels: readonly string[];
    /** The agent's inputs by parameter name. */
    readonly inputs: JsonObject;
  };
}

export type DecisionOutcome = "allow" | "deny" | "allow-with-conditions" | "modify" | "step-up" | "defer";

/** `modify` and `defer` are in the format and refused by this version's gate. */
export const DECISION_OUTCOMES: readonly DecisionOutcome[] = [
  "allow",
  "deny",
  "allow-with-conditions",
  "modify",
  "step-up",
  "defer",
];

export interface RuleCitation {
  readonly layer: PolicyLayer;
  /** The rule's id: for a rule of an agent file the one of AgentSpec, for Cedar text `<file>#<ordinal>`. */
  readonly rule: string;
  readonly effect: "permit" | "forbid" | "require";
  /** Workspace-relative file, or `builtin`. */
  readonly file: string;
  readonly range: SourceRange | null;
  /** The rule as written, at most 2,000 characters. */
  readonly text: string;
}

export type Obligation =
  | {
      readonly k: "approval";
      readonly approvers: readonly string[];
      readonly min: number;
      readonly notInitiator: boolean;
      readonly rule: RuleCitation;
    }
  | { readonly k: "sandbox-tier"; readonly tier: SandboxTier; readonly rule: RuleCitation }
  | { readonly k: "timeout"; readonly timeoutMs: number; readonly rule: RuleCitation };

export type DenyReason =
  /** A rule forbids it. */
  | "forbidden"
  /** A layer that speaks about the action has no permit that holds. */
  | "not-permitted"
  /** No layer permits it at all. */
  | "no-permit"
  /** A policy erred and could have forbidden. */
  | "policy-error"
  /** The request could not be put to the policies (arguments too large, too deep, not encodable). */
  | "not-decidable"
  /** Something outside the vocabulary was asked for. */
  | "unknown";

export interface Decision {
  readonly v: typeof POLICY_VOCABULARY_VERSION;
  readonly outcome: DecisionOutcome;
  /** Null unless the outcome is `deny`. */
  readonly denyReason: DenyReason | null;
  /** One sentence for people: what was decided and why. */
  readonly summary: string;
  /** The rules that made the decision, deciding ones first. */
  readonly rules: readonly RuleCitation[];
  /** When denied for want of a permit: the layers that lack one and the rule that came nearest. */
  readonly missing: readonly {
    readonly layer: PolicyLayer;
    readonly nearest: RuleCitation | null;
    readonly why: string;
  }[];
  readonly obligations: readonly Obligation[];
  /** Errors that policies raised, by rule. */
  readonly errors: readonly { readonly rule: string; readonly message: string }[];
  /** Digest of the effective policies that were asked. */
  readonly policies: Sha256;
}

/** One source of rules for one layer, as given to compilation. */
export interface PolicySource {
  readonly layer: PolicyLayer;
  /** Workspace-relative file name, `builtin`, or a name of user or machine scope. */
  readonly file: string;
  readonly kind: "cedar" | "agent-file";
  readonly text: string;
}

/** What `writ policy evaluate` reads: a request with everything optional filled in by defaults. */
export type PolicyRequestDocument = { readonly [key: string]: JsonValue };
