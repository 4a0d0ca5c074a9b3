import * as z from "zod/mini";

import type { Sha256 } from "#kernel/digest.ts";
import { isSha256 } from "#kernel/digest.ts";
import type { SandboxTier } from "./agent-spec.ts";
import { SANDBOX_TIERS } from "./agent-spec.ts";
import type { ActionName } from "./policy-vocabulary.ts";
import { ACTION_NAMES } from "./policy-vocabulary.ts";
import type { ToolEffect } from "./tool-descriptors.ts";

/*
 * What a person consents to before an agent's first run and whenever it may do more, version 1.
 * Powers are shown, digested and stored; a stored consent is read back by this schema only.
 */

export const CONSENT_VERSION = 1;

/** Where a person said something. */
export const SURFACES = ["terminal", "editor", "flag", "protocol"] as const;
export type Surface = (typeof SURFACES)[number];

/** The id in the place of a model where an agent never asks one. No name of a model is this. */
export const NO_MODEL = "none";

/**
 * What a run of an agent may do at most. Rules of other layers can only take from it. All lists
 * are sorted by code units; `null` among the limits means that the file is silent and the
 * configuration rules.
 */
export interface Powers {
  readonly v: typeof CONSENT_VERSION;
  /** The principal's id. */
  readonly agent: string;
  readonly tools: readonly PowerTool[];
  /** Origins that the run may reach; this version reaches none. */
  readonly hosts: readonly string[];
  readonly model: { readonly id: string; readonly remote: boolean };
  readonly tier: SandboxTier;
  readonly limits: PowerLimits;
  /** The file's own rules that bind the agent. */
  readonly rules: readonly PowerRule[];
}

export interface PowerTool {
  readonly name: string;
  readonly action: ActionName;
  readonly effects: readonly ToolEffect[];
  readonly risk: "low" | "medium" | "high";
}

export interface PowerLimits {
  readonly timeoutMs: number | null;
  readonly iterationsMax: number | null;
  /** Model tokens, which is what a run can cost. */
  readonly tokensMax: number | null;
  readonly memoryBytesMax: number | null;
  readonly cpuCoresMax: number | null;
}

export interface PowerRule {
  readonly effect: "allow" | "deny" | "require" | "audit";
  /** SHA-256 of the rule's text. */
  readonly digest: Sha256;
  /** The rule as written, at most 2,000 characters. */
  readonly text: string;
}

/** That a person agreed to powers. */
export interface Consent {
  readonly v: typeof CONSENT_VERSION;
  /** `Agent::"…"`. */
  readonly principal: string;
  /** Of the canonical JSON of `powers`. */
  readonly digest: Sha256;
  readonly powers: Powers;
  /** Operating-system user. */
  readonly by: string;
  readonly surface: Surface;
  readonly wallMs: number;
}

const text = z.string().check(z.maxLength(8_192));
const limit = z.nullable(z.number().check(z.nonnegative()));
const sha256 = z.custom<Sha256>((value) => typeof value === "string" && isSha256(value));
const EFFECTS: readonly [ToolEffect, ...ToolEffect[]] = [
  "reads-run-files",
  "writes-run-files",
  "executes-code",
  "writes-workspace",
];

const powers = z.strictObject({
  v: z.literal(CONSENT_VERSION),
  agent: text,
  tools: z.array(
    z.strictObject({
      name: text,
      action: z.enum(ACTION_NAMES),
      effects: z.array(z.enum(EFFECTS)),
      risk: z.enum(["low", "medium", "high"]),
    }),
  ),
  hosts: z.array(text),
  model: z.strictObject({ id: text, remote: z.boolean() }),
  tier: z.enum(SANDBOX_TIERS),
  limits: z.strictObject({
    timeoutMs: limit,
    iterationsMax: limit,
    tokensMax: limit,
    memoryBytesMax: limit,
    cpuCoresMax: limit,
  }),
  rules: z.array(
    z.strictObject({ effect: z.enum(["allow", "deny", "require", "audit"]), digest: sha256, text }),
  ),
});

const consent = z.strictObject({
  v: z.literal(CONSENT_VERSION),
  principal: text,
  digest: sha256,
  powers,
  by: text,
  surface: z.enum(SURFACES),
  wallMs: z.number().check(z.int(), z.nonnegative()),
});

/** The consent that a value is, or undefined. */
export const readConsent = (value: unknown): Consent | undefined => {
  const read = consent.safeParse(value);
  return read.success ? read.data : undefined;
};
