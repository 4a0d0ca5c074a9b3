import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { ModelToolCall } from "#ports/language-model.ts";
import type { Labels } from "./labels.ts";

/**
 * Everything that can happen to a run. Each input is one entry of the ledger that *feeds*, and
 * nothing else reaches the transition: no clock, no chance, no file.
 */
export type RunInput =
  | { readonly k: "started"; readonly inputs: JsonObject }
  | {
      readonly k: "model-answered";
      readonly finish: "stop" | "tool-calls" | "length" | "refused";
      readonly text: string;
      readonly toolCalls: readonly ModelToolCall[];
      readonly inputTokens: number;
      readonly outputTokens: number;
    }
  | { readonly k: "model-failed"; readonly code: string; readonly explanation: string }
  /** The rules do not let the run ask its model. */
  | { readonly k: "model-denied"; readonly text: string }
  | {
      readonly k: "call-settled";
      readonly reference: string;
      readonly status: CallStatus;
      /** For the model. */
      readonly text: string;
      /** For bodies. */
      readonly value: JsonValue;
      /** Of the call and its result together. */
      readonly labels: Labels;
      readonly changes: readonly FileChange[];
    }
  /** The run's sandbox went, and no call of a program can be done any more. */
  | { readonly k: "sandbox-lost"; readonly text: string }
  | { readonly k: "response-settled"; readonly status: CallStatus; readonly text: string }
  /** Something under way was lost with its host and did no harm: it is still to be done. */
  | { readonly k: "lost" }
  /** A call was sent off when its host died. Until a person says what became of it, it is neither settled nor to be done. */
  | {
      readonly k: "effect-lost";
      readonly callId: string;
      readonly reference: string;
      readonly labels: Labels;
    }
  | { readonly k: "effect-told"; readonly callId: string; readonly happened: boolean }
  | { readonly k: "body-advanced" }
  | { readonly k: "limit-reached"; readonly limit: "WALL_TIME" | "TOOL_TIME" }
  | { readonly k: "cancelled" };

export type CallStatus = "done" | "failed" | "denied" | "refused" | "unknown";

export interface FileChange {
  readonly path: string;
  readonly kind: "created" | "changed" | "removed";
}
