import * as z from "zod/mini";

import { SANDBOX_TIERS } from "./agent-spec.ts";
import { ACTION_NAMES, DECISION_OUTCOMES, POLICY_LAYERS } from "./policy-vocabulary.ts";
import type { EntryType, LiveType } from "./run-event.ts";
import { VERIFICATION_LEVELS } from "./ledger-report.ts";
import { RUN_OUTCOMES } from "./run-event.ts";

/*
 * The fields of every RunEvent type, version 1, as docs/formats/run-event.md lists them. Entries
 * of the log itself (`log.*`, `key.*`) are specified by docs/formats/ledger.md.
 */

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const uuid = z
  .string()
  .check(z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/));
const count = z.number().check(z.int(), z.nonnegative());
const code = z.string().check(z.regex(/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/), z.maxLength(64));
const name = z.string().check(z.minLength(1), z.maxLength(512));
const surface = z.enum(["terminal", "editor", "flag", "protocol"]);
const tier = z.enum(SANDBOX_TIERS);
const action = z.enum(ACTION_NAMES);
/** Of the registry; what the model asked for under another name is content. */
const tool = z.nullable(z.string().check(z.regex(/^[a-z][a-z0-9_.]*$/), z.maxLength(128)));
const kebab = z.string().check(z.regex(/^[a-z]+(?:-[a-z]+)*$/), z.maxLength(64));
/** At most 64 names; what is beyond stands in the sealed decision. */
const names = z.array(name).check(z.maxLength(64));
const position = z.strictObject({ log: uuid, seq: count, hash: sha256 });

/** A field that came after the freeze: entries of earlier releases do not have it. */
const added = z.optional;

export interface EntrySchema {
  readonly public: z.ZodMiniType;
  /** Names of the sealed parts that the type may carry. */
  readonly content: readonly string[];
  /** Whether entries of this type feed the run's transition. */
  readonly feeds: boolean;
}

const entry = (
  shape: z.core.$ZodLooseShape,
  content: readonly string[] = [],
  feeds = false,
): EntrySchema => ({
  public: z.strictObject(shape),
  content,
  feeds,
});

export type RunEntryType = Exclude<EntryType, `log.${string}` | `key.${string}`>;

export const ENTRY_SCHEMAS: { readonly [Type in RunEntryType]: EntrySchema } = {
  "run.started": entry(
    {
      agent: name,
      source: sha256,
      spec: sha256,
      policies: sha256,
      tools: sha256,
      configuration: sha256,
      semantics: count,
      tier,
      tierWhy: z.enum(["file", "command-line", "configuration", "policy", "tool-risk", "strongest-present"]),
      model: name,
      powers: sha256,
      startKey: z.nullable(uuid),
    },
    ["inputs", "limits", "source", "key"],
    true,
  ),
  "run.interrupted": entry({ found: z.enum(["log-recovered", "host-gone"]), last: position }),
  "run.resumed": entry({
    last: position,
    inputs: count,
    state: sha256,
    spec: sha256,
    policies: sha256,
    tools: sha256,
    configuration: sha256,
    semantics: count,
    tier,
    model: name,
    powers: sha256,
  }),
  "run.parked": entry({ reason: code }, ["needs"]),
  "run.continued": entry({ reason: code }),
  "run.ended": entry(
    {
      outcome: z.enum(RUN_OUTCOMES),
      reason: code,
      iterations: count,
      inputTokens: count,
      outputTokens: count,
      wallMs: count,
      toolMs: count,
      inputs: count,
      state: sha256,
    },
    ["result", "explanation"],
  ),
  "tests.started": entry(
    {
      documents: sha256,
      plan: sha256,
      policies: sha256,
      seed: count,
      operations: count,
      cases: count,
      requestsMax: count,
    },
    ["target", "documents", "key"],
  ),
  "tests.ended": entry(
    {
      outcome: z.enum(RUN_OUTCOMES),
      reason: code,
      requests: count,
      operationsDenied: count,
      cases: z.nullable(count),
      failures: z.nullable(count),
      warnings: z.nullable(count),
      wallMs: count,
    },
    ["causes", "explanation"],
  ),
  "consent.given": entry({ powers: sha256, by: name, surface, remembered: z.boolean() }, ["powers"]),
  "consent.refused": entry({ powers: sha256, by: z.nullable(name), surface: z.nullable(surface) }, [
    "powers",
  ]),
  "approval.asked": entry(
    { approval: uuid, callId: uuid, fingerprint: sha256, rules: names, expiresInMs: count },
    ["question"],
  ),
  "approval.answered": entry(
    {
      approval: uuid,
      callId: uuid,
      fingerprint: sha256,
      answer: z.enum(["approved", "refused", "expired", "unavailable"]),
      by: z.nullable(name),
      surface: z.nullable(surface),
      waitedMs: count,
    },
    ["reason"],
  ),
  "person.intervened": entry(
    {
      act: z.enum([
        "CANCEL",
        "PAUSE",
        "CONTINUE",
        "EFFECT_HAPPENED",
        "EFFECT_ABSENT",
        "INSTRUCT",
        "OVERRIDE",
      ]),
      target: z.nullable(uuid),
      by: name,
      surface,
    },
    ["detail"],
    true,
  ),
  "model.requested": entry(
    {
      callId: uuid,
      model: name,
      iteration: count,
      messages: sha256,
      tools: sha256,
      tokensMax: count,
      fingerprint: sha256,
      state: sha256,
    },
    ["messages"],
  ),
  "model.answered": entry(
    {
      callId: uuid,
      finish: z.enum(["stop", "tool-calls", "length", "refused"]),
      inputTokens: count,
      outputTokens: count,
      usage: z.enum(["reported", "estimated"]),
      toolCalls: count,
      wallMs: count,
      cachedInputTokens: added(z.nullable(count)),
      costNanoUsd: added(z.nullable(count)),
    },
    ["answer"],
    true,
  ),
  "model.retried": entry({ callId: uuid, code, attempt: count, waitMs: count }),
  "model.failed": entry({ callId: uuid, code, wallMs: count }, ["explanation"], true),
  "action.decided": entry(
    {
      callId: uuid,
      iteration: count,
      ordinal: count,
      action,
      tool,
      outcome: z.enum(DECISION_OUTCOMES),
      denyReason: z.nullable(kebab),
      rules: names,
      obligations: names,
      policies: sha256,
      fingerprint: z.nullable(sha256),
    },
    ["request", "arguments", "prepared", "preview", "decision"],
  ),
  "action.intended": entry({
    callId: uuid,
    action: name,
    tool: z.nullable(name),
    fingerprint: sha256,
    capability: uuid,
    timeoutMs: z.nullable(count),
  }),
  "action.completed": entry(
    {
      callId: uuid,
      action,
      tool,
      status: z.enum(["done", "denied", "refused", "failed"]),
      code: z.nullable(code),
      resultBytes: count,
      changes: count,
      wallMs: count,
    },
    ["result", "changes"],
    true,
  ),
  "effect.unknown": entry({ callId: uuid, action, tool, code, wallMs: count }, ["explanation"], true),
  "capability.refused": entry({ callId: z.nullable(uuid), tool, code }),
  "limit.reached": entry({ limit: code, max: count, used: count }, [], true),
  "body.advanced": entry({ statement: count, steps: count }, ["output"], true),
  "sandbox.opened": entry({ tier, engine: name, files: count, bytes: count }, ["files", "left-out"]),
  "sandbox.recreated": entry({ tier, lost: z.enum(["processes", "processes-and-changes"]) }),
  "sandbox.closed": entry({ tier, reason: z.enum(["ended", "lost", "killed"]) }),
  "trigger.received": entry(
    { kind: z.enum(["schedule", "webhook", "memory", "channel"]), occurrence: sha256 },
    ["payload"],
  ),
  "client.refused": entry({ code, surface }),
  "evidence.verified": entry({
    log: uuid,
    level: z.nullable(z.enum(VERIFICATION_LEVELS)),
    entries: count,
    faults: count,
  }),
  "policy.changed": entry({ layer: z.enum(POLICY_LAYERS), from: z.nullable(sha256), to: sha256, by: name }, [
    "policy",
  ]),
  "content.erased": entry({
    scope: uuid,
    entries: count,
    copiesErased: count,
    copiesLeft: count,
    by: name,
    reason: code,
  }),
  "batch.recorded": entry({ kind: kebab, root: sha256, count, first: count, last: count }, ["records"]),
};

export const LIVE_SCHEMAS: { readonly [Type in LiveType]: z.ZodMiniType } = {
  "phase.entered": z.strictObject({
    phase: z.enum(["reasoning", "policy-check", "tool-dispatching", "observing"]),
    iteration: count,
  }),
  "model.delta": z.strictObject({ callId: uuid, text: z.string() }),
  "tool.progress": z.strictObject({ callId: uuid, stream: z.enum(["stdout", "stderr"]), text: z.string() }),
  "output.printed": z.strictObject({ level: z.nullable(z.string()), text: z.string() }),
  "host.noticed": z.strictObject({ code, text: z.string() }),
};
