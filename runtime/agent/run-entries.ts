import { toHex, utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { EntryId } from "#kernel/ids.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { EntryDraft } from "#ports/run-recorder.ts";
import { NO_LABELS } from "./labels.ts";
import type { EffectAnswer } from "./lost-effects.ts";
import type { RunPast } from "./past.ts";
import type { Program } from "./program.ts";
import { ENGINE_SEMANTICS } from "./program.ts";
import type { RunReason } from "./reasons.ts";
import { RUN_REASONS } from "./reasons.ts";
import type { RunRequest } from "./run-request.ts";
import type { RunEnd } from "./state.ts";

/*
 * The entries that the driver itself records; docs/formats/run-event.md lists their fields. All
 * others are the gate's and the sandbox's.
 */

/** What a run stands on beside its inputs: public fields of `run.started`, which `run.resumed` states again. */
export const foundations = (crypto: Crypto, { spec, registry, tier, facts }: RunRequest): Foundations => {
  const digest = (value: unknown): Sha256 =>
    sha256OfBytes(crypto.sha256(utf8(canonicalJson(value as JsonValue))));
  const { policies, configuration, model, powers } = facts;
  return {
    spec: digest(spec),
    policies,
    tools: digest(registry),
    configuration,
    semantics: ENGINE_SEMANTICS,
    tier,
    model,
    powers,
  };
};

export const FOUNDATIONS = [
  "spec",
  "policies",
  "tools",
  "configuration",
  "semantics",
  "tier",
  "model",
  "powers",
] as const;

export type Foundations = { readonly [Name in (typeof FOUNDATIONS)[number]]: JsonValue };

/** The first entry of a run. `key` is its own, for digests of private text. */
export const startEntry = (
  crypto: Crypto,
  request: RunRequest,
  program: Program,
  inputs: JsonObject,
  key: Uint8Array,
): EntryDraft => {
  const { spec, facts } = request;
  return {
    type: "run.started",
    cause: null,
    public: {
      agent: request.principal.id,
      source: spec.source.digest,
      ...foundations(crypto, request),
      tierWhy: facts.tierWhy,
      startKey: facts.startKey,
    },
    content: {
      inputs,
      limits: {
        run: program.limits as unknown as JsonObject,
        gate: request.gateLimits as unknown as JsonObject,
      },
      source: request.sourceText,
      key: toHex(key),
    },
    labels: program.agent.parameters.flatMap((parameter) => parameter.labels),
    feeds: true,
  };
};

const entryOf = (type: EntryDraft["type"], fields: JsonObject, cause: EntryId | null): EntryDraft => ({
  type,
  cause,
  public: fields,
  content: {},
  feeds: true,
});

export const advancedEntry = (statement: number, steps: number, cause: EntryId | null): EntryDraft =>
  entryOf("body.advanced", { statement, steps }, cause);

/** The first entry of a host that goes on with a run. */
export const resumedEntry = (
  crypto: Crypto,
  request: RunRequest,
  { interrupted }: RunPast,
  reached: { readonly inputs: number; readonly state: Sha256 },
): EntryDraft => ({
  type: "run.resumed",
  cause: interrupted.id,
  public: { last: interrupted.last, ...reached, ...foundations(crypto, request) },
  content: {},
  feeds: false,
});

/** What a person said of an effect that its host could not say anything about. */
export const toldEntry = (
  { k, by, surface, detail = null }: EffectAnswer & { readonly k: "happened" | "absent" },
  target: string,
  cause: EntryId | null,
): EntryDraft => {
  const act = k === "happened" ? "EFFECT_HAPPENED" : "EFFECT_ABSENT";
  const entry = entryOf("person.intervened", { act, target, by, surface }, cause);
  return detail === null ? entry : { ...entry, content: { detail } };
};

/** Its cause is filled in where the run is interrupted. */
export const cancelEntry = ({ canceller }: Pick<RunRequest, "canceller">): EntryDraft => {
  const { by, surface, how } = canceller;
  const detail = how();
  return {
    ...entryOf("person.intervened", { act: "CANCEL", target: null, by, surface }, null),
    content: detail === null ? {} : { detail },
  };
};

/** Its cause is filled in where the run is interrupted. */
export const limitEntry = (limit: "WALL_TIME" | "TOOL_TIME", max: number, used: number): EntryDraft =>
  entryOf("limit.reached", { limit, max, used: Math.round(used) }, null);

/** The last entry of a run. */
export const endEntry = (end: RunEnd, measures: JsonObject, cause: EntryId | null): EntryDraft => {
  const { outcome, reason, explanation, span, result, labels } = end;
  // That a completed run completed needs no words, unless there is more to say.
  const isPlain = reason === "COMPLETED" && explanation === RUN_REASONS.COMPLETED[1];
  return {
    type: "run.ended",
    cause,
    public: { outcome, reason, ...measures },
    content: {
      ...(result === null ? {} : { result }),
      ...(isPlain ? {} : { explanation: { text: explanation, span } }),
    },
    labels,
    feeds: false,
  };
};

/** An end that the transition does not know of, because it is none of the agent's. */
export const endFor = (reason: RunReason, explanation: string = RUN_REASONS[reason][1]): RunEnd => ({
  outcome: RUN_REASONS[reason][0],
  reason,
  explanation,
  span: null,
  result: null,
  labels: NO_LABELS,
});
