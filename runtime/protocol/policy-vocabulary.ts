import type { Sha256 } from "#kernel/digest.ts";
import type { JsonObject } from "#kernel/json.ts";
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

/** Actions that no part of this release puts to the policies: what a rule says of them holds nothing back yet. */
export const UNASKED_ACTIONS: readonly ActionName[] = [
  "delegate",
  "send",
  "subscribe",
  "recall",
  "store",
  "create_agent",
  "allocate",
];

/** Those that no agent asks for: requests are made by tests of an API only. */
export const UNASKED_BY_AGENTS: readonly ActionName[] = [...UNASKED_ACTIONS, "http_request"];

export const PRINCIPAL_TYPES = ["Agent", "TestRun", "User", "Client"] as const;
export type PrincipalType = (typeof PRINCIPAL_TYPES)[number];

export const RESOURCE_TYPES = ["Tool", "Topic", "File", "Host", "Model", "Agent", "Memory", "Run"] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

/** What each action may act on; any other pair is unknown and denied. */
export const ACTION_RESOURCES: Readonly<Record<ActionName, readonly ResourceType[]>> = {
  tool_call: ["Tool"],
  respond: ["Run"],
  terminate: ["Run"],
  delegate: ["Agent"],
  send: ["Topic", "Agent"],
  subscribe: ["Topic"],
  recall: ["Memory"],
  store: ["Memory"],
  publish_file: ["File"],
  http_request: ["Host"],
  model_call: ["Model"],
  create_agent: ["Agent"],
  allocate: ["Run"],
};

/** What publishing may do to a file of the workspace. */
export const FILE_CHANGES = ["created", "changed", "removed"] as const;

export type AttributeType = "string" | "long" | "boolean" | "string-set";

export interface AttributeDescriptor {
  readonly name: string;
  readonly type: AttributeType;
  /**
   * `given` is in the request and must be; `optional` may be in it, and rules ask with `has`;
   * `defaulted` is `[]` when it is not in the request; `derived` is computed from the id, and a
   * request that holds it must hold the same value.
   */
  readonly from: "given" | "optional" | "defaulted" | "derived";
  readonly summary: string;
}

const attribute = (
  name: string,
  type: AttributeType,
  from: AttributeDescriptor["from"],
  summary: string,
): AttributeDescriptor => ({ name, type, from, summary });

const LABELS = attribute("labels", "string-set", "defaulted", "Data-flow labels of the resource itself.");

/** Attributes of principals; all are derived from the id. */
export const PRINCIPAL_ATTRIBUTES: Readonly<Record<PrincipalType, readonly AttributeDescriptor[]>> = {
  Agent: [
    attribute("name", "string", "derived", "Name of the agent in its file."),
    attribute("path", "string", "derived", "Path of its file in the workspace."),
    attribute("labels", "string-set", "derived", "Always empty: who acts carries no labels."),
  ],
  TestRun: [attribute("name", "string", "derived", "Name of the test run.")],
  User: [attribute("name", "string", "derived", "Operating-system user.")],
  Client: [attribute("name", "string", "derived", "Name under which the caller is registered.")],
};

/** Attributes of resources. An attribute that is not here is unknown, and a request with it is denied. */
export const RESOURCE_ATTRIBUTES: Readonly<Record<ResourceType, readonly AttributeDescriptor[]>> = {
  Tool: [
    attribute("name", "string", "derived", "Name of the tool."),
    attribute("server", "string", "derived", "Who offers the tool; `builtin` for the tools of the product."),
    attribute("verified", "boolean", "derived", "Whether the tool's description is signed by a pinned key."),
    attribute("effects", "string-set", "derived", "What a call may change; see the tool's descriptor."),
    attribute("risk", "string", "derived", "`low`, `medium` or `high`."),
    attribute("idempotent", "boolean", "derived", "False when a failed call may have had an effect."),
    LABELS,
  ],
  File: [
    attribute("path", "string", "derived", "Path in the workspace."),
    attribute("folded_path", "string", "derived", "The path as the most forgiving file system reads it."),
    attribute("name", "string", "derived", "Last part of the path."),
    attribute("extension", "string", "derived", "Folded text behind the name's last dot, or empty."),
    attribute("change", "string", "given", "`created`, `changed` or `removed`."),
    attribute("size_bytes", "long", "given", "Size of the new content; 0 for a removed file."),
    LABELS,
  ],
  Host: [
    attribute("scheme", "string", "derived", "`https` or `http`."),
    attribute("host", "string", "derived", "Host name or address, in lower case and ASCII."),
    attribute("port", "long", "derived", "Port, also where the origin leaves it out."),
    attribute("method", "string", "given", "HTTP method in upper case."),
    attribute("path", "string", "given", "Path of the request target, without query."),
    LABELS,
  ],
  Model: [
    attribute("provider", "string", "derived", "Text before the first colon of the id."),
    attribute("name", "string", "derived", "Text behind the first colon of the id."),
    attribute("remote", "boolean", "given", "Whether asking it sends data off the machine."),
    attribute("chosen", "boolean", "given", "Whether it is the model that the run was started with."),
    LABELS,
  ],
  Agent: [
    attribute("name", "string", "derived", "Name of the agent in its file."),
    attribute("path", "string", "derived", "Path of its file in the workspace."),
    LABELS,
  ],
  Topic: [attribute("name", "string", "derived", "Name of the topic."), LABELS],
  Memory: [attribute("name", "string", "derived", "Name of the memory."), LABELS],
  Run: [
    attribute("within_profile", "boolean", "optional", "With `allocate`: whether the profile covers it all."),
    attribute("memory_bytes", "long", "optional", "With `allocate`: memory that is asked for."),
    attribute("timeout_ms", "long", "optional", "With `allocate`: wall time that is asked for."),
    attribute("tokens", "long", "optional", "With `allocate`: model tokens that are asked for."),
    LABELS,
  ],
};

/** Attributes of the context besides `args` and `inputs`, which are records by parameter name. */
export const CONTEXT_ATTRIBUTES: readonly AttributeDescriptor[] = [
  attribute("run", "string", "given", "Id of the run."),
  attribute("iteration", "long", "given", "Turn of the loop, from 1; 0 outside it."),
  attribute("sandbox_tier", "string", "given", "`wasm`, `docker` or `gvisor`."),
  attribute("labels", "string-set", "given", "Labels of everything that the call was made from."),
  attribute("depth", "long", "derived", "Number of principals above this one; 0 for who was started."),
];

/** Fields of the record `context.on_behalf_of`. */
export const ON_BEHALF_OF_ATTRIBUTES: readonly AttributeDescriptor[] = [
  attribute("kind", "string", "given", "`user`, `schedule`, `webhook`, `agent` or `client`."),
  attribute(
    "id",
    "string",
    "given",
    "Operating-system user, schedule, webhook, parent agent's id or client.",
  ),
];

/** Weakest author first. Every layer can only narrow what the others allow. */
export const POLICY_LAYERS = ["builtin", "machine", "user", "workspace", "file"] as const;
export type PolicyLayer = (typeof POLICY_LAYERS)[number];

/** What people call the layers. */
export const POLICY_LAYER_NAMES: Readonly<Record<PolicyLayer, string>> = {
  builtin: "built-in layer",
  machine: "machine's layer",
  user: "user's layer",
  workspace: "workspace's layer",
  file: "agent's file",
};

export interface PrincipalReference {
  readonly type: PrincipalType;
  /** For an agent `<path>#<name>`, workspace-relative, NFC, each part percent-encoded. */
  readonly id: string;
}

export const ON_BEHALF_OF_KINDS = ["user", "schedule", "webhook", "agent", "client"] as const;

export interface OnBehalfOf {
  /** `agent` exactly when the nearest principal above is an agent. */
  readonly kind: (typeof ON_BEHALF_OF_KINDS)[number];
  /** Operating-system user, schedule or webhook name, the parent agent's id, or the client's. */
  readonly id: string;
}

/** Longest chain of principals above the acting one. */
export const ANCESTORS_MAX = 16;

/** Most labels of a request, and the longest text of its context, of `onBehalfOf` or of an attribute, in UTF-16 code units. */
export const LABELS_MAX = 256;
export const REQUEST_TEXT_CHARACTERS_MAX = 4_096;

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
  /** The call's arguments as they will be executed; they enter Cedar only through jsonToCedar. */
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
  /** The rule as written, at most `CITED_CHARACTERS_MAX`. */
  readonly text: string;
}

/** Longest text of a rule that a citation carries, in UTF-16 code units. */
export const CITED_CHARACTERS_MAX = 2_000;

/** Most people that one requirement can ask for, and most names that it can give to choose from. */
export const APPROVALS_MAX = 16;
export const APPROVERS_MAX = 64;

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

export const DENY_REASONS = [
  /** A rule forbids it. */
  "forbidden",
  /** A layer that speaks about the action has no permit that holds. */
  "not-permitted",
  /** No layer permits it at all. */
  "no-permit",
  /** A policy erred and could have forbidden. */
  "policy-error",
  /** The request could not be put to the policies: arguments or inputs too large, of another type, not encodable. */
  "not-decidable",
  /** Something outside the vocabulary was asked for. */
  "unknown",
] as const;

export type DenyReason = (typeof DENY_REASONS)[number];

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
  /** Errors that policies raised, of the principals up to the one that decided. */
  readonly errors: readonly { readonly rule: string; readonly message: string }[];
  /** Digest of the effective policies that were asked. */
  readonly policies: Sha256;
}

/** A decision with what each layer says to it. */
export interface Explanation {
  readonly decision: Decision;
  /** Layers that have anything to say about the action, for each principal in turn, weakest author first. */
  readonly layers: readonly LayerExplanation[];
  /** What could be written to permit it, one line each; empty where writing a permit would not help. */
  readonly suggestion: readonly Suggestion[];
  /** What stands in the way where a permit that opens more than was asked for is no answer: sentences for people. */
  readonly advice: readonly string[];
}

export interface LayerExplanation {
  readonly layer: PolicyLayer;
  readonly says: "forbids" | "errs" | "permits" | "does-not-permit" | "silent";
  readonly rules: readonly RuleExplanation[];
}

export interface RuleExplanation {
  readonly rule: RuleCitation;
  readonly holds: "yes" | "no" | "error";
  /** Why it does not hold; null where it does or nobody can say. */
  readonly why: string | null;
}

export interface Suggestion {
  /** Where it would stand: the agent's own policy, or a Cedar file of a layer. */
  readonly where: "file" | "workspace";
  readonly text: string;
}

/** One source of rules for one layer, as given to compilation. */
export interface PolicySource {
  readonly layer: PolicyLayer;
  /** Workspace-relative file name, `builtin`, or a name of user or machine scope. */
  readonly file: string;
  readonly kind: "cedar" | "agent-file";
  readonly text: string;
}
