import { invariant } from "#kernel/invariant.ts";
import type { GateFault } from "../contract.ts";
import type { Stopped } from "./stopped.ts";

/**
 * One phase of an action. Each subclass has a private constructor and one static method that makes
 * it from the phase before, so the order of phases is the only one that compiles; and a phase can
 * be used once, so nothing is done twice from one decision. A protected `name` in each keeps the
 * types apart, which would else be equal where their contents are.
 */
export abstract class Phase<Content> {
  private content: { readonly value: Content } | null;

  protected constructor(content: Content) {
    this.content = { value: content };
  }

  /** What the phase holds, for the maker of the next one. */
  consume(): Content {
    invariant(this.content !== null, "a phase of the gate is used once");
    const { value } = this.content;
    this.content = null;
    return value;
  }
}

/** How a phase ends: with the next one, with a refusal that is on record, or with a ledger that refuses. */
export type Step<Next> =
  | { readonly k: "next"; readonly phase: Next }
  | { readonly k: "stopped"; readonly stopped: Stopped }
  | { readonly k: "fault"; readonly fault: GateFault };

export const next = <Next>(phase: Next): Step<Next> => ({ k: "next", phase });
export const stop = (stopped: Stopped): Step<never> => ({ k: "stopped", stopped });
export const broken = (fault: GateFault): Step<never> => ({ k: "fault", fault });
