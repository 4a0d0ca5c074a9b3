import type { Sha256 } from "#kernel/digest.ts";
import type { LanguageModel, ModelRequest } from "#ports/language-model.ts";
import type { PreparedCall } from "#ports/executor.ts";
import { entityId } from "#protocol/entity-id.ts";
import type { Candidate } from "./candidate.ts";
import type { ProposedModelCall } from "./contract.ts";
import { asJson, frozenJsonObject } from "./frozen-json.ts";
import { newCallId } from "./world.ts";
import type { World } from "./world.ts";

/** By streaming one answer of the run's model. */
export interface ModelHow {
  readonly k: "model";
  readonly model: LanguageModel;
  /** Frozen; the call's details bind its messages and tools. */
  readonly request: ModelRequest;
  /** Keyed digest of each message. */
  readonly messages: readonly Sha256[];
  readonly tools: Sha256;
  readonly state: Sha256;
}

const REQUEST_DEPTH_MAX = 16;

/** `model_call`. The policies see sizes and names; messages are content and bound by digests. */
export const modelCandidate = (
  world: World,
  model: LanguageModel,
  proposal: ProposedModelCall,
): Candidate<ModelHow> => ({
  identity: Object.freeze({
    callId: newCallId(world),
    reference: "model_call",
    action: "model_call",
    tool: null,
    labels: proposal.labels,
    iteration: proposal.iteration,
    ordinal: 0,
    cause: proposal.cause,
  }),
  evidence: () => ({ tool: null, arguments: null }),
  prepare() {
    // What is asked for is what is decided and recorded, so it is narrowed here and not by the adapter.
    const tokensMax = Math.min(proposal.request.tokensMax, model.outputTokensMax ?? Infinity);
    const copy = frozenJsonObject({ ...proposal.request, tokensMax }, REQUEST_DEPTH_MAX);
    if (copy === undefined)
      return Promise.resolve({ k: "refused", refusal: "arguments-malformed", why: null });
    const request = copy as unknown as ModelRequest;
    const messages = request.messages.map((message) => world.fingerprint("message", asJson(message)));
    const tools = world.digest(request.tools.map(asJson));
    const call: PreparedCall = {
      tool: "model_call",
      arguments: {
        messages: messages.length,
        tokensMax: request.tokensMax,
        tools: request.tools.map((tool) => tool.name),
      },
      resource: { type: "Model", id: entityId(model.id), attributes: { remote: model.remote, chosen: true } },
      labels: [],
      preview: null,
      details: { messages, tools },
    };
    const how: ModelHow = { k: "model", model, request, messages, tools, state: proposal.state };
    return Promise.resolve({ k: "prepared", given: null, call, how, foreseen: null });
  },
});
