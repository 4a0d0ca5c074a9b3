import type { EntryId, LogId, RunId, ScopeId } from "#kernel/ids.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { OnBehalfOf } from "./policy-vocabulary.ts";

/*
 * RunEvent, version 1: the only thing the runtime emits. An `entry` is evidence and goes to the
 * ledger before its effect; a `live` event is streamed and proves nothing. The specification is
 * docs/formats/run-event.md.
 */

export const RUN_EVENT_VERSION = 1;

/** Types of entries, `noun.verb-past`; the page lists the public and private fields of each. */
export const ENTRY_TYPES = [
  // a run's life
  "run.started",
  "run.interrupted",
  "run.resumed",
  "run.parked",
  "run.continued",
  "run.ended",
  // a run of API tests
  "tests.started",
  "tests.ended",
  // what people said
  "consent.given",
  "consent.refused",
  "approval.asked",
  "approval.answered",
  "person.intervened",
  // the loop
  "model.requested",
  "model.answered",
  "model.retried",
  "model.failed",
  "action.decided",
  "action.intended",
  "action.completed",
  "effect.unknown",
  "capability.refused",
  "limit.reached",
  "body.advanced",
  // the sandbox
  "sandbox.opened",
  "sandbox.recreated",
  "sandbox.closed",
  // what reached the host from outside
  "trigger.received",
  "client.refused",
  "evidence.verified",
  // rules, memory of content
  "policy.changed",
  "content.erased",
  // many records under one signature
  "batch.recorded",
  // the log itself
  "log.opened",
  "log.committed",
  "log.recovered",
  "log.retired",
  "key.certified",
  "key.rotated",
  "key.revoked",
] as const;

export type EntryType = (typeof ENTRY_TYPES)[number];

export const LIVE_TYPES = [
  "phase.entered",
  "model.delta",
  "tool.progress",
  "output.printed",
  "host.noticed",
] as const;

export type LiveType = (typeof LIVE_TYPES)[number];

/** Where an entry stands: its log and its number there, from 0. */
export interface EntryPosition {
  readonly log: LogId;
  readonly seq: number;
}

/** The run an entry belongs to. `seq` counts the run's own entries from 0, over restarts and logs. */
export interface RunPlace {
  readonly id: RunId;
  readonly seq: number;
  readonly parent: RunId | null;
}

/**
 * An entry before the ledger gave it a place. `public` is readable by whoever holds the log;
 * `content` is sealed under its scope's key, and only keyed commitments to it stand in the entry.
 */
export interface NewEntry {
  readonly type: EntryType;
  readonly run: RunPlace | null;
  /** The entry that led to this one. */
  readonly cause: EntryId | null;
  /** `Agent::"…"`, `User::"…"` or `Host::"<writer>"`: who acted. */
  readonly principal: string;
  readonly onBehalfOf: OnBehalfOf | null;
  /** Data-flow labels, sorted, without duplicates. */
  readonly labels: readonly string[];
  /** For an entry that feeds the run's transition its number among these, from 0; else null. */
  readonly input: number | null;
  readonly public: JsonObject;
  readonly content: readonly NewContent[];
}

export interface NewContent {
  readonly scope: ScopeId;
  /** What the part is, such as `arguments`; unique in the entry. */
  readonly name: string;
  readonly value: JsonValue;
}

/** What an appended entry was given. */
export interface RecordedEntry {
  readonly id: EntryId;
  readonly position: EntryPosition;
  readonly wallMs: number;
}

/**
 * An event that is streamed only. It stands behind entry `after` of its run, as the `ordinal`-th
 * live event there from 0, so that a reader's window means the same before and after a restart.
 */
export interface LiveEvent {
  readonly v: typeof RUN_EVENT_VERSION;
  readonly durability: "live";
  readonly type: LiveType;
  readonly run: RunId;
  /** `RunPlace.seq` of the entry before it, or -1. */
  readonly after: number;
  readonly ordinal: number;
  readonly data: JsonObject;
}

/** How a run ended; `run.ended` carries it and stands exactly once in a run that is over. */
export const RUN_OUTCOMES = ["completed", "failed", "cancelled", "limited"] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];
