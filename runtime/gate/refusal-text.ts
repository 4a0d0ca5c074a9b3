import type { Refusal } from "./contract.ts";

/**
 * What the model is told when nothing was executed: what happened and whether another try is
 * worth it. Never which rule it was or what would satisfy it; that is for people.
 */
export const refusalText = (refusal: Refusal): string => REFUSAL_TEXTS[refusal];

const REFUSAL_TEXTS: Readonly<Record<Refusal, string>> = {
  forbidden: "Denied: the rules of this run forbid this. Do not try the same again.",
  "not-permitted": "Denied: the rules of this run do not permit this. Do not try the same again.",
  "no-permit": "Denied: the rules of this run do not permit this. Do not try the same again.",
  "policy-error": "Denied: it could not be decided whether this is allowed. Do not try the same again.",
  "not-decidable": "Denied: it could not be decided whether this is allowed. Do not try the same again.",
  unknown: "Denied: the rules of this run do not know such an action. Do not try the same again.",
  undecided: "Denied: it could not be decided whether this is allowed. Do not try the same again.",
  "outcome-unsupported":
    "Denied: the rules ask for something that cannot be honoured here. Do not try the same again.",
  "tier-too-weak":
    "Denied: the rules ask for a stronger sandbox than this run has. Do not try the same again.",
  "unknown-tool": "Denied: there is no such tool.",
  "tool-not-offered": "Denied: this run was not given that tool.",
  "calls-exhausted": "Denied: this run has made as many calls as it may. Answer with what you have.",
  "time-exhausted": "Denied: the time of this run is over.",
  "arguments-too-large": "Denied: the arguments are larger than a call may have.",
  "arguments-malformed": "Denied: the arguments are not a JSON object within the limits.",
  "arguments-refused": "Denied: the tool does not accept these arguments.",
  "approval-refused": "Refused: a person was asked and did not agree. Do not try the same again.",
  "approval-expired": "Refused: a person was asked and did not answer in time.",
  "approval-unavailable": "Refused: a person has to agree to this, and none could be asked.",
};

/** Refusals that a person's answer, or the lack of one, made. */
export const isPersonsRefusal = (refusal: Refusal): boolean => refusal.startsWith("approval-");

/** The refusal as entries name it in `code`: `UNKNOWN_TOOL`. */
export const refusalCode = (refusal: Refusal): string => refusal.toUpperCase().replaceAll("-", "_");
