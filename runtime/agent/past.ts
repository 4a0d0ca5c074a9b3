import type { CallId, EntryId } from "#kernel/ids.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownText, ownValue } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { EntryType } from "#protocol/run-event.ts";
import type { RunInput } from "./input.ts";
import type { JournalEntry } from "./journal.ts";
import { HOST_DIED, inputOf } from "./journal.ts";
import { toolMsOf } from "./recording.ts";

/** An entry of a run as its ledger has it, with those of its sealed parts opened that going on needs. */
export interface PastEntry extends Omit<JournalEntry, "input"> {
  readonly id: EntryId;
  readonly type: EntryType;
  readonly runSeq: number;
  readonly input: number | null;
  /** Milliseconds since the writer of this entry opened its log. */
  readonly monotonicMs: number;
}

/** What stands on record of a run whose host died, as far as going on needs it. */
export interface RunPast {
  /** `run.started`. */
  readonly started: PastEntry;
  /** The last `run.interrupted`, and the position of the entry before it. */
  readonly interrupted: { readonly id: EntryId; readonly last: JsonObject };
  /** How many entries the run has. */
  readonly entries: number;
  readonly journal: readonly (PastEntry & { readonly input: number })[];
  /** Pairs that lack their second half. */
  readonly open: {
    readonly actions: readonly OpenPair[];
    readonly models: readonly OpenPair[];
    readonly approvals: readonly OpenPair[];
  };
  /** Decisions by the call that they are about. */
  readonly decided: ReadonlyMap<string, PastEntry>;
  /** `sandbox.opened`, or null where the host died before. */
  readonly sandbox: PastEntry | null;
  /** Digests of states that the run stated. */
  readonly stated: readonly string[];
  readonly used: {
    /** From each start or resumption to the last entry behind it; what lay between is not the run's. */
    readonly wallMs: number;
    readonly toolMs: number;
    /** Calls that came to an end. */
    readonly calls: number;
  };
  /** What each request to the model came to, in their order; null for a failure, and for what cannot be read. */
  readonly answers: readonly (PastAnswer | null)[];
}

/** What a model said. */
export type PastAnswer = Pick<Extract<RunInput, { k: "model-answered" }>, "text" | "toolCalls">;

export interface OpenPair {
  readonly entry: PastEntry;
  /** How long it was under way when the host died, by the writer's own clock. */
  readonly wallMs: number;
}

export type PastFault = Fault<
  /** Entries are missing, stand twice or in no order that a run has. */
  | "RESUME_INCOMPLETE"
  /** It ended, or its host lives. */
  | "RUN_NOT_INTERRUPTED"
>;

/** Sealed parts that going on reads, by type; of types that feed it is all of them. */
export const PARTS_OF_PAST: { readonly [Type in EntryType]?: readonly string[] } = {
  "action.decided": ["request", "arguments", "preview"],
  "sandbox.opened": ["files"],
};

/** Reads what is on record of one run, in any order. Whether it replays is not looked at here. */
export const readPast = (given: readonly PastEntry[]): Result<RunPast, PastFault> => {
  const entries = [...given].sort((left, right) => left.runSeq - right.runSeq);
  const started = entries.find(({ type }) => type === "run.started");
  if (started === undefined || entries.some(({ runSeq }, index) => runSeq !== index)) {
    return failed(
      fault("RESUME_INCOMPLETE", "what is on record of the run is not whole, each entry once", {
        help: "`writ audit verify` says whether a log was changed; start a new run",
      }),
    );
  }
  const interrupted = entries.findLast(({ type }) => LIFE.has(type));
  const last = interrupted && ownValue(interrupted.public, "last");
  if (interrupted?.type !== "run.interrupted" || !isJsonObject(last)) {
    const ended = interrupted?.type === "run.ended";
    return failed(
      fault("RUN_NOT_INTERRUPTED", ended ? "the run is over" : "the run was not interrupted", {
        help: "`writ ps` lists runs that were interrupted",
      }),
    );
  }
  return ok(pastFrom(entries, started, { id: interrupted.id, last }));
};

/** What the entries say, in the run's order, whether or not they are all there. */
export const pastFrom = (
  entries: readonly PastEntry[],
  started: PastEntry,
  interrupted: RunPast["interrupted"],
): RunPast => {
  const spans = spansOf(entries);
  return {
    started,
    interrupted,
    entries: entries.length,
    journal: entries.flatMap((entry) => (entry.input === null ? [] : [{ ...entry, input: entry.input }])),
    open: {
      actions: openPairs(entries, spans, "action.intended", ["action.completed", "effect.unknown"]),
      models: openPairs(entries, spans, "model.requested", ["model.answered", "model.failed"]),
      approvals: openPairs(entries, spans, "approval.asked", ["approval.answered"], "approval"),
    },
    decided: decisionsOf(entries),
    sandbox: entries.find(({ type }) => type === "sandbox.opened") ?? null,
    stated: entries.flatMap(({ public: fields }) => {
      const state = ownValue(fields, "state");
      return typeof state === "string" ? [state] : [];
    }),
    used: {
      wallMs: spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0),
      toolMs: entries.reduce((sum, entry) => sum + toolMsOf(entry), 0),
      calls: entries.filter(isSettledCall).length,
    },
    answers: entries
      .filter(({ type }) => type === "model.answered" || type === "model.retried")
      .map(answerOf),
  };
};

const answerOf = (entry: PastEntry): PastAnswer | null => {
  const input = inputOf({ ...entry, input: entry.input ?? 0 });
  return input.ok && input.value.k === "model-answered" ? input.value : null;
};

const LIFE: ReadonlySet<EntryType> = new Set(["run.started", "run.interrupted", "run.resumed", "run.ended"]);

/** A stretch of a run's entries while one host worked on it. */
interface Span {
  readonly first: number;
  last: number;
  readonly startMs: number;
  endMs: number;
}

const spansOf = (entries: readonly PastEntry[]): readonly Span[] => {
  const spans: Span[] = [];
  let current: Span | null = null;
  for (const { type, runSeq, monotonicMs } of entries) {
    if (type === "run.started" || type === "run.resumed") {
      current = { first: runSeq, last: runSeq, startMs: monotonicMs, endMs: monotonicMs };
      spans.push(current);
    } else if (type === "run.interrupted") current = null;
    else if (current !== null) {
      current.last = runSeq;
      current.endMs = Math.max(current.endMs, monotonicMs);
    }
  }
  return spans;
};

const openPairs = (
  entries: readonly PastEntry[],
  spans: readonly Span[],
  first: EntryType,
  seconds: readonly EntryType[],
  id: "callId" | "approval" = "callId",
): readonly OpenPair[] => {
  const closed = new Set(
    entries.filter(({ type }) => seconds.includes(type)).map((entry) => ownValue(entry.public, id)),
  );
  return entries
    .filter((entry) => entry.type === first && !closed.has(ownValue(entry.public, id)))
    .map((entry) => {
      const span = spans.find((one) => one.first <= entry.runSeq && entry.runSeq <= one.last);
      return { entry, wallMs: Math.max(0, Math.round((span?.endMs ?? 0) - entry.monotonicMs)) };
    });
};

export const decisionsOf = (entries: readonly PastEntry[]): RunPast["decided"] =>
  new Map(entries.filter(({ type }) => type === "action.decided").map((entry) => [callOf(entry), entry]));

export const callOf = ({ public: fields }: Pick<PastEntry, "public">): CallId =>
  ownText(fields, "callId") as CallId;

/** The end of a call of a tool; one that was lost with its host is made again and counts then. */
const isSettledCall = ({ type, public: fields }: PastEntry): boolean =>
  (type === "action.completed" || type === "effect.unknown") &&
  !NO_CALLS.includes(ownValue(fields, "action")) &&
  ownValue(fields, "code") !== HOST_DIED;

const NO_CALLS: readonly (JsonValue | undefined)[] = ["model_call", "respond", "terminate"];
