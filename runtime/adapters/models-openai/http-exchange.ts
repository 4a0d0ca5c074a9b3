import { request as requestPlain } from "node:http";
import type { IncomingMessage } from "node:http";
import { request as requestSecure } from "node:https";
import type { LookupFunction } from "node:net";

import { throwIfAborted } from "#kernel/abort.ts";
import { utf8 } from "#kernel/bytes.ts";

export interface ExchangeRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly headerBytesMax: number;
}

export interface ExchangeAnswer {
  readonly status: number;
  /** Null where there is none; repeated ones joined by a comma. */
  readonly header: (name: string) => string | null;
  /** Ends with an error when the connection breaks, and silently where nobody can tell that from an end. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Sends one POST and resolves with status and headers. Aborting `signal` ends it at any time, also while
 * the body is read, and rejects. Rejects with Node's own errors, told apart by their code.
 */
export type Exchange = (request: ExchangeRequest, signal: AbortSignal) => Promise<ExchangeAnswer>;

/**
 * HTTP/1.1 on a connection of its own. It follows no redirect, uses no proxy of the environment, lets
 * nothing there switch the check of certificates off, keeps no connection and no cookie, and finds
 * `localhost` on this machine only.
 */
export const httpExchange: Exchange = ({ url, headers, body, headerBytesMax }, signal) =>
  new Promise((resolve, reject) => {
    throwIfAborted(signal);
    const bytes = utf8(body);
    const options = {
      method: "POST",
      headers: { ...headers, "content-length": String(bytes.length), connection: "close" },
      agent: false,
      maxHeaderSize: headerBytesMax,
      signal,
      ...(url.hostname === "localhost" ? { lookup: lookupHere } : {}),
    } as const;
    const outgoing =
      url.protocol === "https:"
        ? requestSecure(url, { ...options, rejectUnauthorized: true })
        : requestPlain(url, options);
    outgoing.once("response", (incoming) => resolve(answerOf(incoming)));
    // Stays for the time of the body: an error without a listener would end the process.
    outgoing.on("error", reject);
    outgoing.end(bytes);
  });

const answerOf = (incoming: IncomingMessage): ExchangeAnswer => ({
  status: incoming.statusCode ?? 0,
  header: (name) => {
    const value = incoming.headers[name];
    return value === undefined ? null : typeof value === "string" ? value : value.join(", ");
  },
  body: incoming,
});

const lookupHere: LookupFunction = (_hostname, options, done) => {
  if (options.all === true) {
    done(null, [
      { address: "127.0.0.1", family: 4 },
      { address: "::1", family: 6 },
    ]);
  } else done(null, "127.0.0.1", 4);
};
