import * as z from "zod/mini";

import { SANDBOX_TIERS } from "./agent-spec.ts";
import { DECISION_OUTCOMES } from "./policy-vocabulary.ts";
import type { EntryType, LiveType } from "./run-event.ts";
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
      tierWhy: name,
      model: name,
      powers: sha256,
    },
    ["inputs", "limits", "source"],
    true,
  ),
  "run.interrupted": entry({ found: name }),
  "run.resumed": entry({ inputs: count, state: sha256 }),
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
  "consent.given": entry({ powers: sha256, by: name, surface, remembered: z.boolean() }, ["powers"]),
  "consent.refused": entry({ powers: sha256, by: z.nullable(name), surface: z.nullable(surface) }, [
    "powers",
  ]),
  "approval.asked": entry(
    { approval: uuid, callId: uuid, fingerprint: sha256, rules: z.array(name), expiresInMs: count },
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
  "person.intervened": entry({ act: code, by: name, surface }, ["detail"], true),
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
    },
    ["answer"],
    true,
  ),
  "model.failed": entry({ callId: uuid, code, wallMs: count }, ["explanation"], true),
  "action.decided": entry(
    {
      callId: uuid,
      action: name,
      tool: z.nullable(name),
      outcome: z.enum(DECISION_OUTCOMES),
      denyReason: z.nullable(name),
      rules: z.array(name),
      obligations: z.array(name),
      policies: sha256,
      fingerprint: z.nullable(sha256),
    },
    ["request", "arguments", "preview", "decision"],
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
      action: name,
      tool: z.nullable(name),
      status: z.enum(["done", "denied", "refused", "failed"]),
      code: z.nullable(code),
      resultBytes: count,
      changes: count,
      wallMs: count,
    },
    ["result", "changes"],
    true,
  ),
  "effect.unknown": entry(
    { callId: uuid, action: name, tool: z.nullable(name), code, wallMs: count },
    ["explanation"],
    true,
  ),
  "limit.reached": entry({ limit: code, max: count, used: count }, [], true),
  "body.advanced": entry({ statement: count, steps: count }, ["output"], true),
  "sandbox.opened": entry({ tier, engine: name, files: count, bytes: count }, ["leftOut"]),
  "sandbox.recreated": entry({ tier, lost: name }),
  "sandbox.closed": entry({ tier }),
  "policy.changed": entry({ layer: name, from: z.nullable(sha256), to: sha256, by: name }, ["policy"]),
  "content.erased": entry({ scope: uuid, entries: count, by: name, reason: code }),
  "batch.recorded": entry({ kind: name, root: sha256, count, first: count, last: count }, ["records"]),
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
