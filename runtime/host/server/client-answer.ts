import { fault } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { ModelEvent, ModelFault, ModelToolCall } from "#ports/language-model.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import type { Answer } from "#host/rpc/peer.ts";

type Said = Answer<"model/stream">;
type Finished = Extract<Said, { readonly k: "finished" }>;

/** Longest text of a client that a fault repeats, in characters. */
const SHOWN_CHARACTERS_MAX = 300;

/**
 * The events that end an answer of a client, after `streamed` was heard as deltas. The client is
 * trusted for nothing: what contradicts itself is no answer, and an answer that was cut by its
 * length or refused hands no tool call out, for the last may be half of one.
 */
export const lastEvents = (said: Said, streamed: string): readonly ModelEvent[] => {
  if (said.k === "failed") return [failure(faultSaid(said))];
  const { reason, text, usage } = said;
  if (!text.startsWith(streamed)) return [failure(badAnswer("it is another text than the one it streamed"))];
  const isWhole = reason === "stop" || reason === "tool-calls";
  const toolCalls = isWhole ? said.toolCalls : [];
  const wrong = isWhole ? contradiction(reason, toolCalls) : null;
  if (wrong !== null) return [failure(badAnswer(wrong))];
  const rest = text.slice(streamed.length);
  return [
    ...(rest === "" ? [] : [{ k: "text-delta", text: rest } as const]),
    { k: "finished", reason, text, toolCalls, usage },
  ];
};

const contradiction = (reason: Finished["reason"], toolCalls: readonly ModelToolCall[]): string | null => {
  if ((reason === "tool-calls") !== toolCalls.length > 0) {
    return "its reason to finish and its tool calls contradict each other";
  }
  const ids = new Set(toolCalls.map(({ callId }) => callId));
  return ids.size === toolCalls.length ? null : "two of its tool calls have the same id";
};

export const failure = (reason: ModelFault): ModelEvent => ({ k: "failed", fault: reason });

export const badAnswer = (why: string): ModelFault =>
  fault("MODEL_BAD_ANSWER", `the answer of the client cannot be used: ${why}`, { retryable: true });

/** A fault after which the same request may be sent again at once. */
export const passing = (code: "MODEL_UNAVAILABLE" | "MODEL_TIMEOUT", message: string): ModelFault => ({
  ...fault(code, message, { retryable: true }),
  again: { afterMs: null },
});

const CODES: readonly ModelFault["code"][] = [
  "MODEL_UNAVAILABLE",
  "MODEL_REFUSED",
  "MODEL_BAD_ANSWER",
  "MODEL_TIMEOUT",
  "MODEL_EXHAUSTED",
];

/** A failure that the client told; a code that is not ours counts by whether it may pass. */
const faultSaid = ({
  code: given,
  message,
  retryable,
}: Extract<Said, { readonly k: "failed" }>): ModelFault => {
  const shown = `the client's model failed: "${visibleExcerpt(message, SHOWN_CHARACTERS_MAX)}"`;
  const code = CODES.find((known) => known === given) ?? (retryable ? "MODEL_UNAVAILABLE" : "MODEL_REFUSED");
  return retryable && (code === "MODEL_UNAVAILABLE" || code === "MODEL_TIMEOUT")
    ? passing(code, shown)
    : fault(code, shown);
};

/** What it means that the call itself came to nothing. */
export const faultOfCall = ({ error, code, message, retryable }: CallFault): ModelFault => {
  const said = `"${visibleExcerpt(message, SHOWN_CHARACTERS_MAX)}" (${code})`;
  switch (error) {
    case "connection-lost":
      return passing("MODEL_UNAVAILABLE", "the client left in the middle of its answer");
    case "unavailable":
    case "cancelled":
      return retryable || error === "cancelled"
        ? passing("MODEL_UNAVAILABLE", `the client cannot answer now: ${said}`)
        : fault("MODEL_UNAVAILABLE", `the client cannot answer: ${said}`);
    case "refused":
      return fault("MODEL_REFUSED", `the client does not answer: ${said}`);
    default:
      return badAnswer(said);
  }
};
