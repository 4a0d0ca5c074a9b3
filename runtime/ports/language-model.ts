import type { Fault } from "#kernel/result.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";

/**
 * A model that answers one request with a stream of events. The last event is `finished` or
 * `failed`, and a stream that ends otherwise is treated as failed. A tool call is handed out only
 * after the provider said why it finished, never from a cut stream. It asks its provider once: to
 * ask again is for the gate, which puts that on record.
 *
 * Not promised: that the same request is answered alike twice, or that usage is exact.
 */
export interface LanguageModel {
  /** `<provider>:<name>` as evidence and policy name it. */
  readonly id: string;
  /**
   * False where asking costs nothing and no data leaves the process (scripted, replayed). A server on
   * this machine counts as remote: nobody here knows what it passes on.
   */
  readonly remote: boolean;
  /** Most tokens that one answer may be asked for; absent where any number will do. */
  readonly outputTokensMax?: number;
  /** Absent where it is not known; then nobody guesses what an answer cost. */
  readonly price?: ModelPrice;
  /**
   * Resolves when somebody is there to be asked; absent where to ask is the way to find out. A wait here
   * takes nothing of a call's time. Rejects with an AbortError when aborted.
   */
  ready?(signal: AbortSignal): Promise<void>;
  stream(request: ModelRequest, options: { readonly signal: AbortSignal }): AsyncIterable<ModelEvent>;
}

export interface ModelRequest {
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolDescriptor[];
  /** Most tokens of the answer; at least 1, and no more than the model's `outputTokensMax`. */
  readonly tokensMax: number;
}

export type ModelMessage =
  | { readonly role: "system" | "user"; readonly text: string }
  | { readonly role: "assistant"; readonly text: string; readonly toolCalls: readonly ModelToolCall[] }
  | { readonly role: "tool"; readonly callId: string; readonly text: string };

export interface ModelToolCall {
  /** The provider's own id for the call; data, never a path or key. */
  readonly callId: string;
  readonly tool: string;
  /** The arguments as the model wrote them: text until parsed within limits. */
  readonly argumentsText: string;
}

export type ModelEvent =
  | { readonly k: "text-delta"; readonly text: string }
  | {
      readonly k: "finished";
      readonly reason: "stop" | "tool-calls" | "length" | "refused";
      readonly text: string;
      readonly toolCalls: readonly ModelToolCall[];
      readonly usage: ModelUsage;
    }
  | { readonly k: "failed"; readonly fault: ModelFault };

/** What a provider takes, in US dollars for a million tokens of each kind. */
export interface ModelPrice {
  readonly inputUsdPerMillion: number;
  /** For input that the provider still had from an earlier request. */
  readonly cachedInputUsdPerMillion: number;
  readonly outputUsdPerMillion: number;
}

export interface ModelUsage {
  readonly inputTokens: number;
  /** How many of the input tokens the provider still had; absent where it did not say. */
  readonly cachedInputTokens?: number;
  readonly outputTokens: number;
  readonly source: "reported" | "estimated";
}

export type ModelFault = Fault<
  "MODEL_UNAVAILABLE" | "MODEL_REFUSED" | "MODEL_BAD_ANSWER" | "MODEL_TIMEOUT" | "MODEL_EXHAUSTED"
> & {
  /** Present where the same request may be sent again at once, without a person. */
  readonly again?: ModelAgain;
};

export interface ModelAgain {
  /** How long the provider wants nobody to ask, in milliseconds from now; null where it did not say. */
  readonly afterMs: number | null;
}
