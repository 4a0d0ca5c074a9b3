import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, readJson } from "#kernel/json.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { ToolExecutor } from "#ports/executor.ts";
import type { Candidate, Preparation } from "./candidate.ts";
import type { ProposedCall, Refusal } from "./contract.ts";
import { frozenJsonObject } from "./frozen-json.ts";
import type { GateLimits } from "./limits.ts";
import type { ToolHow } from "./phases/intended.ts";
import { readToolFault } from "./tool-fault.ts";
import { type Suppose, supposeFor } from "./supposed-calls.ts";
import { newCallId } from "./world.ts";
import type { World } from "./world.ts";

/** What of a proposal that could not be read is kept as evidence, and what of a reason is shown. */
const EVIDENCE_CHARACTERS_MAX = 16 * 1024;
const TOOL_NAME_CHARACTERS_MAX = 128;
const WHY_CHARACTERS_MAX = 1_000;
/** Most values in one call's arguments, counting every element and member. */
const ARGUMENT_VALUES_MAX = 100_000;

/** A tool call as a candidate. `exhausted` says that the run has made its calls already. */
export const toolCandidate = (
  world: World,
  executor: ToolExecutor | undefined,
  call: ProposedCall,
  { exhausted, suppose }: { readonly exhausted: boolean; readonly suppose: Suppose },
): Candidate<ToolHow> => ({
  identity: Object.freeze({
    callId: newCallId(world),
    reference: call.reference,
    action: executor?.descriptor.action ?? "tool_call",
    tool: executor?.descriptor.name ?? null,
    labels: call.labels,
    iteration: call.iteration,
    ordinal: call.ordinal,
    cause: call.cause,
  }),
  evidence: () => ({
    tool: call.tool.slice(0, TOOL_NAME_CHARACTERS_MAX).toWellFormed(),
    arguments: evidenceOf(call.arguments),
  }),
  async prepare(signal) {
    if (exhausted) return refused("calls-exhausted");
    if (executor === undefined) return refused("unknown-tool");
    const { name } = executor.descriptor;
    if (!world.run.offered.includes(name)) return refused("tool-not-offered");
    const read = readArguments(call.arguments, world.run.limits);
    if (read.k === "refused") return read;
    const prepared = await executor.prepare(read.value, { signal, wouldAllow: supposeFor(suppose, []) });
    if (!prepared.ok) return refused("arguments-refused", prepared.fault.message);
    const { call: preparedCall, fault } = prepared.value;
    const foreseen = fault === null ? null : readToolFault(fault);
    if (preparedCall.tool !== name || foreseen === undefined) return refused("arguments-refused");
    return {
      k: "prepared",
      given: read.value,
      call: preparedCall,
      how: { k: "tool", executor, suppose },
      foreseen: foreseen && { code: foreseen.code, why: bounded(foreseen.message) },
    };
  },
});

type Refused = Extract<Preparation<never>, { k: "refused" }>;

const refused = (refusal: Refusal, why: string | null = null): Refused => ({
  k: "refused",
  refusal,
  why: why === null ? null : bounded(why),
});

const bounded = (why: string): string => `${visibleExcerpt(why, WHY_CHARACTERS_MAX)}.`;

/** Arguments of unknown origin as a frozen object within the limits. */
const readArguments = (
  given: ProposedCall["arguments"],
  limits: GateLimits,
): { readonly k: "read"; readonly value: JsonObject } | Refused => {
  if (given.k === "text") {
    // A UTF-16 code unit is at least one byte, so the cheap comparison comes first.
    if (given.text.length > limits.argumentBytesMax) return refused("arguments-too-large");
    if (utf8(given.text).length > limits.argumentBytesMax) return refused("arguments-too-large");
  }
  const value = given.k === "text" ? parse(given.text, limits) : given.value;
  if (value === undefined) return refused("arguments-malformed");
  const frozen = frozenJsonObject(value, limits.argumentDepthMax);
  if (frozen === undefined) return refused("arguments-malformed");
  return given.k === "value" && utf8(canonicalJson(frozen)).length > limits.argumentBytesMax
    ? refused("arguments-too-large")
    : { k: "read", value: frozen };
};

const parse = (text: string, limits: GateLimits): JsonValue | undefined => {
  const reading = readJson(text, {
    charactersMax: limits.argumentBytesMax,
    depthMax: limits.argumentDepthMax,
    valuesMax: ARGUMENT_VALUES_MAX,
  });
  return reading.ok && isJsonObject(reading.value) ? reading.value : undefined;
};

const evidenceOf = (given: ProposedCall["arguments"]): JsonValue => {
  const frozen = given.k === "value" ? frozenJsonObject(given.value, EVIDENCE_DEPTH_MAX) : undefined;
  const text = given.k === "text" ? given.text : frozen === undefined ? "" : canonicalJson(frozen);
  return text.slice(0, EVIDENCE_CHARACTERS_MAX).toWellFormed();
};

const EVIDENCE_DEPTH_MAX = 64;
