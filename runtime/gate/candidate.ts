import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { PreparedCall } from "#ports/executor.ts";
import type { Refusal } from "./contract.ts";
import type { Identity } from "./subject.ts";

/** Something proposed, in the one form that the phases take: what it is, and how it would be done. */
export interface Candidate<How> {
  readonly identity: Identity;
  /** What was proposed, as evidence for the case that nothing can be prepared from it. */
  evidence(): { readonly tool: string | null; readonly arguments: JsonValue };
  /** Says what the action would touch, without touching it. May throw. */
  prepare(signal: AbortSignal): Promise<Preparation<How>>;
}

/** A fault that was met before anything was decided. */
export interface Foreseen {
  /** As entries take it. */
  readonly code: string;
  /** For the model, so bounded and visible. */
  readonly why: string;
}

export type Preparation<How> =
  | {
      readonly k: "prepared";
      /** The arguments before they were prepared, or null where there are no others. */
      readonly given: JsonObject | null;
      /** Need not be frozen yet. */
      readonly call: PreparedCall;
      readonly how: How;
      /** Why it would fail, for nobody before it is permitted; null when nothing is known. */
      readonly foreseen: Foreseen | null;
    }
  | {
      readonly k: "refused";
      readonly refusal: Refusal;
      /** Why, when the refusal does not say it all; for the model, so bounded and visible. */
      readonly why: string | null;
    };
