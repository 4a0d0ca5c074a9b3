import type { EntryId, RunId, ScopeId } from "#kernel/ids.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import type { EntryType, LiveType, RecordedEntry } from "#protocol/run-event.ts";
import type { LedgerFault } from "./ledger.ts";

/**
 * A run's own hand on the ledger: it knows the run, its principal and its content scope, numbers
 * the run's entries and those that feed the transition, and places live events behind them.
 */
export interface RunRecorder {
  readonly run: RunId;
  readonly scope: ScopeId;
  /** Resolves when durable. After a fault nothing more is recorded and every later call is the same fault. */
  record(draft: EntryDraft): Promise<Result<RunEntry, LedgerFault>>;
  /** Streams an event to whoever watches; never evidence, never awaited. */
  live(type: LiveType, data: JsonObject): void;
}

export interface EntryDraft {
  readonly type: EntryType;
  readonly cause: EntryId | null;
  /** Exactly the fields that `ENTRY_SCHEMAS` (protocol/run-event-schema.ts) and docs/formats/run-event.md give the type. */
  readonly public: JsonObject;
  /** Sealed under the run's scope, one part per key; the keys are the part names of the type in `ENTRY_SCHEMAS`. */
  readonly content: { readonly [name: string]: JsonValue };
  readonly labels?: readonly string[];
  /** True for entries that are inputs of the transition; the type's `feeds` in `ENTRY_SCHEMAS`. */
  readonly feeds: boolean;
}

export interface RunEntry extends RecordedEntry {
  readonly runSeq: number;
  readonly input: number | null;
}
