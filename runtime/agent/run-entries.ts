import { toHex, utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { EntryId } from "#kernel/ids.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { EntryDraft } from "#ports/run-recorder.ts";
import type { Program } from "./program.ts";
import { ENGINE_SEMANTICS } from "./program.ts";
import { RUN_REASONS } from "./reasons.ts";
import type { RunRequest } from "./run-request.ts";
import type { RunEnd } from "./state.ts";

/*
 * The entries that the driver itself records; docs/formats/run-event.md lists their fields. All
 * others are the gate's and the sandbox's.
 */

/** The first entry of a run. `key` is its own, for digests of private text. */
export const startEntry = (
  crypto: Crypto,
  request: RunRequest,
  program: Program,
  inputs: JsonObject,
  key: Uint8Array,
): EntryDraft => {
  const digest = (value: unknown): Sha256 =>
    sha256OfBytes(crypto.sha256(utf8(canonicalJson(value as JsonValue))));
  const { spec, facts } = request;
  return {
    type: "run.started",
    cause: null,
    public: {
      agent: request.principal.id,
      source: spec.source.digest,
      spec: digest(spec),
      policies: facts.policies,
      tools: digest(request.registry),
      configuration: facts.configuration,
      semantics: ENGINE_SEMANTICS,
      tier: request.tier,
      tierWhy: facts.tierWhy,
      model: facts.model,
      powers: facts.powers,
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

/** Its cause is filled in where the run is interrupted. */
export const cancelEntry = ({ canceller }: RunRequest): EntryDraft => {
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
