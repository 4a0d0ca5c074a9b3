import { utf8 } from "#kernel/bytes.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownText, ownValue } from "#kernel/json.ts";
import type { EntryDraft } from "#ports/run-recorder.ts";
import type { Surface } from "#protocol/consent.ts";
import type { ToolDescriptor, ToolEffect } from "#protocol/tool-descriptors.ts";
import type { CallResult } from "#gate/index.ts";
import { HOST_DIED } from "./journal.ts";
import type { OpenPair, PastEntry, RunPast } from "./past.ts";
import { callOf, decisionsOf } from "./past.ts";

/** A call that was sent off when its host died, as a person has to see it to say what became of it. */
export interface LostEffect {
  readonly callId: string;
  readonly tool: string;
  readonly arguments: JsonValue;
  /** What it would change, as text for people, or null. */
  readonly preview: string | null;
}

/** What a person says of a lost effect: it happened, it did not, or that the run shall end. */
export interface EffectAnswer {
  readonly k: "happened" | "absent" | "end";
  readonly by: string;
  readonly surface: Surface;
  /** What else they said, or null. */
  readonly detail?: string | null;
}

/** What a call can touch that goes with its sandbox: of a lost call none of it is left. */
const GONE_WITH_SANDBOX: ReadonlySet<ToolEffect> = new Set([
  "reads-run-files",
  "writes-run-files",
  "executes-code",
]);

/** Whether doing a call again could do harm. Of a tool that this build does not have nobody knows. */
export const repeatDoesHarm = (tool: ToolDescriptor | undefined): boolean =>
  tool === undefined || (!tool.idempotent && tool.effects.some((effect) => !GONE_WITH_SANDBOX.has(effect)));

/** The open intents of which only a person can say what became of them. */
export const effectsInDoubt = (
  { open, decided }: RunPast,
  registry: readonly ToolDescriptor[],
): readonly LostEffect[] =>
  open.actions
    .filter(({ entry }) => isInDoubt(entry.public, registry))
    .map(({ entry }) => lostEffect(decided, callOf(entry), ownText(entry.public, "tool")));

/** Effects that were lost with a host, as its successor recorded, and of which nobody has said yet what became of them. */
export const untoldEffects = (entries: readonly PastEntry[]): readonly LostEffect[] => {
  const told = new Set(
    entries
      .filter(({ type }) => type === "person.intervened")
      .map(({ public: fields }) => ownValue(fields, "target")),
  );
  const decided = decisionsOf(entries);
  return entries
    .filter(
      (entry) =>
        entry.type === "effect.unknown" &&
        ownValue(entry.public, "code") === HOST_DIED &&
        !told.has(callOf(entry)),
    )
    .map((entry) => lostEffect(decided, callOf(entry), ownText(entry.public, "tool")));
};

/** What is on record of a call, for a person. */
export const lostEffect = (decided: RunPast["decided"], callId: string, tool: string): LostEffect => {
  const { content } = decided.get(callId) ?? { content: {} };
  const preview = ownValue(content, "preview");
  return {
    callId,
    tool,
    arguments: ownValue(content, "arguments") ?? null,
    preview: typeof preview === "string" ? preview : null,
  };
};

/** `respond` and `terminate` are no tool's and touch nothing before the run ends. */
const isInDoubt = (fields: JsonObject, registry: readonly ToolDescriptor[]): boolean => {
  const tool = ownValue(fields, "tool");
  return tool !== null && repeatDoesHarm(registry.find(({ name }) => name === tool));
};

/**
 * Closes what the dead host left open, as docs/formats/run-event.md says: before `run.resumed`, so
 * that every pair is whole and the transition knows what is still to be done.
 */
export const closingEntries = (past: RunPast, registry: readonly ToolDescriptor[]): readonly EntryDraft[] => [
  ...past.open.approvals.map(closedApproval),
  ...past.open.models.map(closedModel),
  ...past.open.actions.map((pair) => closedAction(past, registry, pair)),
];

const LOST_TEXT = "Failed: the host of the run died before there was a result.";
const UNKNOWN_TEXT = "It is not known whether this was done: the host of the run died. Do not try it again.";

const closedApproval = ({ entry, wallMs }: OpenPair): EntryDraft => ({
  type: "approval.answered",
  cause: entry.id,
  public: {
    ...picked(entry.public, ["approval", "callId", "fingerprint"]),
    answer: "expired",
    by: null,
    surface: null,
    waitedMs: wallMs,
  },
  content: { reason: "the host of the run died" },
  feeds: false,
});

const closedModel = ({ entry, wallMs }: OpenPair): EntryDraft => ({
  type: "model.failed",
  cause: entry.id,
  public: { callId: callOf(entry), code: HOST_DIED, wallMs },
  content: { explanation: "the host of the run died before there was an answer" },
  labels: entry.labels,
  feeds: true,
});

const closedAction = (
  { decided }: RunPast,
  registry: readonly ToolDescriptor[],
  { entry, wallMs }: OpenPair,
): EntryDraft => {
  const inDoubt = isInDoubt(entry.public, registry);
  const request = ownValue(decided.get(callOf(entry))?.content ?? {}, "request");
  const reference = isJsonObject(request) ? ownValue(request, "reference") : undefined;
  const result: CallResult = {
    reference: typeof reference === "string" ? reference : "",
    status: inDoubt ? "unknown" : "failed",
    refusal: null,
    text: inDoubt ? UNKNOWN_TEXT : LOST_TEXT,
    value: null,
    labels: entry.labels,
  };
  const sealed = result as unknown as JsonObject;
  const named = { ...picked(entry.public, ["callId", "action", "tool"]), code: HOST_DIED, wallMs };
  const common = { cause: entry.id, labels: entry.labels, feeds: true };
  return inDoubt
    ? { type: "effect.unknown", public: named, content: { explanation: sealed }, ...common }
    : {
        type: "action.completed",
        public: { ...named, status: "failed", resultBytes: utf8(result.text).length, changes: 0 },
        content: { result: sealed, changes: [] },
        ...common,
      };
};

const picked = (fields: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, ownValue(fields, name) ?? null]));
