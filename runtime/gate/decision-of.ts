import type { Sha256 } from "#kernel/digest.ts";
import { readDecision } from "#protocol/policy-decision.ts";
import type { Decision } from "#protocol/policy-vocabulary.ts";
import { frozenJsonObject } from "./frozen-json.ts";

const DECISION_DEPTH_MAX = 32;

/** An answer of the policies as a frozen decision, or null for everything that is none: not data, not of the format, of other policies. */
export const decisionOf = (answer: unknown, policies: Sha256): Decision | null => {
  const copy = frozenJsonObject(answer, DECISION_DEPTH_MAX);
  const decision = copy === undefined ? null : readDecision(copy);
  return decision?.policies === policies ? decision : null;
};
