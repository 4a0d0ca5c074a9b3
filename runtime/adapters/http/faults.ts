import { errorCode } from "#kernel/error-code.ts";
import { fault } from "#kernel/result.ts";
import type { HttpFault, HttpLimits } from "#ports/http-transport.ts";

const UNREACHABLE: readonly string[] = [
  "EACCES",
  "EADDRNOTAVAIL",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPERM",
];

/** What an error of the client means for whoever sent a request; told apart by code alone. */
export const faultOf = (error: unknown, limits: HttpLimits): HttpFault => {
  const code = errorCode(error);
  switch (code) {
    case "UND_ERR_CONNECT_TIMEOUT":
      return fault("HTTP_UNREACHABLE", `no connection within ${limits.connectTimeoutMs} ms`, {
        retryable: true,
      });
    case "UND_ERR_HEADERS_TIMEOUT":
      return tooSlow("headers", limits.headersTimeoutMs);
    case "UND_ERR_BODY_TIMEOUT":
      return tooSlow("body", limits.bodyTimeoutMs);
    case "UND_ERR_HEADERS_OVERFLOW":
    case "HPE_HEADER_OVERFLOW":
      return fault("HTTP_TOO_LARGE", `the answer's headers have more than ${limits.headerBytesMax} bytes`);
    case "UND_ERR_INVALID_ARG":
    case "UND_ERR_NOT_SUPPORTED":
      return fault("HTTP_UNSENDABLE", "the request cannot be sent as it stands");
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
      return fault("HTTP_CUT_OFF", "the answer is not as long as it says");
    default:
      break;
  }
  // The parser gives its errors no code, and a status below 100 it does not expect at all.
  if (textOf(error, "name") === "HTTPParserError" || code === "ERR_ASSERTION") {
    return fault("HTTP_MALFORMED", `what the server sent is not HTTP/1.1${parserReason(error)}`);
  }
  if (textOf(error, "message") === "bad upgrade") {
    return fault("HTTP_MALFORMED", "the server changed to another protocol (101), which nobody asked for");
  }
  if (UNREACHABLE.includes(code) || isTlsRefusal(code)) {
    return fault("HTTP_UNREACHABLE", `the server cannot be reached (${code})`, { retryable: true });
  }
  return fault("HTTP_CUT_OFF", `the connection ended before the answer did (${code})`, { retryable: true });
};

export const tooSlow = (part: "headers" | "body" | "whole", timeoutMs: number): HttpFault =>
  fault("HTTP_TIMEOUT", `${SLOW[part]} within ${timeoutMs} ms`, { retryable: true });

const SLOW = {
  headers: "no headers of an answer came",
  body: "nothing more of the answer's body came",
  whole: "no whole answer came",
} as const;

const textOf = (error: unknown, member: "name" | "message"): string => {
  const text = Object(error) === error ? Reflect.get(error as object, member) : undefined;
  return typeof text === "string" ? text : "";
};

/** What the parser says in brackets at the end: one of its own texts, nothing that a server wrote. */
const parserReason = (error: unknown): string => {
  const [, reason] = /\(([A-Za-z][A-Za-z ,/-]{2,80})\)$/.exec(textOf(error, "message")) ?? [];
  return reason === undefined ? "" : `: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`;
};

/** OpenSSL's and Node's names for a certificate or handshake that is not accepted. */
const isTlsRefusal = (code: string): boolean =>
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$)/.test(code);
