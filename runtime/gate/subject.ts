import type { Sha256 } from "#kernel/digest.ts";
import type { CallId, EntryId } from "#kernel/ids.ts";
import type { PreparedCall } from "#ports/executor.ts";
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
  const { run } = world;
  const identity = Object.freeze({ ...proposed, labels: joinLabels(proposed.labels, prepared.labels) });
  // What the call writes carries all of them, so its executor is handed all of them.
  const call = Object.freeze({ ...prepared, labels: identity.labels });
  const request: PolicyRequest = {
    v: POLICY_VOCABULARY_VERSION,
    principal: run.principal,
    onBehalfOf: run.onBehalfOf,
    ancestors: run.ancestors,
    action: identity.action,
    tool: identity.action === "tool_call" ? identity.tool : null,
    resource: call.resource,
    arguments: call.arguments,
    context: Object.freeze({
      run: world.recorder.run,
      iteration: identity.iteration,
      sandboxTier: run.tier,
      labels: identity.labels,
      inputs: run.inputs,
    }),
  };
  return Object.freeze({ identity, call, request: Object.freeze(request) });
};

/** The keyed fingerprint of all that a subject says; see fingerprint.ts for its encoding. */
export const fingerprintOf = (fingerprint: Fingerprinter, { identity, call, request }: Subject): Sha256 =>
  fingerprint("call", {
    callId: identity.callId,
    // Arguments and resource are the call's own objects and go in once.
    request: { ...asJson(request), arguments: null, resource: null },
    call: asJson(call),
  });
