import type { Sha256 } from "#kernel/digest.ts";
import type { Surface } from "#protocol/consent.ts";

/** A surface where a person consents to what an agent may do, before its first run and when it wants more. */
export interface ConsentAsker {
  /** Resolves with the person's answer; nobody to ask is never a yes. Rejects with an AbortError when aborted. */
  ask(question: ConsentQuestion, signal: AbortSignal): Promise<ConsentAnswer>;
}

export interface ConsentQuestion {
  /** `Agent::"…"`. */
  readonly principal: string;
  readonly digest: Sha256;
  /** The powers for people, one fact a line, already visible. */
  readonly lines: readonly string[];
  /** What is new since the consent that came nearest, already visible; `[]` when there is none. */
  readonly widened: readonly string[];
}

export type ConsentAnswer =
  | { readonly k: "given"; readonly by: string; readonly surface: Surface }
  | { readonly k: "refused"; readonly by: string; readonly surface: Surface }
  /** Nobody could be asked; `help` says how to consent without being asked. */
  | { readonly k: "unavailable"; readonly help: string };
