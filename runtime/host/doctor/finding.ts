import type { JsonObject } from "#kernel/json.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";

/**
 * `ok`: there, and as it should be. `note`: works, and somebody should look at it. `absent`: not there, and
 * nothing is broken for want of it. `wrong`: in the way of runs, or of what it is for. `untried`: nobody
 * asked, or there was no answer in time.
 */
export type FindingState = "ok" | "note" | "absent" | "wrong" | "untried";

export type FindingId =
  | "node"
  | "platform"
  | "state"
  | "workspace"
  | "host"
  | "engine"
  | "image"
  | `tier.${SandboxTier}`
  | "models";

/** What was found of one part. All texts are visible text. */
export interface Finding {
  readonly id: FindingId;
  readonly state: FindingState;
  readonly says: string;
  /** One line each, behind what it says. */
  readonly details: readonly string[];
  /** What the part would add where it is missing; null where nothing is. */
  readonly adds: string | null;
  readonly remedy: Remedy | null;
  /** The same for programs. Never a key. */
  readonly facts: JsonObject;
}

export interface Remedy {
  readonly what: string;
  /** What to type on this very machine, or null where that is for the person to find out. */
  readonly command: string | null;
}

/** A finding with nothing more to say than one line. */
export const finding = (
  id: FindingId,
  state: FindingState,
  says: string,
  more: Partial<Omit<Finding, "id" | "state" | "says">> = {},
): Finding => ({ id, state, says, details: [], adds: null, remedy: null, facts: {}, ...more });
