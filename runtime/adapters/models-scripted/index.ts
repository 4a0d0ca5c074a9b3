import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { throwIfAborted } from "#kernel/abort.ts";
import { utf8Text } from "#kernel/bytes.ts";
import { errorCode } from "#kernel/error-code.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleExcerpt, visibleText } from "#kernel/visible-text.ts";
import type { Clock } from "#ports/clock.ts";
import type {
  LanguageModel,
  ModelEvent,
  ModelFault,
  ModelRequest,
  ModelToolCall,
  ModelUsage,
} from "#ports/language-model.ts";
import type { Script, ScriptedText, ScriptedTurn, ScriptFault } from "./script.ts";
import { readScript, SCRIPT_BYTES_MAX } from "./script.ts";

export interface ScriptedOptions {
  readonly name: string;
  readonly clock: Clock;
  /** What a run was told before it was interrupted, one for each turn; null where a turn failed. */
  readonly had?: readonly (Had | null)[];
}

type Had = Pick<Extract<ModelEvent, { k: "finished" }>, "text" | "toolCalls">;

/**
 * Opens `scripted:<file>`: a model whose answers stand in a file. For demos and tests; it is
 * named as what it is in every record of a run. Each `stream` takes the next turn, so one opened
 * model serves one run.
 *
 * @param options.name what stands behind `scripted:` in the model's id; usually the path as written.
 * @param options.had turns that lie behind a run that goes on. A script that says something else there is
 *   refused, since then its next turn is not the one that comes next; what it says later is as open as with
 *   any model.
 */
export const openScriptedModel = async (
  path: string,
  options: ScriptedOptions,
): Promise<Result<LanguageModel, ScriptFault>> => {
  const { name, had = [] } = options;
  const text = await readText(path, name);
  if (!text.ok) return text;
  const script = readScript(text.value);
  if (!script.ok) return script;
  const other = had.findIndex(
    (said, number) => said !== null && !says(script.value.turns[number], number, said),
  );
  return other === -1 ? ok(scriptedModel(script.value, options)) : failed(changed(name, other));
};

const says = (turn: ScriptedTurn | undefined, number: number, { text, toolCalls }: Had): boolean => {
  if (turn === undefined || turn.fail !== null || spelled(turn.text).toWellFormed() !== text) return false;
  const calls = callsOf(turn, number);
  return (
    calls.length === toolCalls.length &&
    calls.every((call, index) => {
      const { callId, tool, argumentsText } = toolCalls[index] ?? call;
      return (
        call.callId.toWellFormed() === callId &&
        call.tool.toWellFormed() === tool &&
        call.argumentsText.toWellFormed() === argumentsText
      );
    })
  );
};

const changed = (name: string, number: number): ScriptFault =>
  fault(
    "SCRIPT_CHANGED",
    `the script \`${visibleText(name)}\` changed since the run began: its turn ${number + 1} is not what the run was told`,
    { help: "put it back as it was and resume the run, or start a new one" },
  );

/** The model of a script that is already read. */
export const scriptedModel = (script: Script, options: ScriptedOptions): LanguageModel => {
  let next = options.had?.length ?? 0;
  return {
    id: `scripted:${options.name}`,
    remote: false,
    stream: (request, { signal }) => {
      const number = next;
      next += 1;
      const turn = script.turns[number];
      return turn === undefined
        ? exhausted(script.turns.length)
        : play(turn, number, request, options.clock, signal);
    },
  };
};

const readText = async (path: string, name: string): Promise<Result<string, ScriptFault>> => {
  const unreadable = (why: string): Result<never, ScriptFault> => failed(unreadableScript(name, why));
  try {
    // A pipe is opened without waiting for somebody to write into it, to see that it is one.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = await file.stat();
      if (stats.isDirectory()) return unreadable("it is a folder");
      if (!stats.isFile()) return unreadable("it is no file");
      const bytes = new Uint8Array(SCRIPT_BYTES_MAX + 1);
      let length = 0;
      for (;;) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
        length += bytesRead;
        if (bytesRead === 0 || length > SCRIPT_BYTES_MAX) break;
      }
      if (length > SCRIPT_BYTES_MAX) return unreadable(`it has more than ${SCRIPT_BYTES_MAX} bytes`);
      const text = utf8Text(bytes.subarray(0, length));
      return text === undefined ? unreadable("it is not UTF-8 text") : ok(text);
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = errorCode(error);
    return unreadable(REASONS[code] ?? code);
  }
};

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "it may not be read",
};

const unreadableScript = (name: string, why: string): ScriptFault =>
  fault("SCRIPT_UNREADABLE", `the model's script \`${visibleText(name)}\` cannot be read: ${why}`, {
    help: "name a file of turns behind `scripted:`; docs/scripted-models.md describes it",
  });

async function* exhausted(turns: number): AsyncGenerator<ModelEvent> {
  yield failure("MODEL_EXHAUSTED", `the script has only ${turns} turns and the run asked for one more`);
}

async function* play(
  turn: ScriptedTurn,
  number: number,
  request: ModelRequest,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  throwIfAborted(signal);
  const surprise = unexpected(turn, number, request);
  if (surprise !== null) {
    yield failure("MODEL_BAD_ANSWER", surprise);
    return;
  }
  if (turn.delayMs > 0) await clock.sleep(turn.delayMs, signal);
  const text = spelled(turn.text);
  for (const piece of pieces(text, turn.deltas)) {
    throwIfAborted(signal);
    yield { k: "text-delta", text: piece };
  }
  throwIfAborted(signal);
  if (turn.fail !== null) {
    yield failure(turn.fail, `turn ${number + 1} of the script says so`);
    return;
  }
  const toolCalls = callsOf(turn, number);
  yield {
    k: "finished",
    reason: turn.finish,
    text,
    toolCalls,
    usage: turn.usage === null ? estimate(request, text, toolCalls) : { ...turn.usage, source: "reported" },
  };
}

const RETRYABLE: readonly ModelFault["code"][] = ["MODEL_UNAVAILABLE", "MODEL_TIMEOUT"];

const failure = (code: ModelFault["code"], message: string): ModelEvent => ({
  k: "failed",
  fault: fault(code, message, { retryable: RETRYABLE.includes(code) }),
});

const unexpected = (turn: ScriptedTurn, number: number, request: ModelRequest): string | null => {
  const { lastMessageContains, toolsOffered } = turn.expect;
  if (lastMessageContains !== null) {
    const last = request.messages.at(-1)?.text ?? "";
    if (!last.includes(lastMessageContains)) {
      const wanted = visibleExcerpt(lastMessageContains, 200);
      return `turn ${number + 1} of the script expects \`${wanted}\` in the last message, and it is not there`;
    }
  }
  if (toolsOffered !== null) {
    const offered = request.tools.map((tool) => tool.name).sort();
    if (offered.join("\n") !== [...toolsOffered].sort().join("\n")) {
      return `turn ${number + 1} of the script expects other tools than ${offered.join(", ") || "none"}`;
    }
  }
  return null;
};

const spelled = (text: ScriptedText): string => text.text.repeat(text.times);

/** Cuts between code points, so that no piece holds half of a surrogate pair. */
function* pieces(text: string, count: number): Generator<string> {
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, count)));
  if (count === 0) return;
  let start = 0;
  while (start < text.length) {
    let end = Math.min(text.length, start + size);
    if (end < text.length && isLowSurrogate(text.charCodeAt(end))) end += 1;
    yield text.slice(start, end);
    start = end;
  }
}

const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

const callsOf = (turn: ScriptedTurn, number: number): readonly ModelToolCall[] => {
  const calls: ModelToolCall[] = [];
  for (const call of turn.toolCalls) {
    const argumentsText = spelled(call.argumentsText);
    for (let time = 0; time < call.times; time += 1) {
      calls.push({
        callId: call.callId ?? `call-${number + 1}-${calls.length + 1}`,
        tool: call.tool,
        argumentsText,
      });
    }
  }
  return calls;
};

/** Four characters to a token, the usual rule of thumb. */
const estimate = (request: ModelRequest, text: string, calls: readonly ModelToolCall[]): ModelUsage => {
  const asked = request.messages.reduce((sum, message) => sum + message.text.length, 0);
  const answered = calls.reduce(
    (sum, call) => sum + call.tool.length + call.argumentsText.length,
    text.length,
  );
  return {
    inputTokens: Math.ceil(asked / 4),
    outputTokens: Math.ceil(answered / 4),
    source: "estimated",
  };
};
