import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownValue } from "#kernel/json.ts";
import type { ToolFault } from "#ports/executor.ts";
import type { ModelToolCall } from "#ports/language-model.ts";
import type { EntryType } from "#protocol/run-event.ts";
import type { CallStatus, FileChange, RunInput } from "./input.ts";

/** The code of what was under way when the host of a run died. */
export const HOST_DIED = "HOST_DIED";

/** The code of a call whose sandbox was gone. */
const SANDBOX_LOST: ToolFault["code"] = "TOOL_SANDBOX_LOST";

/** A recorded entry of a run that feeds its transition, with its content opened. */
export interface JournalEntry {
  readonly type: EntryType;
  /** The entry's number among the run's inputs, from 0. */
  readonly input: number;
  readonly labels: readonly string[];
  readonly public: JsonObject;
  readonly content: { readonly [name: string]: JsonValue };
}

export type JournalFault = Fault</** The content of an entry was erased or is not what its type has. */
"JOURNAL_UNREADABLE">;

/**
 * The input that an entry is. The driver reads its own run through this function too, so a replay
 * cannot see anything else than the run saw.
 */
export const inputOf = (entry: JournalEntry): Result<RunInput, JournalFault> => {
  const input = read(entry);
  return input === undefined
    ? failed(fault("JOURNAL_UNREADABLE", `input ${entry.input} (${entry.type}) cannot be read`))
    : ok(input);
};

const read = (entry: JournalEntry): RunInput | undefined => {
  switch (entry.type) {
    case "run.started": {
      const inputs = ownValue(entry.content, "inputs");
      return isJsonObject(inputs) ? { k: "started", inputs } : undefined;
    }
    case "model.answered":
      return answered(ownValue(entry.content, "answer"));
    case "model.failed": {
      const explanation = ownValue(entry.content, "explanation");
      const code = ownValue(entry.public, "code");
      if (typeof code !== "string" || typeof explanation !== "string") return undefined;
      return code === HOST_DIED ? { k: "lost" } : { k: "model-failed", code, explanation };
    }
    case "action.completed":
      return completed(entry);
    case "effect.unknown":
      return unknown(entry);
    case "body.advanced":
      return { k: "body-advanced" };
    case "limit.reached": {
      const limit = ownValue(entry.public, "limit");
      return limit === "WALL_TIME" || limit === "TOOL_TIME" ? { k: "limit-reached", limit } : undefined;
    }
    case "person.intervened":
      return intervened(entry.public);
    default:
      return undefined;
  }
};

const FINISHES = ["stop", "tool-calls", "length", "refused"] as const;
const STATUSES: readonly CallStatus[] = ["done", "failed", "denied", "refused", "unknown"];
const CHANGES: readonly FileChange["kind"][] = ["created", "changed", "removed"];

const answered = (answer: JsonValue | undefined): RunInput | undefined => {
  if (!isJsonObject(answer)) return undefined;
  const [text, calls, usage] = ["text", "toolCalls", "usage"].map((name) => ownValue(answer, name));
  const finish = FINISHES.find((known) => known === ownValue(answer, "reason"));
  const toolCalls = listOf(calls, toolCall);
  if (finish === undefined || typeof text !== "string" || toolCalls === undefined) return undefined;
  if (!isJsonObject(usage)) return undefined;
  const [inputTokens, outputTokens] = [ownValue(usage, "inputTokens"), ownValue(usage, "outputTokens")];
  if (typeof inputTokens !== "number" || typeof outputTokens !== "number") return undefined;
  return { k: "model-answered", finish, text, toolCalls, inputTokens, outputTokens };
};

const toolCall = (value: JsonValue): ModelToolCall | undefined => {
  if (!isJsonObject(value)) return undefined;
  const { callId, tool, argumentsText } = value;
  return typeof callId === "string" && typeof tool === "string" && typeof argumentsText === "string"
    ? { callId, tool, argumentsText }
    : undefined;
};

/** The end of any action: a model call that was denied, a response, or the call of a tool. */
const completed = (entry: JournalEntry): RunInput | undefined => {
  const action = ownValue(entry.public, "action");
  const changes = listOf(ownValue(entry.content, "changes"), fileChange);
  const call = settled(ownValue(entry.content, "result"), changes ?? []);
  if (call?.k !== "call-settled") return undefined;
  const code = ownValue(entry.public, "code");
  if (code === HOST_DIED) return { k: "lost" };
  if (code === SANDBOX_LOST) return { k: "sandbox-lost", text: call.text };
  if (action === "model_call") return { k: "model-denied", text: call.text };
  if (action === "respond") return { k: "response-settled", status: call.status, text: call.text };
  return changes === undefined ? undefined : call;
};

/** An effect that nobody can say anything about: where a dead host is why, a person still can. */
const unknown = (entry: JournalEntry): RunInput | undefined => {
  const call = settled(ownValue(entry.content, "explanation"), []);
  if (call?.k !== "call-settled" || ownValue(entry.public, "code") !== HOST_DIED) return call;
  const callId = ownValue(entry.public, "callId");
  const { reference, labels } = call;
  return typeof callId === "string" ? { k: "effect-lost", callId, reference, labels } : undefined;
};

const intervened = (fields: JsonObject): RunInput | undefined => {
  const callId = ownValue(fields, "target");
  switch (ownValue(fields, "act")) {
    case "CANCEL":
      return { k: "cancelled" };
    case "EFFECT_HAPPENED":
      return typeof callId === "string" ? { k: "effect-told", callId, happened: true } : undefined;
    case "EFFECT_ABSENT":
      return typeof callId === "string" ? { k: "effect-told", callId, happened: false } : undefined;
    default:
      return undefined;
  }
};

const settled = (result: JsonValue | undefined, changes: readonly FileChange[]): RunInput | undefined => {
  if (!isJsonObject(result)) return undefined;
  const { reference, text, value } = result;
  const status = STATUSES.find((known) => known === ownValue(result, "status"));
  const labels = listOf(ownValue(result, "labels"), (label) =>
    typeof label === "string" ? label : undefined,
  );
  if (status === undefined || labels === undefined || value === undefined) return undefined;
  if (typeof reference !== "string" || typeof text !== "string") return undefined;
  return { k: "call-settled", reference, status, text, value, labels, changes };
};

const fileChange = (value: JsonValue): FileChange | undefined => {
  if (!isJsonObject(value) || typeof value["path"] !== "string") return undefined;
  const kind = CHANGES.find((known) => known === ownValue(value, "kind"));
  return kind === undefined ? undefined : { path: value["path"], kind };
};

/** Every item read, or undefined when it is no list or one cannot be read. */
const listOf = <T>(
  value: JsonValue | undefined,
  readItem: (item: JsonValue) => T | undefined,
): readonly T[] | undefined => {
  if (!Array.isArray(value)) return undefined;
  const items = (value as readonly JsonValue[]).map(readItem);
  return items.every((item) => item !== undefined) ? items : undefined;
};
