import type { LogId, RunId, ScopeId } from "#kernel/ids.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { ownText, ownValue } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { PastEntry } from "#agent/index.ts";
import { PARTS_OF_PAST } from "#agent/index.ts";
import type { LedgerReader, ShownEntry } from "#ports/ledger-reader.ts";
import { agentOfEntityId } from "#protocol/entity-id.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import type { EntryType } from "#protocol/run-event.ts";

/** A run as the logs of its workspace have it. */
export interface FoundRun {
  readonly run: RunId;
  readonly parent: RunId | null;
  /** Of its content. */
  readonly scope: ScopeId;
  readonly entries: readonly PastEntry[];
  /** Whether every part of it that was asked for is there as it was recorded. */
  readonly isWhole: boolean;
  /** The logs that it stands in. */
  readonly logs: readonly LogId[];
  /** As `run.started` has them. */
  readonly path: string;
  readonly agent: string;
  readonly source: JsonValue;
  readonly model: string;
  readonly tier: JsonValue;
}

export type FoundRunFault = Fault<
  | "RUN_UNKNOWN"
  /** Parts of it were erased, or their bytes are not those that the entries name. */
  | "RESUME_CONTENT_GONE"
  | "LEDGER_TAMPERED"
>;

/** An entry of a run with the log that it stands in and whether somebody writes that log. */
export interface PlacedEntry {
  readonly shown: ShownEntry;
  readonly entry: LedgerEntry & { readonly run: NonNullable<LedgerEntry["run"]> };
  readonly isLive: boolean;
}

/** All entries of a run in the logs of this user, in the run's own order. */
export const entriesOfRun = async (
  reader: LedgerReader,
  run: RunId,
  signal: AbortSignal,
): Promise<Result<readonly PlacedEntry[], Fault<string>>> => {
  const logs = await reader.logs();
  if (!logs.ok) return logs;
  const found: PlacedEntry[] = [];
  for (const { log, ours, live } of logs.value) {
    if (!ours) continue;
    for await (const bunch of reader.entries({ log, run }, signal)) {
      if (!bunch.ok) return bunch;
      for (const shown of bunch.value) {
        const { entry } = shown;
        if (entry?.run !== undefined && entry.run !== null) {
          found.push({ shown, entry: { ...entry, run: entry.run }, isLive: live });
        }
      }
    }
  }
  return ok(found.sort((left, right) => left.entry.run.seq - right.entry.run.seq));
};

const LIFE: readonly string[] = ["run.started", "run.interrupted", "run.resumed", "run.ended"];

/** The entry that says how the run stands. */
export const lastOfLife = (entries: readonly PlacedEntry[]): PlacedEntry | undefined =>
  entries.findLast(({ entry }) => LIFE.includes(entry.type));

/**
 * The run with those of its sealed parts opened that going on needs.
 *
 * @param wants "whole" refuses where one is gone or damaged; "rest" leaves such a part out.
 */
export const openFoundRun = async (
  reader: LedgerReader,
  run: RunId,
  placed: readonly PlacedEntry[],
  wants: "whole" | "rest" = "whole",
): Promise<Result<FoundRun, FoundRunFault | Fault<string>>> => {
  const started = placed.find(({ entry }) => entry.type === "run.started");
  const scope = started?.entry.content[0]?.scope;
  if (started === undefined || scope === undefined) return failed(UNKNOWN_RUN);
  const entries: PastEntry[] = [];
  let isWhole = true;
  for (const { shown, entry } of placed) {
    const content = await openParts(reader, shown, entry);
    if (!content.ok && (wants === "whole" || !isGone(content.fault))) return content;
    isWhole &&= content.ok;
    entries.push({
      id: entry.id,
      type: entry.type as EntryType,
      runSeq: entry.run.seq,
      input: entry.input,
      labels: entry.labels,
      public: entry.public,
      content: content.ok ? content.value : {},
      monotonicMs: entry.time.monotonicMs,
    });
  }
  const fields = started.entry.public;
  const agent = agentOfEntityId(ownText(fields, "agent"));
  if (agent === undefined) return failed(UNKNOWN_RUN);
  return ok({
    run,
    parent: started.entry.run.parent,
    scope,
    entries,
    isWhole,
    logs: [...new Set(placed.map(({ entry }) => entry.log))],
    path: agent.path,
    agent: agent.name,
    source: ownValue(fields, "source") ?? null,
    model: ownText(fields, "model"),
    tier: ownValue(fields, "tier") ?? null,
  });
};

const openParts = async (
  reader: LedgerReader,
  shown: ShownEntry,
  entry: PlacedEntry["entry"],
): Promise<Result<JsonObject, FoundRunFault | Fault<string>>> => {
  const wanted = entry.input === null ? (PARTS_OF_PAST[entry.type as EntryType] ?? []) : null;
  const content: [string, JsonValue][] = [];
  for (const { name } of entry.content) {
    if (wanted !== null && !wanted.includes(name)) continue;
    const part = await reader.content(shown, name);
    if (!part.ok) return part;
    if (part.value.state === "erased") return failed(erased(entry.run.id));
    if (part.value.state === "damaged") return failed(damaged(entry.run.id));
    content.push([name, part.value.value]);
  }
  return ok(Object.fromEntries(content));
};

const isGone = ({ code }: Fault<string>): boolean =>
  code === "RESUME_CONTENT_GONE" || code === "LEDGER_TAMPERED";

export const UNKNOWN_RUN = fault("RUN_UNKNOWN", "no such run began in this workspace", {
  help: "`writ ps --all` lists its runs",
});
/** How a person ends a run that cannot go on, for the help of what says that. */
export const howToEnd = (run: string): string => `\`writ stop ${run.slice(-8)}\` ends it for good`;

export const erased = (run: string): Fault<"RESUME_CONTENT_GONE"> =>
  fault("RESUME_CONTENT_GONE", "content of the run was erased, so it cannot go on", { help: howToEnd(run) });
const damaged = (run: string): Fault<"LEDGER_TAMPERED"> =>
  fault("LEDGER_TAMPERED", "content of the run is not what was recorded, so it cannot go on", {
    help: `\`writ audit verify\` says what was changed; ${howToEnd(run)}`,
  });
