import { abortError, throwIfAborted } from "#kernel/abort.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { fault } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { LanguageModel, ModelEvent, ModelFault, ModelRequest } from "#ports/language-model.ts";
import { HOST_MESSAGE_BYTES_MAX } from "#protocol/host-rpc.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import type { Answer, Params } from "#host/rpc/peer.ts";
import { badAnswer, failure, faultOfCall, lastEvents, passing } from "./client-answer.ts";
import type { Client } from "./clients.ts";
import type { Askable } from "./offering.ts";
import { offering } from "./offering.ts";

export interface ClientModelsDeps {
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/** What a run with a model of clients brings. */
export interface ModelAsking extends Askable {
  /** Called when the run begins to wait for a client that offers its model, and when it goes on. */
  onParked(isParked: boolean): void;
}

/** Longest silence of a client within an answer; text and progress end it. */
const IDLE_MS_MAX = 120_000;
/** What a request has around its messages and tools, in bytes, with room to spare. */
const ENVELOPE_BYTES = 4_096;
const MESSAGES_MAX = 10_000;

/**
 * Models that clients serve. Each request is asked of one connection; when that dies in the middle,
 * the request has failed, and who asks again gets whoever offers the model then, or waits for one.
 */
export class ClientModels {
  private readonly deps: ClientModelsDeps;
  private readonly inboxes = new Map<string, Inbox>();
  private readonly waiting = new Set<() => void>();

  constructor(deps: ClientModelsDeps) {
    this.deps = deps;
  }

  /** The model of that id, or undefined while nobody offers it. */
  modelFor(id: string, asking: ModelAsking): LanguageModel | undefined {
    const able = (): readonly Client[] => offering(asking, ({ models }) => models.includes(id));
    if (able().length === 0) return undefined;
    return {
      id,
      // What a client does with what it gets, nobody here knows.
      remote: true,
      ready: async (signal) => {
        throwIfAborted(signal);
        if (able().length > 0) return;
        asking.onParked(true);
        try {
          while (able().length === 0) await this.nextOffer(signal);
        } finally {
          asking.onParked(false);
        }
      },
      stream: (request, { signal }) => this.ask(id, able, request, signal),
    };
  }

  /** Somebody may offer from now on what nobody did. */
  offered(): void {
    for (const wake of this.waiting) wake();
  }

  /** Text of an answer; only from the connection that was asked for it. */
  hear(client: Client, { stream, text }: Params<"model/delta">): void {
    const inbox = this.inboxes.get(stream);
    if (inbox?.client === client) inbox.add(text);
  }

  private nextOffer(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (act: () => void): void => {
        this.waiting.delete(wake);
        signal.removeEventListener("abort", cancelled);
        act();
      };
      const wake = (): void => done(resolve);
      const cancelled = (): void => done(() => reject(abortError()));
      if (signal.aborted) {
        cancelled();
        return;
      }
      this.waiting.add(wake);
      signal.addEventListener("abort", cancelled, { once: true });
    });
  }

  private async *ask(
    id: string,
    able: () => readonly Client[],
    request: ModelRequest,
    signal: AbortSignal,
  ): AsyncGenerator<ModelEvent> {
    throwIfAborted(signal);
    const [client] = able();
    if (client === undefined) {
      yield failure(passing("MODEL_UNAVAILABLE", "no client offers this model now"));
      return;
    }
    const asked = wireRequest(request);
    if (asked === null) {
      yield failure(TOO_LARGE);
      return;
    }
    const { clock, entropy } = this.deps;
    const stream = entropy.id<"stream">(clock.wallMs());
    const inbox = new Inbox(client);
    const over = new AbortController();
    const cancel = (): void => {
      over.abort();
      inbox.wake();
    };
    signal.addEventListener("abort", cancel, { once: true });
    this.inboxes.set(stream, inbox);
    const params = { stream, model: id, request: asked };
    client.peer
      .call("model/stream", params, { signal: over.signal, progress: () => inbox.wake() })
      // Rejected only when this side has stopped to listen.
      .then(
        (answer) => inbox.settle(answer),
        () => undefined,
      );
    try {
      for (;;) {
        throwIfAborted(signal);
        const text = inbox.take();
        if (text !== "") yield { k: "text-delta", text };
        throwIfAborted(signal);
        if (inbox.isEmpty) {
          const last = inbox.lastEvents();
          if (last !== null) {
            yield* last;
            return;
          }
          if (!(await this.hearsMore(inbox))) {
            yield failure(passing("MODEL_TIMEOUT", `the client said nothing for ${IDLE_MS_MAX} ms`));
            return;
          }
        }
      }
    } finally {
      signal.removeEventListener("abort", cancel);
      this.inboxes.delete(stream);
      over.abort();
    }
  }

  private async hearsMore(inbox: Inbox): Promise<boolean> {
    const timer = new AbortController();
    const silence = this.deps.clock.sleep(IDLE_MS_MAX, timer.signal).then(
      () => false,
      () => true,
    );
    try {
      return await Promise.race([inbox.changed().then(() => true), silence]);
    } finally {
      timer.abort();
    }
  }
}

/** What came of one answer so far. */
class Inbox {
  readonly client: Client;
  private streamed = "";
  private taken = 0;
  private answer: Result<Answer<"model/stream">, CallFault> | null = null;
  private isTooLong = false;
  private awaited = Promise.withResolvers<void>();

  constructor(client: Client) {
    this.client = client;
  }

  /** Whether everything that was heard is taken. */
  get isEmpty(): boolean {
    return this.taken === this.streamed.length;
  }

  add(text: string): void {
    // No answer that fits into a message begins with more.
    this.isTooLong ||= this.streamed.length + text.length > HOST_MESSAGE_BYTES_MAX;
    if (!this.isTooLong) this.streamed += text;
    this.wake();
  }

  settle(answer: Result<Answer<"model/stream">, CallFault>): void {
    this.answer = answer;
    this.wake();
  }

  take(): string {
    const text = this.streamed.slice(this.taken);
    this.taken = this.streamed.length;
    return text;
  }

  /** How it ended, or null while it goes on. */
  lastEvents(): readonly ModelEvent[] | null {
    if (this.isTooLong) return [failure(badAnswer(`it has more than ${HOST_MESSAGE_BYTES_MAX} characters`))];
    if (this.answer === null) return null;
    return this.answer.ok
      ? lastEvents(this.answer.value, this.streamed)
      : [failure(faultOfCall(this.answer.fault))];
  }

  changed(): Promise<void> {
    return this.awaited.promise;
  }

  wake(): void {
    this.awaited.resolve();
    this.awaited = Promise.withResolvers<void>();
  }
}

/** The request as it goes to a client, or null where it does not fit into one message. */
const wireRequest = ({
  messages,
  tools,
  tokensMax,
}: ModelRequest): Params<"model/stream">["request"] | null => {
  const request = {
    messages: messages as unknown as JsonObject[],
    tools: tools.map(({ name, summary, parameters }) => ({
      name,
      summary,
      parameters: parameters.map(({ name: parameter, type, required, summary: what }) => ({
        name: parameter,
        type,
        required,
        summary: what,
      })),
    })),
    tokensMax,
  };
  const bytes = utf8(JSON.stringify(request)).length + ENVELOPE_BYTES;
  return bytes > HOST_MESSAGE_BYTES_MAX || messages.length > MESSAGES_MAX ? null : request;
};

const TOO_LARGE: ModelFault = fault(
  "MODEL_REFUSED",
  `the conversation does not fit into one message to a client: ${HOST_MESSAGE_BYTES_MAX} bytes, ${MESSAGES_MAX} messages`,
  { help: "let the agent read less, or choose a model behind an endpoint" },
);
