import type { JsonObject } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";

/**
 * The engine that evaluates policies. It knows Cedar and nothing of layers, requirements or
 * agents: those are folded around it by pure code in `policy/`.
 *
 * A decider may be lost at any call (one deep text ends a Cedar module for good); it heals by
 * itself, and what was asked meanwhile is a fault, which the gate reads as denied. Every method
 * rejects with an AbortError when its signal is aborted, and never otherwise.
 */
export interface Decider {
  /** Parses policies and checks them against a schema in Cedar's schema syntax. Loads nothing. */
  check(
    policies: CedarPolicies,
    schema: string,
    signal: AbortSignal,
  ): Promise<Result<PolicyCheck, DeciderFault>>;
  /** Parses named sets; none of them is loaded when one is refused. A set stays until replaced or unloaded. */
  load(
    sets: readonly PolicySet[],
    signal: AbortSignal,
  ): Promise<Result<readonly PolicySetProblem[], DeciderFault>>;
  /** Forgets sets. Their memory is given back in time, not at once; unknown names are fine. */
  unload(names: readonly string[]): void;
  /** Evaluates one request against several loaded sets, in their order. A set that is not loaded is `DECIDER_REFUSED`. */
  decide(
    request: CedarRequest,
    sets: readonly string[],
    signal: AbortSignal,
  ): Promise<Result<readonly SetAnswer[], DeciderFault>>;
  /** Ends everything; later calls are `DECIDER_LOST`. Safe to call twice. */
  close(): Promise<void>;
}

/** Cedar text by policy id, one policy each. */
export type CedarPolicies = { readonly [policyId: string]: string };

export interface PolicySet {
  readonly name: string;
  readonly policies: CedarPolicies;
}

export interface PolicySetProblem {
  readonly set: string;
  readonly policyId: string;
  readonly message: string;
}

export interface PolicyCheck {
  readonly problems: readonly PolicyCheckProblem[];
  /** What each policy that was parsed says, as the engine read it. */
  readonly shapes: { readonly [policyId: string]: PolicyShape };
}

export interface PolicyCheckProblem {
  readonly policyId: string;
  /** `syntax`: not Cedar. `schema`: outside the schema. `impossible`: can hold for no request of the schema. */
  readonly kind: "syntax" | "schema" | "impossible";
  readonly message: string;
  readonly help: string | null;
  /** UTF-8 byte offsets into the policy's text, as Cedar gives them. */
  readonly bytes: readonly [start: number, end: number] | null;
}

export interface PolicyShape {
  readonly effect: "permit" | "forbid";
  /**
   * These parts of the scope as Cedar text with one blank between words, none around `::` and ids as
   * `cedarString` writes them: `principal`, `principal is Agent in AgentFolder::"."`.
   */
  readonly principal: string;
  readonly resource: string;
  /** Null for every action; else the operator of the scope and the ids of its `Action` entities. */
  readonly action: { readonly operator: "==" | "in"; readonly ids: readonly string[] } | null;
  /** An annotation without a value has an empty one. */
  readonly annotations: { readonly [key: string]: string };
}

export interface CedarEntityReference {
  readonly type: string;
  readonly id: string;
}

export interface CedarRequest {
  readonly principal: CedarEntityReference;
  readonly action: CedarEntityReference;
  readonly resource: CedarEntityReference;
  /** Already in Cedar's JSON form; only `jsonToCedar` and our own constants make it. */
  readonly context: JsonObject;
  readonly entities: readonly CedarEntity[];
}

export interface CedarEntity {
  readonly uid: CedarEntityReference;
  readonly attrs: JsonObject;
  readonly parents: readonly CedarEntityReference[];
}

export interface SetAnswer {
  readonly set: string;
  readonly allowed: boolean;
  /** Ids of the policies that made the answer: all permits that hold, or all forbids that do. */
  readonly determining: readonly string[];
  readonly errors: readonly { readonly policyId: string; readonly message: string }[];
}

export type DeciderFault = Fault<"DECIDER_LOST" | "DECIDER_TIMEOUT" | "DECIDER_REFUSED">;
