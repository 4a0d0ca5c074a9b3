import type { Result } from "#kernel/result.ts";
import type { EntryId, RunId, ScopeId } from "#kernel/ids.ts";
import { ownValue } from "#kernel/json.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { LedgerFault } from "#ports/ledger.ts";
import type { EntryDraft, RunEntry, RunRecorder } from "#ports/run-recorder.ts";
import type { LiveType } from "#protocol/run-event.ts";
import type { JournalEntry } from "./journal.ts";

export interface Fed extends JournalEntry {
  readonly id: EntryId;
}

/**
 * The run's recorder as everything in the run is given it, gate and sandbox included. It keeps
 * what feeds the transition, so that the driver reads its inputs from what is on record and from
 * nowhere else, and what must be added up over all calls.
 */
export class Recording implements RunRecorder {
  readonly run: RunId;
  readonly scope: ScopeId;
  readonly #inner: RunRecorder;
  readonly #onDispatched: () => void;
  readonly #fed: Fed[] = [];
  #inputs: number;
  #toolMs: number;
  #fault: LedgerFault | null = null;

  /**
   * @param used what the run had of both before it was interrupted; nothing where it begins.
   * @param onDispatched called whenever the intent of a tool call became durable.
   */
  constructor(
    inner: RunRecorder,
    used: { readonly inputs: number; readonly toolMs: number },
    onDispatched: () => void,
  ) {
    this.#inputs = used.inputs;
    this.#toolMs = used.toolMs;
    this.run = inner.run;
    this.scope = inner.scope;
    this.#inner = inner;
    this.#onDispatched = onDispatched;
  }

  /** How many inputs the run has so far. */
  get inputs(): number {
    return this.#inputs;
  }

  /** How long tools ran, each call counted by itself. */
  get toolMs(): number {
    return this.#toolMs;
  }

  /** Why nothing is recorded any more, or null. */
  get fault(): LedgerFault | null {
    return this.#fault;
  }

  async record(draft: EntryDraft): Promise<Result<RunEntry, LedgerFault>> {
    const recorded = await this.#inner.record(draft);
    if (!recorded.ok) {
      this.#fault ??= recorded.fault;
      return recorded;
    }
    const { id, input } = recorded.value;
    if (input !== null) {
      this.#inputs += 1;
      const { type, public: fields, content, labels = [] } = draft;
      this.#fed.push({ id, type, input, labels, public: fields, content });
    }
    this.#toolMs += toolMsOf(draft);
    if (draft.type === "action.intended" && isToolCall(draft)) this.#onDispatched();
    return recorded;
  }

  live(type: LiveType, data: JsonObject): void {
    this.#inner.live(type, data);
  }

  /** The inputs that came since the last time, in their order. */
  takeFed(): readonly Fed[] {
    return this.#fed.splice(0).sort((left, right) => left.input - right.input);
  }
}

const isToolCall = (draft: Pick<EntryDraft, "public">): boolean =>
  typeof ownValue(draft.public, "tool") === "string";

/** How long a tool ran by the entry that says so; 0 for any other entry. */
export const toolMsOf = (draft: Pick<EntryDraft, "type" | "public">): number => {
  const isOver = draft.type === "action.completed" || draft.type === "effect.unknown";
  const wallMs = ownValue(draft.public, "wallMs");
  return isOver && isToolCall(draft) && typeof wallMs === "number" ? wallMs : 0;
};
