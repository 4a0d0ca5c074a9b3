import type { Sha256 } from "#kernel/digest.ts";
import type { CallId, EntryId } from "#kernel/ids.ts";
import type { PreparedCall, SupposedCall } from "#ports/executor.ts";
import type { ActionName, PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { POLICY_VOCABULARY_VERSION } from "#protocol/policy-vocabulary.ts";
import type { Fingerprinter } from "./fingerprint.ts";
import { asJson } from "./frozen-json.ts";
import { joinLabels } from "./labels.ts";
import type { World } from "./world.ts";

/** Which action this is, from the proposal to its last entry. */
export interface Identity {
  readonly callId: CallId;
  readonly reference: string;
  readonly action: ActionName;
  /** A tool of this build; null for another action, and for a name that is no tool, which stands nowhere in public. */
  readonly tool: string | null;
  readonly labels: readonly string[];
  readonly iteration: number;
  readonly ordinal: number;
  readonly cause: EntryId | null;
}

/** Everything that is decided about one action: frozen, and bound by its fingerprint as a whole. */
export interface Subject {
  readonly identity: Identity;
  readonly call: PreparedCall;
  /** Its arguments and resource are those of `call`. */
  readonly request: PolicyRequest;
}

/** `prepared` is already frozen. */
export const subjectOf = (world: World, proposed: Identity, prepared: PreparedCall): Subject => {
  const identity = Object.freeze({ ...proposed, labels: joinLabels(proposed.labels, prepared.labels) });
  // What the call writes carries all of them, so its executor is handed all of them.
  const call = Object.freeze({ ...prepared, labels: identity.labels });
  return Object.freeze({ identity, call, request: requestOf(world, identity, call) });
};

/** What is put to the policies about a call; `labels` are all that it carries. */
export const requestOf = (
  { run, recorder }: World,
  { action, tool, labels, iteration }: Pick<Identity, "action" | "tool" | "labels" | "iteration">,
  call: SupposedCall,
): PolicyRequest =>
  Object.freeze({
    v: POLICY_VOCABULARY_VERSION,
    principal: run.principal,
    onBehalfOf: run.onBehalfOf,
    ancestors: run.ancestors,
    action,
    tool: action === "tool_call" ? tool : null,
    resource: call.resource,
    arguments: call.arguments,
    context: Object.freeze({
      run: recorder.run,
      iteration,
      sandboxTier: run.tier,
      labels,
      inputs: run.inputs,
    }),
  });

/** The keyed fingerprint of all that a subject says; see fingerprint.ts for its encoding. */
export const fingerprintOf = (fingerprint: Fingerprinter, { identity, call, request }: Subject): Sha256 =>
  fingerprint("call", {
    callId: identity.callId,
    // Arguments and resource are the call's own objects and go in once.
    request: { ...asJson(request), arguments: null, resource: null },
    call: asJson(call),
  });
