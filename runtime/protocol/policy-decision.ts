import type { JsonObject } from "#kernel/json.ts";
import { isSha256 } from "#kernel/digest.ts";
import { DURATION_MS_MAX } from "#kernel/duration.ts";
import { SANDBOX_TIERS } from "./agent-spec.ts";
import type { Shape } from "./json-shape.ts";
import { exactly, isBoolean, isObject, listOf, oneOf, orNull, textOf, wholeFrom } from "./json-shape.ts";
import type { Decision, Obligation } from "./policy-vocabulary.ts";
import {
  APPROVALS_MAX,
  CITED_CHARACTERS_MAX,
  DENY_REASONS,
  POLICY_LAYERS,
  POLICY_VOCABULARY_VERSION,
} from "./policy-vocabulary.ts";

/*
 * Decisions as data of unknown origin: whoever enforces one denies unless all of it is of the format.
 */

/**
 * The decision that some data is, or null: another version, a member more or less, a value of
 * another type, an unknown reason, a reason without a denial. The outcome may be any text and an
 * obligation any object with a `k`, so that evidence keeps what was asked for and not understood;
 * see `isObligation`.
 */
export const readDecision = (data: JsonObject): Decision | null =>
  isDecision(data) && (data["outcome"] === "deny" || data["denyReason"] === null)
    ? (data as unknown as Decision)
    : null;

/** Whether an obligation is one that this version of the format has, with values within its bounds. */
export const isObligation = (obligation: Obligation): boolean =>
  OBLIGATIONS.some((shape) => shape(obligation as unknown as JsonObject));

const text = textOf();
const place = listOf(wholeFrom(0), 2);

const isRange = exactly({
  span: (value) => place(value) && Array.isArray(value) && value.length === 2,
  line: wholeFrom(1),
  column: wholeFrom(1),
  endLine: wholeFrom(1),
  endColumn: wholeFrom(1),
});

const isCitation = exactly({
  layer: oneOf(POLICY_LAYERS),
  rule: text,
  effect: oneOf(["permit", "forbid", "require"]),
  file: text,
  range: orNull(isRange),
  text: textOf(CITED_CHARACTERS_MAX),
});

const OBLIGATIONS: readonly Shape[] = [
  exactly({
    k: oneOf(["approval"]),
    approvers: listOf(text),
    min: wholeFrom(1, APPROVALS_MAX),
    notInitiator: isBoolean,
    rule: isCitation,
  }),
  exactly({ k: oneOf(["sandbox-tier"]), tier: oneOf(SANDBOX_TIERS), rule: isCitation }),
  exactly({ k: oneOf(["timeout"]), timeoutMs: wholeFrom(1, DURATION_MS_MAX), rule: isCitation }),
];

const isDecision = exactly({
  v: oneOf([POLICY_VOCABULARY_VERSION]),
  outcome: text,
  denyReason: orNull(oneOf(DENY_REASONS)),
  summary: text,
  rules: listOf(isCitation),
  missing: listOf(exactly({ layer: oneOf(POLICY_LAYERS), nearest: orNull(isCitation), why: text })),
  obligations: listOf(isObject),
  errors: listOf(exactly({ rule: text, message: text })),
  policies: (value) => typeof value === "string" && isSha256(value),
});
