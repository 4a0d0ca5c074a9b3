import * as z from "zod/mini";
import { abortError, isAbort, throwIfAborted } from "#kernel/abort.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { MethodName, MethodSchema } from "#protocol/host-rpc.ts";
import { METHODS, REQUESTS_UNDER_WAY_MAX } from "#protocol/host-rpc.ts";
import type { CallFault } from "./errors.ts";
import { CONNECTION_LOST, MALFORMED_ANSWER, callFault, errorAnswer, readErrorAnswer } from "./errors.ts";
import type { Message, MessageId } from "./messages.ts";
import { messageBody, readMessage } from "./messages.ts";

/*
 * One side of an opened connection: calls that wait for their answers, calls of the other side that
 * wait for ours, notifications, progress and cancellation. It knows no socket; whoever has one hands
 * bodies in and takes bodies out.
 */

export type Params<Name extends MethodName> = z.output<(typeof METHODS)[Name]["params"]>;
export type Answer<Name extends MethodName> = z.output<(typeof METHODS)[Name]["result"]>;

type Kind<Name extends MethodName> = (typeof METHODS)[Name]["kind"];
export type RequestName = { [Name in MethodName]: Kind<Name> extends "request" ? Name : never }[MethodName];
export type NotificationName = Exclude<MethodName, RequestName>;

export interface Progress {
  readonly done: number;
  /** Null when unknown. */
  readonly total: number | null;
  readonly text: string;
}

export interface Asked {
  /** Aborted when the caller cancels or goes away. */
  readonly signal: AbortSignal;
  /** Does nothing where the caller wants none. */
  readonly progress: (progress: Progress) => void;
}

/** What this side does when it is called. A method without handler is not found. */
export interface Handlers {
  readonly requests: {
    readonly [Name in RequestName]?: (
      params: Params<Name>,
      asked: Asked,
    ) => Promise<Result<Answer<Name>, CallFault>>;
  };
  readonly notifications: { readonly [Name in NotificationName]?: (params: Params<Name>) => void };
}

export interface PeerOptions {
  readonly side: "client" | "host";
  readonly handlers: Handlers;
  /** Puts a body on the wire. */
  send(body: Uint8Array): void;
  /** Ends the connection; `closed` is called afterwards by whoever has the socket. */
  end(why: string): void;
  /** Where ids of our own requests begin: the opening has used some. */
  readonly firstId: number;
  /** Of the opening; with 0 the other side may ask for a drain and nothing else. */
  readonly version: number;
}

interface Pending {
  readonly method: RequestName;
  readonly progress: ((progress: Progress) => void) | undefined;
  settle(answer: Result<JsonValue, CallFault>): void;
}

/** Questions to people may wait for hours and count for nothing. */
const UNCOUNTED: ReadonlySet<string> = new Set(["approval/ask", "consent/ask"]);

export class Peer {
  private readonly options: PeerOptions;
  private readonly pending = new Map<MessageId, Pending>();
  private readonly progressOf = new Map<string, MessageId>();
  /** Requests of the other side that have no answer yet. */
  private readonly served = new Map<
    MessageId,
    { readonly method: string; readonly abort: AbortController }
  >();
  private readonly queue: (() => void)[] = [];
  private nextId: number;
  private isClosed = false;
  /** Answers to nothing and notifications of another form. */
  private ignored = 0;

  constructor(options: PeerOptions) {
    this.options = options;
    this.nextId = options.firstId;
  }

  get ignoredMessages(): number {
    return this.ignored;
  }

  /**
   * Calls the other side. Rejects with an AbortError when aborted, and tells the other side; whatever
   * it answers then is dropped. Waits for its turn where too many calls are under way.
   */
  async call<Name extends RequestName>(
    method: Name,
    params: Params<Name>,
    options: { readonly signal: AbortSignal; readonly progress?: (progress: Progress) => void },
  ): Promise<Result<Answer<Name>, CallFault>> {
    throwIfAborted(options.signal);
    const answer = await this.ask(method, params as JsonObject, options);
    if (!answer.ok) return answer;
    const read = z.safeParse(METHODS[method].result, answer.value);
    return read.success ? ok(read.data as Answer<Name>) : failed(MALFORMED_ANSWER);
  }

  notify<Name extends NotificationName>(method: Name, params: Params<Name>): void {
    this.send({ k: "notification", method, params });
  }

  /** A body that came in after the opening. */
  receive(body: Uint8Array): void {
    if (this.isClosed) return;
    const reading = readMessage(body);
    if (!reading.ok) {
      this.refuse(null, callFault(reading.error, fault("RPC_MESSAGE_MALFORMED", reading.why)));
      this.options.end(reading.why);
      return;
    }
    this.take(reading.message);
  }

  /** The connection is gone: calls of ours fail, calls of the other side are cancelled, but for those that outlive it. */
  closed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const pending of this.pending.values()) pending.settle(failed(CONNECTION_LOST));
    for (const start of this.queue.splice(0)) start();
    for (const { method, abort } of this.served.values()) if (!OUTLIVING.has(method)) abort.abort();
  }

  private ask(
    method: RequestName,
    params: JsonObject,
    { signal, progress }: { readonly signal: AbortSignal; readonly progress?: (progress: Progress) => void },
  ): Promise<Result<JsonValue, CallFault>> {
    return new Promise((resolve, reject) => {
      let id: MessageId | null = null;
      const cancel = (): void => {
        if (id === null) this.queue.splice(this.queue.indexOf(start), 1);
        else this.notify("$/cancel", { id });
        reject(abortError());
      };
      const start = (): void => {
        if (this.isClosed) {
          signal.removeEventListener("abort", cancel);
          resolve(failed(CONNECTION_LOST));
          return;
        }
        id = this.nextId;
        this.nextId += 1;
        const token = progress === undefined ? undefined : `p${id}`;
        if (token !== undefined) this.progressOf.set(token, id);
        this.pending.set(id, {
          method,
          progress,
          settle: (answer) => {
            if (id !== null) this.pending.delete(id);
            if (token !== undefined) this.progressOf.delete(token);
            signal.removeEventListener("abort", cancel);
            this.startNext();
            resolve(answer);
          },
        });
        this.send({
          k: "request",
          id,
          method,
          params: token === undefined ? params : { ...params, progress: token },
        });
      };
      signal.addEventListener("abort", cancel, { once: true });
      if (this.isClosed || this.hasRoom(method)) start();
      else this.queue.push(start);
    });
  }

  private hasRoom(method: string): boolean {
    return UNCOUNTED.has(method) || counted(this.pending.values()) < REQUESTS_UNDER_WAY_MAX;
  }

  private startNext(): void {
    if (this.queue.length > 0 && this.hasRoom("")) this.queue.shift()?.();
  }

  private take(message: Message): void {
    switch (message.k) {
      case "request":
        void this.serve(message);
        return;
      case "notification":
        this.hear(message);
        return;
      case "result":
      case "error": {
        const pending = message.id === null ? undefined : this.pending.get(message.id);
        if (pending === undefined) this.ignored += 1;
        else
          pending.settle(
            message.k === "result" ? ok(message.result) : failed(readErrorAnswer(message.error)),
          );
        return;
      }
    }
  }

  private async serve({ id, method, params }: Extract<Message, { k: "request" }>): Promise<void> {
    if (this.served.has(id)) {
      this.options.end("a second request with an id that is under way");
      return;
    }
    const known = this.methodFor(method, "request");
    if (known === undefined) {
      this.refuse(id, NO_SUCH_METHOD);
      return;
    }
    if (this.options.version === 0 && method !== "host/drain") {
      this.refuse(id, NO_VERSION);
      return;
    }
    const read = z.safeParse(known.params, params);
    if (!read.success) {
      this.refuse(
        id,
        callFault("invalid-params", fault("RPC_PARAMS_INVALID", paramsProblem(method, read.error))),
      );
      return;
    }
    if (!UNCOUNTED.has(method) && counted(this.served.values()) >= REQUESTS_UNDER_WAY_MAX) {
      this.refuse(id, TOO_MANY);
      return;
    }
    const abort = new AbortController();
    this.served.set(id, { method, abort });
    const answer = await this.handle(method as RequestName, read.data, this.askedBy(params, abort.signal));
    this.served.delete(id);
    if (answer.ok) this.send({ k: "result", id, result: answer.value });
    else this.refuse(id, answer.fault);
  }

  private askedBy({ progress: token }: JsonObject, signal: AbortSignal): Asked {
    return {
      signal,
      progress: (progress) => {
        if (typeof token === "string") this.notify("$/progress", { token, ...progress });
      },
    };
  }

  /** Never rejects: a mistake of ours is told to the other side as one, without what only we should know. */
  private async handle(
    method: RequestName,
    params: unknown,
    asked: Asked,
  ): Promise<Result<JsonValue, CallFault>> {
    const handler = this.options.handlers.requests[method] as
      | ((params: unknown, asked: Asked) => Promise<Result<JsonValue, CallFault>>)
      | undefined;
    if (handler === undefined) return failed(NO_SUCH_METHOD);
    try {
      return await handler(params, asked);
    } catch (error) {
      return failed(isAbort(error) ? CANCELLED : INTERNAL);
    }
  }

  private hear({ method, params }: Extract<Message, { k: "notification" }>): void {
    const known = this.methodFor(method, "notification");
    const read = known === undefined ? undefined : z.safeParse(known.params, params);
    if (read?.success !== true) {
      this.ignored += 1;
      return;
    }
    if (method === "$/cancel") this.served.get((read.data as Params<"$/cancel">).id)?.abort.abort();
    else if (method === "$/progress") this.hearProgress(read.data as Params<"$/progress">);
    else this.deliver(method as NotificationName, read.data);
  }

  private hearProgress({ token, done, total, text }: Params<"$/progress">): void {
    const id = this.progressOf.get(token);
    this.pending.get(id ?? "")?.progress?.({ done, total, text });
  }

  private deliver(method: NotificationName, params: unknown): void {
    const handler = this.options.handlers.notifications[method] as ((params: unknown) => void) | undefined;
    if (handler === undefined) this.ignored += 1;
    else handler(params);
  }

  /** The method of that name that the other side may use in that way. */
  private methodFor(method: string, kind: MethodSchema["kind"]): MethodSchema | undefined {
    if (!Object.hasOwn(METHODS, method)) return undefined;
    const known: MethodSchema = METHODS[method as MethodName];
    return known.kind === kind && known.from !== this.options.side ? known : undefined;
  }

  private refuse(id: MessageId | null, given: CallFault): void {
    this.send({ k: "error", id, error: errorAnswer(given) });
  }

  private send(message: Message): void {
    if (!this.isClosed) this.options.send(messageBody(message));
  }
}

/** A caller that goes away does not take these along: closing a window never hurts a run. */
const OUTLIVING: ReadonlySet<string> = new Set(["run/start", "run/resume", "host/drain"]);

const counted = (calls: Iterable<{ readonly method: string }>): number =>
  [...calls].filter(({ method }) => !UNCOUNTED.has(method)).length;

const paramsProblem = (
  method: string,
  { issues }: { readonly issues: readonly { readonly path: readonly PropertyKey[] }[] },
): string => {
  const [place = []] = issues.map(({ path }) => path);
  // Names of members only: what they hold may be anything.
  return `the params of \`${method}\` are not of its form${place.length === 0 ? "" : `, at \`${place.map(String).join(".").slice(0, 100)}\``}`;
};

const NO_SUCH_METHOD = callFault(
  "method-not-found",
  fault("RPC_METHOD_UNKNOWN", "there is no such method on this side of the connection"),
);
const NO_VERSION = callFault(
  "version-mismatch",
  fault("RPC_NO_COMMON_VERSION", "this host and its client have no version of the protocol in common", {
    help: "ask the older of the two to finish, and start it anew",
  }),
);
const TOO_MANY = callFault(
  "unavailable",
  fault("RPC_TOO_MANY_REQUESTS", `more than ${REQUESTS_UNDER_WAY_MAX} requests are under way`, {
    retryable: true,
  }),
);
const CANCELLED = callFault("cancelled", fault("RPC_CANCELLED", "cancelled by the caller"));
const INTERNAL = callFault(
  "internal-error",
  fault("RPC_INTERNAL", "the other side made a mistake of its own"),
);
