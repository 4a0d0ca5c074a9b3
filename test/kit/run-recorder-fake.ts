import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { LedgerFault } from "#ports/ledger.ts";
import type { EntryDraft, RunEntry, RunRecorder } from "#ports/run-recorder.ts";
import type { EntryType, LiveType } from "#protocol/run-event.ts";
import type { RunEntryType } from "#protocol/run-event-schema.ts";
import { ENTRY_SCHEMAS, LIVE_SCHEMAS } from "#protocol/run-event-schema.ts";
import type { Clock } from "#ports/clock.ts";
import type { Entropy } from "#ports/entropy.ts";
import { createClockFake } from "./clock-fake.ts";
import { createEntropyFake } from "./entropy-fake.ts";

export interface RecordedDraft extends EntryDraft {
  readonly entry: RunEntry;
}

export interface RunRecorderFake extends RunRecorder {
  /** Everything that was recorded, in order. */
  readonly entries: readonly RecordedDraft[];
  readonly lives: readonly { readonly type: LiveType; readonly data: JsonObject; readonly after: number }[];
  ofType(type: EntryType): readonly RecordedDraft[];
  /** The ledger refuses the entry with this number and everything after it. */
  failAt(runSeq: number, code?: LedgerFault["code"]): void;
  /** Called before each entry becomes durable; a test may hold the entry up. */
  beforeRecord: ((draft: EntryDraft) => Promise<void>) | null;
}

/**
 * Keeps a run's entries in memory. Holds every draft to the format of its type, so that a test
 * which records at all also shows that it records what the event page allows.
 */
export const createRunRecorderFake = (
  deps: {
    readonly clock?: Clock;
    readonly entropy?: Entropy;
    /** A run that is on record already. */
    readonly past?: Pick<RunRecorderFake, "run" | "scope" | "entries">;
  } = {},
): RunRecorderFake => {
  const clock = deps.clock ?? createClockFake();
  const entropy = deps.entropy ?? createEntropyFake(99);
  const log = entropy.id<"log">(clock.wallMs());
  const entries: RecordedDraft[] = [...(deps.past?.entries ?? [])];
  const lives: { type: LiveType; data: JsonObject; after: number }[] = [];
  let inputs = entries.filter(({ feeds }) => feeds).length;
  let failing: { readonly at: number; readonly fault: LedgerFault } | null = null;
  let broken: LedgerFault | null = null;
  let queue: Promise<unknown> = Promise.resolve();

  const append = async (draft: EntryDraft): Promise<Result<RunEntry, LedgerFault>> => {
    if (fake.beforeRecord !== null) await fake.beforeRecord(draft);
    const runSeq = entries.length;
    if (failing !== null && runSeq >= failing.at) broken ??= failing.fault;
    if (broken !== null) return failed(broken);
    holdToFormat(draft);
    const wallMs = clock.wallMs();
    const entry: RunEntry = {
      id: entropy.id<"entry">(wallMs),
      position: { log, seq: runSeq },
      wallMs,
      runSeq,
      input: draft.feeds ? inputs : null,
    };
    if (draft.feeds) inputs += 1;
    entries.push({ ...draft, entry });
    return ok(entry);
  };

  const fake: RunRecorderFake = {
    run: deps.past?.run ?? entropy.id<"run">(clock.wallMs()),
    scope: deps.past?.scope ?? entropy.id<"scope">(clock.wallMs()),
    entries,
    lives,
    beforeRecord: null,
    record(draft) {
      const recorded = queue.then(() => append(draft));
      queue = recorded.catch(() => undefined);
      return recorded;
    },
    live(type, data) {
      const checked = LIVE_SCHEMAS[type].safeParse(data);
      if (!checked.success) throw new Error(`${type} is not of the format: ${checked.error.message}`);
      lives.push({ type, data, after: entries.length - 1 });
    },
    ofType: (type) => entries.filter((entry) => entry.type === type),
    failAt(runSeq, code = "LEDGER_DISK_FULL") {
      failing = { at: runSeq, fault: fault(code, "the disk is full") };
    },
  };
  return fake;
};

const holdToFormat = (draft: EntryDraft): void => {
  const schema = ENTRY_SCHEMAS[draft.type as RunEntryType];
  const checked = schema.public.safeParse(draft.public);
  if (!checked.success) throw new Error(`${draft.type} is not of the format: ${checked.error.message}`);
  const parts = Object.keys(draft.content).filter((part) => !schema.content.includes(part));
  if (parts.length > 0) throw new Error(`${draft.type} has no sealed part ${parts.join(", ")}`);
  if (draft.feeds !== schema.feeds) throw new Error(`${draft.type} feeds the transition or does not`);
  canonicalJson(draft.content);
  canonicalJson(draft.public);
};
