import type { JsonObject } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";

/**
 * The engine that evaluates policies. It knows Cedar and nothing of layers, requirements or
 * agents: those are folded around it by pure code in `policy/`.
 *
 * A decider may be lost at any call (one deep text ends a Cedar module for good); it heals by
 * itself, and what was asked meanwhile is a fault, which the gate reads as denied.
 */
export interface Decider {
  /** Parses and checks named sets; answers with one error per bad policy. A loaded set stays until replaced under its name. */
  load(
    sets: readonly PolicySet[],
    signal: AbortSignal,
  ): Promise<Result<readonly PolicySetProblem[], DeciderFault>>;
  /** Evaluates one request against several loaded sets, in their order. */
  decide(
    request: CedarRequest,
    sets: readonly string[],
    signal: AbortSignal,
  ): Promise<Result<readonly SetAnswer[], DeciderFault>>;
  close(): Promise<void>;
}

export interface PolicySet {
  readonly name: string;
  /** Cedar text by policy id, one policy each. */
  readonly policies: { readonly [policyId: string]: string };
}

export interface PolicySetProblem {
  readonly set: string;
  readonly policyId: string;
  readonly message: string;
  readonly help: string | null;
  /** UTF-8 byte offsets into the policy's text, as Cedar gives them. */
  readonly bytes: readonly [start: number, end: number] | null;
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
  readonly entities: readonly {
    readonly uid: CedarEntityReference;
    readonly attrs: JsonObject;
    readonly parents: readonly CedarEntityReference[];
  }[];
}

export interface SetAnswer {
  readonly set: string;
  readonly allowed: boolean;
  /** Ids of the policies that made the answer. */
  readonly determining: readonly string[];
  readonly errors: readonly { readonly policyId: string; readonly message: string }[];
}

export type DeciderFault = Fault<"DECIDER_LOST" | "DECIDER_TIMEOUT" | "DECIDER_REFUSED">;
