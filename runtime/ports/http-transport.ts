import type { Fault, Result } from "#kernel/result.ts";
import type { ApiAnswer, ApiRequest } from "#protocol/api-test.ts";

/**
 * Sends requests to one origin, as they were planned: the target and every header byte for byte; only `Host`,
 * `Connection` and `Content-Length` are added. Names are resolved once, when the transport is opened; no
 * redirect is followed; what is answered is handed over undecoded.
 *
 * Not promised: that a request was not received when there is a fault.
 */
export interface HttpTransport {
  /** As `URL.origin` writes it. */
  readonly origin: string;
  /** Rejects with an AbortError when aborted, and lets go of the connection at once. */
  send(request: ApiRequest, signal: AbortSignal): Promise<Result<HttpAnswer, HttpFault>>;
  /** Ends every connection; what is still under way fails. Safe to call twice. */
  close(): Promise<void>;
}

/** Headers that say where a message ends, whose it is or how far it goes; the transport alone sets them. */
export const isTransportHeader = (name: string): boolean =>
  TRANSPORT_HEADERS.includes(name.toLowerCase()) || name.toLowerCase().startsWith("proxy-");

const TRANSPORT_HEADERS: readonly string[] = [
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

export interface HttpAnswer extends ApiAnswer {
  readonly elapsedMs: number;
}

export type HttpFault = Fault<
  /** Nobody listens there, or not as the origin says. */
  | "HTTP_UNREACHABLE"
  /** No complete answer within a bound of time; the message says which. */
  | "HTTP_TIMEOUT"
  /** The connection ended within the answer, or before one. */
  | "HTTP_CUT_OFF"
  /** What came is not HTTP/1.1. */
  | "HTTP_MALFORMED"
  /** Headers or body beyond the bound. */
  | "HTTP_TOO_LARGE"
  /** The request cannot be sent as it stands, and nothing was. */
  | "HTTP_UNSENDABLE"
>;

/** Why no transport to an origin can be had. */
export type HttpOpenFault = Fault<"HTTP_UNREACHABLE" | "HTTP_ORIGIN_REFUSED">;

export interface HttpLimits {
  readonly connectTimeoutMs: number;
  /** Until the headers of the answer have ended, however many pieces of them, or answers before it (1xx), come. */
  readonly headersTimeoutMs: number;
  /** Longest pause between two pieces of a body. */
  readonly bodyTimeoutMs: number;
  /** From the first byte sent to the last one received. */
  readonly wholeTimeoutMs: number;
  readonly headerBytesMax: number;
  readonly bodyBytesMax: number;
  readonly connectionsMax: number;
}

export const HTTP_LIMITS_DEFAULT: HttpLimits = {
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 5_000,
  wholeTimeoutMs: 20_000,
  headerBytesMax: 32 * 1024,
  bodyBytesMax: 8 * 1024 * 1024,
  connectionsMax: 8,
};
