import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

import type { Certified } from "./certificates.ts";

/*
 * Not a model: a local server of the provider's protocol (streamed chat completions) that plays a script
 * of behaviours, good and bad, and remembers what it was sent.
 */

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed; null where it was not JSON. */
  readonly body: WireRequestBody | null;
}

export interface WireRequestBody {
  readonly model?: string;
  readonly stream?: boolean;
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly [option: string]: unknown;
}

/** Plays one answer. It may write whatever it wants, and end it however it wants. */
export type WireBehaviour = (response: ServerResponse, request: WireRequest) => void | Promise<void>;

export interface WireServer {
  readonly origin: string;
  /** In the order in which they came. */
  readonly requests: readonly WireRequest[];
  /** A base URL of its own whose requests are answered by these in turn, then by 400. */
  endpoint(...behaviours: readonly WireBehaviour[]): string;
  close(): Promise<void>;
}

/** @param certified speaks TLS with it, and is found as `localhost`. */
export const startWireServer = async (certified: Certified | null = null): Promise<WireServer> => {
  const requests: WireRequest[] = [];
  const scripts: WireBehaviour[][] = [];
  const hear = (incoming: IncomingMessage, response: ServerResponse): void => void play(incoming, response);
  const server = certified === null ? createServer(hear) : createSecureServer(certified, hear);
  const play = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    requests.push(request);
    const script = scripts[Number(request.path.split("/")[1])];
    const behaviour = script?.shift() ?? refuses(400, { error: { message: "the script is over" } });
    await behaviour(response, request);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const origin = certified === null ? `http://127.0.0.1:${port}` : `https://localhost:${port}`;
  return {
    origin,
    requests,
    endpoint(...behaviours) {
      scripts.push([...behaviours]);
      return `${origin}/${scripts.length - 1}/v1`;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const readRequest = async (incoming: IncomingMessage): Promise<WireRequest> => {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  let body: WireRequestBody | null = null;
  try {
    body = JSON.parse(Buffer.concat(pieces).toString("utf8")) as WireRequestBody;
  } catch {
    // Remembered as what it is not.
  }
  return { method: incoming.method ?? "", path: incoming.url ?? "", headers: incoming.headers, body };
};

export interface WireAnswer {
  readonly text?: string;
  readonly toolCalls?: readonly {
    readonly tool: string;
    readonly argumentsText: string;
    readonly callId?: string;
  }[];
  readonly finish?: string;
  /** Null sends none. */
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details?: { readonly cached_tokens: number };
  } | null;
}

/** One line of server-sent data for each chunk, as a provider cuts an answer. */
export const chunksOf = (answer: WireAnswer): readonly string[] => {
  const { text = "", toolCalls = [], usage = { prompt_tokens: 20, completion_tokens: 10 } } = answer;
  const finish = answer.finish ?? (toolCalls.length > 0 ? "tool_calls" : "stop");
  const begun = toolCalls.map(({ tool, callId }, index) => ({
    index,
    id: callId ?? `call_${index}`,
    type: "function",
    function: { name: tool, arguments: "" },
  }));
  const halves = toolCalls.map(({ argumentsText }) => Math.ceil(argumentsText.length / 2));
  const part = (first: boolean): readonly unknown[] =>
    toolCalls.map(({ argumentsText }, index) => ({
      index,
      function: {
        arguments: first ? argumentsText.slice(0, halves[index]) : argumentsText.slice(halves[index]),
      },
    }));
  const deltas: unknown[] = [{ role: "assistant", content: "" }];
  for (const words of textPieces(text)) deltas.push({ content: words });
  // The pieces of parallel calls come interleaved.
  for (const calls of [begun, part(true), part(false)]) {
    if (calls.length > 0) deltas.push({ tool_calls: calls });
  }
  return [
    ...deltas.map((delta) => chunk([{ index: 0, delta, finish_reason: null }])),
    chunk([{ index: 0, delta: {}, finish_reason: finish }]),
    ...(usage === null ? [] : [chunk([], { usage })]),
  ];
};

export const chunk = (choices: readonly unknown[], more: object = {}): string =>
  JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", choices, ...more });

/** Some pieces, cut between characters. */
const textPieces = (text: string): readonly string[] => {
  const characters = [...text];
  const size = Math.max(1, Math.ceil(characters.length / 8));
  return Array.from({ length: Math.ceil(characters.length / size) }, (_, piece) =>
    characters.slice(piece * size, (piece + 1) * size).join(""),
  );
};

export const sse = (chunks: readonly string[]): string => chunks.map((data) => `data: ${data}\n\n`).join("");

const STREAM = { "content-type": "text/event-stream; charset=utf-8" };

/** A whole answer. */
export const answers = (answer: WireAnswer): WireBehaviour => sends(sse([...chunksOf(answer), "[DONE]"]));

/** These bytes as a stream of events, and then the end. */
export const sends =
  (bytes: string | Uint8Array, headers: Readonly<Record<string, string>> = STREAM): WireBehaviour =>
  (response) => {
    response.writeHead(200, headers).end(bytes);
  };

/** These bytes, and then the connection breaks. */
export const cuts =
  (bytes: string): WireBehaviour =>
  (response) => {
    response.writeHead(200, STREAM);
    response.write(bytes, () => setImmediate(() => response.destroy()));
  };

/** These bytes, and then nothing for ever; with null not even headers. */
export const hangs =
  (bytes: string | null): WireBehaviour =>
  (response) => {
    if (bytes !== null) response.writeHead(200, STREAM).write(bytes);
  };

/** The connection breaks before there is an answer. */
export const resets: WireBehaviour = (response) => {
  response.destroy();
};

export const refuses =
  (status: number, body: object | string, headers: Readonly<Record<string, string>> = {}): WireBehaviour =>
  (response) => {
    response
      .writeHead(status, { "content-type": "application/json", ...headers })
      .end(typeof body === "string" ? body : JSON.stringify(body));
  };

/** The same piece again and again until the reader goes away. */
export const repeats =
  (bytes: string, everyMs = 0): WireBehaviour =>
  async (response) => {
    response.writeHead(200, STREAM);
    const gone = new Promise<void>((resolve) => response.once("close", resolve));
    while (!response.destroyed) {
      const next = response.write(bytes)
        ? new Promise<void>((resolve) => setTimeout(resolve, everyMs))
        : new Promise<void>((resolve) => response.once("drain", resolve));
      await Promise.race([next, gone]);
    }
  };

/** A good answer that is compressed although nobody asked for it. */
export const compresses = (answer: WireAnswer): WireBehaviour =>
  sends(gzipSync(sse([...chunksOf(answer), "[DONE]"])), { ...STREAM, "content-encoding": "gzip" });

/** A good answer behind more headers than anybody needs. */
export const floodsHeaders =
  (count: number): WireBehaviour =>
  (response) => {
    for (let number = 0; number < count; number += 1) response.setHeader(`x-${number}`, "x".repeat(100));
    response.writeHead(200, STREAM).end(sse(chunksOf({ text: "hello" })));
  };
