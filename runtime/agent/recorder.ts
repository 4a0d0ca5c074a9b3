import type { RunId, ScopeId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Ledger, LedgerFault } from "#ports/ledger.ts";
import type { EntryDraft, RunEntry, RunRecorder } from "#ports/run-recorder.ts";
import type { OnBehalfOf } from "#protocol/policy-vocabulary.ts";
import type { LiveEvent } from "#protocol/run-event.ts";
import { RUN_EVENT_VERSION } from "#protocol/run-event.ts";
import { labelsOf } from "./labels.ts";

export interface RecorderDeps {
  readonly ledger: Ledger;
  /** Gets each live event as it comes; must not throw. */
  readonly publish: (event: LiveEvent) => void;
}

/** Whose run it is. Its content scope is open in the ledger already. */
export interface RecorderPlace {
  readonly run: RunId;
  readonly parent: RunId | null;
  readonly scope: ScopeId;
  /** `Agent::"…"`. */
  readonly principal: string;
  readonly onBehalfOf: OnBehalfOf | null;
  /** How many entries of the run are on record, and how many of them are inputs; absent where none is. */
  readonly recorded?: { readonly entries: number; readonly inputs: number };
}

/** A recorder that goes on where the run's entries end. */
export const createRunRecorder = (deps: RecorderDeps, place: RecorderPlace): RunRecorder =>
  new LedgerRunRecorder(deps, place);

/**
 * Numbers are given when an entry is handed over, and the ledger keeps that order; so they are
 * gapless in the ledger unless it refuses one, and after a refusal there are no more.
 */
class LedgerRunRecorder implements RunRecorder {
  readonly run: RunId;
  readonly scope: ScopeId;
  readonly #deps: RecorderDeps;
  readonly #place: RecorderPlace;
  #entries: number;
  #inputs: number;
  #fault: LedgerFault | null = null;
  /** The last entry that is durable, and the live events behind it. */
  #after: number;
  #ordinal = 0;

  constructor(deps: RecorderDeps, place: RecorderPlace) {
    this.run = place.run;
    this.scope = place.scope;
    this.#deps = deps;
    this.#place = place;
    this.#entries = place.recorded?.entries ?? 0;
    this.#inputs = place.recorded?.inputs ?? 0;
    this.#after = this.#entries - 1;
  }

  async record(draft: EntryDraft): Promise<Result<RunEntry, LedgerFault>> {
    if (this.#fault !== null) return failed(this.#fault);
    const runSeq = this.#entries;
    const input = draft.feeds ? this.#inputs : null;
    this.#entries += 1;
    if (draft.feeds) this.#inputs += 1;
    const { run, parent, scope, principal, onBehalfOf } = this.#place;
    const recorded = await this.#deps.ledger.append({
      type: draft.type,
      run: { id: run, seq: runSeq, parent },
      cause: draft.cause,
      principal,
      onBehalfOf,
      labels: labelsOf(draft.labels ?? []),
      input,
      public: draft.public,
      content: Object.entries(draft.content).map(([name, value]) => ({ scope, name, value })),
    });
    if (!recorded.ok) {
      this.#fault ??= recorded.fault;
      return failed(this.#fault);
    }
    if (runSeq > this.#after) {
      this.#after = runSeq;
      this.#ordinal = 0;
    }
    return ok({ ...recorded.value, runSeq, input });
  }

  live(type: LiveEvent["type"], data: LiveEvent["data"]): void {
    const ordinal = this.#ordinal;
    this.#ordinal += 1;
    this.#deps.publish({
      v: RUN_EVENT_VERSION,
      durability: "live",
      type,
      run: this.run,
      after: this.#after,
      ordinal,
      data,
    });
  }
}
