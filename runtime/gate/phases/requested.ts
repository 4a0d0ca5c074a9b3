import { throwIfAborted } from "#kernel/abort.ts";
import type { EntryId } from "#kernel/ids.ts";
import type { Conversation } from "../conversation.ts";
import { asJson } from "../frozen-json.ts";
import type { ModelHow } from "../model-candidate.ts";
import { refusalText } from "../refusal-text.ts";
import type { Subject } from "../subject.ts";
import type { World } from "../world.ts";
import { record, remainingMs } from "../world.ts";
import type { Approved } from "./approved.ts";
import type { Step } from "./phase.ts";
import { broken, next, Phase, stop } from "./phase.ts";

export interface RequestedContent {
  readonly subject: Subject;
  readonly how: ModelHow;
  /** At least 1. */
  readonly timeoutMs: number;
  /** `model.requested`. */
  readonly entry: EntryId;
}

/** The ledger has the request; from here on the model may be asked. */
export class Requested extends Phase<RequestedContent> {
  protected readonly name = "requested";

  private constructor(content: RequestedContent) {
    super(content);
  }

  static async record(
    world: World,
    approved: Approved<ModelHow>,
    conversation: Conversation,
    signal: AbortSignal,
  ): Promise<Step<Requested>> {
    throwIfAborted(signal);
    const { subject, how, fingerprint, conditions, cause } = approved.consume();
    const { identity } = subject;
    const timeoutMs = Math.floor(
      Math.min(world.run.limits.modelMsMax, conditions.timeoutMs ?? Infinity, remainingMs(world)),
    );
    if (timeoutMs < 1) {
      return stop({ identity, refusal: "time-exhausted", text: refusalText("time-exhausted"), cause });
    }
    const recorded = await record(
      world,
      {
        type: "model.requested",
        cause,
        public: {
          callId: identity.callId,
          model: how.model.id,
          iteration: identity.iteration,
          messages: world.runDigest("messages", how.request.messages.map(asJson)),
          tools: how.tools,
          tokensMax: how.request.tokensMax,
          fingerprint,
          state: how.state,
        },
        content: { messages: conversation.entryPart(how) },
        labels: identity.labels,
        feeds: false,
      },
      "none",
    );
    if (!recorded.ok) return broken(recorded.fault);
    conversation.recorded(how);
    return next(new Requested({ subject, how, timeoutMs, entry: recorded.value.id }));
  }
}
