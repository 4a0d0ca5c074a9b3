import type { Sha256 } from "#kernel/digest.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { ModelHow } from "./model-candidate.ts";
import { asJson } from "./frozen-json.ts";

/**
 * Knows what the ledger already has of the run's conversation, so that a request of fifty messages
 * does not seal forty-nine again: `messages` of `model.requested` is how many of the request
 * before are kept, from the first, and those that follow them.
 */
export interface Conversation {
  entryPart(how: ModelHow): JsonValue;
  /** The request is on record. */
  recorded(how: ModelHow): void;
}

export const createConversation = (): Conversation => {
  let known: readonly Sha256[] = [];
  return {
    entryPart({ messages, request }) {
      const differs = messages.findIndex((digest, index) => digest !== known[index]);
      const kept = differs < 0 ? messages.length : differs;
      return { kept, added: request.messages.slice(kept).map(asJson) };
    },
    recorded({ messages }) {
      known = messages;
    },
  };
};
