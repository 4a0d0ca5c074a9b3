import type { Clock } from "#ports/clock.ts";
import type { ModelPrice } from "#ports/language-model.ts";
import type { Exchange } from "./http-exchange.ts";
import type { OpenAiLimits } from "./limits.ts";

/** A model behind an endpoint that speaks OpenAI's chat completions, with everything that binds it. */
export interface OpenAiModel {
  /** As evidence, policies and consent name it; it holds the endpoint's URL. */
  readonly id: string;
  /** As the provider calls it. */
  readonly name: string;
  /** Without a slash at the end; `/chat/completions` is added to it. Only `http` and `https`. */
  readonly baseUrl: string;
  /** Sent to the origin of `baseUrl` and nowhere else; null sends none. */
  readonly key: string | null;
  /** What to do when the key is refused. */
  readonly keyHelp: string;
  /** Most tokens that one answer is asked for, whatever the run has left. */
  readonly outputTokensMax: number;
  readonly price: ModelPrice | null;
}

export interface OpenAiDeps {
  readonly clock: Clock;
  readonly exchange?: Exchange;
  readonly limits?: OpenAiLimits;
}
