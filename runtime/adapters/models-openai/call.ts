import { ReadableStream } from "node:stream/web";

import OpenAI from "openai";

import { abortError } from "#kernel/abort.ts";
import { concatBytes } from "#kernel/bytes.ts";
import type { JsonValue } from "#kernel/json.ts";
import { fault } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { ModelEvent, ModelFault, ModelRequest } from "#ports/language-model.ts";
import { AnswerReader } from "./answer-reader.ts";
import { EventSplitter } from "./event-splitter.ts";
import type { Exchange, ExchangeAnswer } from "./http-exchange.ts";
import { httpExchange } from "./http-exchange.ts";
import type { OpenAiLimits } from "./limits.ts";
import { OPENAI_LIMITS_DEFAULT } from "./limits.ts";
import type { OpenAiDeps, OpenAiModel } from "./model.ts";
import type { Provider } from "./provider-fault.ts";
import {
  faultOfConnection,
  faultOfRefusal,
  passing,
  MODEL_HELP,
  PROTOCOL_HELP,
  saidInError,
} from "./provider-fault.ts";
import { providerText } from "./provider-text.ts";
import { estimatedTokens, requestLength, toolNames, wireMessage, wireTool } from "./request-body.ts";

/** The one origin that wants the newer name for the longest answer; other servers know the older one. */
const OPENAI_ORIGIN = "https://api.openai.com";

/** One request and its answer. The package builds the request and parses the events; the rest is ours. */
export class Call {
  readonly #model: OpenAiModel;
  readonly #provider: Provider;
  readonly #request: ModelRequest;
  readonly #clock: Clock;
  readonly #exchange: Exchange;
  readonly #limits: OpenAiLimits;
  readonly #reader: AnswerReader;
  readonly #over = new AbortController();
  readonly #endsAtMs: number;
  /** Why there is no answer, found where the bytes are; what the package makes of it is not used. */
  #fault: ModelFault | null = null;

  constructor(model: OpenAiModel, deps: OpenAiDeps, request: ModelRequest) {
    this.#model = model;
    this.#provider = { origin: new URL(model.baseUrl).origin, key: model.key, keyHelp: model.keyHelp };
    this.#request = request;
    this.#clock = deps.clock;
    this.#exchange = deps.exchange ?? httpExchange;
    this.#limits = deps.limits ?? OPENAI_LIMITS_DEFAULT;
    this.#reader = new AnswerReader(this.#limits);
    this.#endsAtMs = deps.clock.monotonicMs() + this.#limits.answerMsMax;
  }

  /** Closes the connection; what waits for it stops. */
  end(): void {
    this.#over.abort(abortError());
  }

  async *events(): AsyncGenerator<ModelEvent> {
    const reader = this.#reader;
    try {
      for await (const chunk of await this.#chunks()) {
        const added = reader.take(chunk as JsonValue);
        if (!added.ok) {
          yield failure(this.#badAnswer(added.fault));
          return;
        }
        if (added.value !== "") yield { k: "text-delta", text: added.value };
      }
    } catch (error) {
      if (!reader.isFinished) {
        yield failure(this.#fault ?? this.#faultOf(error));
        return;
      }
      // Whatever broke behind the end took the usage with it and nothing else.
    }
    yield this.#last();
  }

  #last(): ModelEvent {
    // The package ends without an error when its connection was closed, so this is looked at first.
    if (!this.#reader.isFinished) return failure(this.#fault ?? this.#cut());
    const read = this.#reader.answer();
    if (!read.ok) return failure(this.#badAnswer(read.fault, MODEL_HELP));
    const { reason, text, toolCalls, usage } = read.value;
    const { fromWire } = toolNames(this.#request.tools);
    const written = toolCalls.reduce(
      (sum, call) => sum + call.tool.length + call.argumentsText.length,
      text.length,
    );
    return {
      k: "finished",
      reason,
      text,
      toolCalls: toolCalls.map((call) => ({ ...call, tool: fromWire(call.tool) })),
      usage: usage ?? {
        inputTokens: estimatedTokens(requestLength(this.#request)),
        outputTokens: estimatedTokens(written),
        source: "estimated",
      },
    };
  }

  async #chunks(): Promise<AsyncIterable<unknown>> {
    const { messages, tools, tokensMax } = this.#request;
    const names = toolNames(tools);
    // Every option is said: one that is not would be taken from the environment.
    const client = new OpenAI({
      apiKey: "the key is added where the request is sent",
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      baseURL: this.#model.baseUrl,
      maxRetries: 0,
      timeout: this.#limits.answerMsMax,
      logLevel: "off",
      fetch: (_url, init) => this.#fetch(init?.body),
    });
    return client.chat.completions.create(
      {
        model: this.#model.name,
        messages: messages.map((message) => wireMessage(message, names)),
        ...(tools.length === 0 ? {} : { tools: tools.map(wireTool) }),
        ...(this.#provider.origin === OPENAI_ORIGIN
          ? { max_completion_tokens: tokensMax }
          : { max_tokens: tokensMax }),
        stream: true,
        stream_options: { include_usage: true },
      },
      { signal: this.#over.signal },
    );
  }

  /** Sends the body that the package made, with our own headers, to the one place that was agreed to. */
  async #fetch(body: unknown): Promise<Response> {
    const { key } = this.#provider;
    const { headerBytesMax, firstByteMsMax } = this.#limits;
    const answered = await this.#inTime(firstByteMsMax, () =>
      this.#exchange(
        {
          url: new URL(`${this.#model.baseUrl}/chat/completions`),
          headers: {
            accept: "text/event-stream",
            "accept-encoding": "identity",
            "content-type": "application/json",
            "user-agent": "writ",
            ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          },
          body: String(body),
          headerBytesMax,
        },
        this.#over.signal,
      ),
    );
    const wrong = await this.#refusal(answered);
    if (wrong !== null) return this.#stop(wrong);
    return new Response(ReadableStream.from(this.#pieces(answered.body)) as BodyInit, {
      headers: { "content-type": "text/event-stream" },
    });
  }

  /** Why an answer is not to be read as a stream, or null. */
  async #refusal({ status, header, body }: ExchangeAnswer): Promise<ModelFault | null> {
    if (status !== 200) {
      const text = await this.#beginning(body);
      return faultOfRefusal(this.#provider, { status, header, body: text, wallMs: this.#clock.wallMs() });
    }
    const encoding = header("content-encoding") ?? "identity";
    if (encoding.trim().toLowerCase() !== "identity") {
      return this.#badAnswer("it is compressed, which nobody asked for");
    }
    const type = (header("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
    if (type === "text/event-stream") return null;
    const instead = INSTEAD[type ?? ""] ?? "";
    return this.#badAnswer(`it is ${instead}not a stream of events`);
  }

  /** The beginning of a body, as far as it comes: a refusal is one also without its words. */
  async #beginning(body: AsyncIterable<Uint8Array>): Promise<string> {
    const { errorBytesMax, trailerMsMax } = this.#limits;
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    const source = body[Symbol.asyncIterator]();
    const endsAtMs = this.#clock.monotonicMs() + trailerMsMax;
    try {
      while (bytes < errorBytesMax) {
        const leftMs = endsAtMs - this.#clock.monotonicMs();
        const next = await this.#inTime(Math.max(0, leftMs), () => source.next());
        if (next.done === true) break;
        pieces.push(next.value);
        bytes += next.value.length;
      }
    } catch {
      // What came until then has to do.
      this.#fault = null;
    }
    return new TextDecoder().decode(concatBytes(...pieces).subarray(0, errorBytesMax));
  }

  /** The events of the body that hold data, one by one and within every limit. */
  async *#pieces(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { answerBytesMax, emptyBytesMax, eventBytesMax, idleMsMax, trailerMsMax } = this.#limits;
    const source = body[Symbol.asyncIterator]();
    const events = new EventSplitter();
    let bytes = 0;
    for (;;) {
      const waitMs = this.#reader.isFinished ? Math.min(trailerMsMax, idleMsMax) : idleMsMax;
      const next = await this.#inTime(waitMs, () => source.next());
      if (next.done === true) break;
      bytes += next.value.length;
      if (bytes > answerBytesMax)
        this.#stop(this.#badAnswer(`it has more than ${answerBytesMax} bytes`, MODEL_HELP));
      yield* events.push(next.value);
      if (events.emptyBytes > emptyBytesMax) {
        this.#stop(this.#badAnswer(`more than ${emptyBytesMax} bytes of it say nothing`));
      }
      if (events.pendingBytes > eventBytesMax) {
        this.#stop(this.#badAnswer(`one event of it has more than ${eventBytesMax} bytes`));
      }
    }
    const rest = events.rest();
    if (rest.length > 0) yield rest;
  }

  /** Waits for the provider, but not for longer than that and than the whole answer may take. */
  async #inTime<T>(waitMsMax: number, wait: () => Promise<T>): Promise<T> {
    const leftMs = this.#endsAtMs - this.#clock.monotonicMs();
    const waitMs = Math.max(0, Math.min(waitMsMax, leftMs));
    const timer = new AbortController();
    const late = this.#clock.sleep(waitMs, timer.signal).then(
      () => LATE,
      () => LATE,
    );
    const waiting = wait();
    // Where the time was faster, nobody hears how the wait ended.
    waiting.catch(() => undefined);
    try {
      const first = await Promise.race([waiting, late]);
      if (first !== LATE) return first as T;
    } catch (error) {
      if (!this.#over.signal.aborted) this.#fault ??= this.#faultOf(error);
      throw error;
    } finally {
      timer.abort();
    }
    const what = leftMs <= waitMsMax ? "took too long for its answer" : `said nothing for ${waitMs} ms`;
    return this.#stop(passing("MODEL_TIMEOUT", `${this.#provider.origin} ${what}`));
  }

  /** Notes why there is no answer, closes the connection, and throws. */
  #stop(reason: ModelFault): never {
    this.#fault ??= reason;
    this.end();
    throw abortError();
  }

  #badAnswer(why: string, help: string = PROTOCOL_HELP): ModelFault {
    return fault("MODEL_BAD_ANSWER", `the answer of ${this.#provider.origin} cannot be used: ${why}`, {
      help,
      retryable: true,
    });
  }

  #cut(): ModelFault {
    return passing("MODEL_UNAVAILABLE", `${this.#provider.origin} broke its answer off before its end`);
  }

  /** What an error that came through the package means. */
  #faultOf(error: unknown): ModelFault {
    if (typeof error !== "object" || error === null) return this.#badAnswer("it breaks the reader");
    if ("name" in error && error.name === "SyntaxError") return this.#badAnswer("an event of it is not JSON");
    // An event that says that something went wrong behind a status that said it would not.
    if ("error" in error && error.error !== undefined && error.error !== null) {
      const { message } = saidInError(error.error as JsonValue);
      const quoted = message === "" ? "" : `: "${providerText(message, this.#provider.key)}"`;
      return passing("MODEL_UNAVAILABLE", `${this.#provider.origin} broke its answer off${quoted}`);
    }
    return "code" in error && typeof error.code === "string"
      ? faultOfConnection(this.#provider, error)
      : this.#badAnswer("it breaks the reader");
  }
}

/** What else often answers at a URL that is not quite right. */
const INSTEAD: Readonly<Record<string, string>> = {
  "text/html": "a page of HTML and ",
  "application/json": "one piece of JSON and ",
};

const LATE: unique symbol = Symbol("late");

const failure = (reason: ModelFault): ModelEvent => ({ k: "failed", fault: reason });
