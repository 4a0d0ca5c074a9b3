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
  // The parser does not give every one of its errors a code.
  if (code.startsWith("HPE_") || nameOf(error) === "HTTPParserError") {
    return fault("HTTP_MALFORMED", `what the server sent is not HTTP (${code})`);
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

const nameOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "name" in error ? error.name : undefined;

/** OpenSSL's and Node's names for a certificate or handshake that is not accepted. */
const isTlsRefusal = (code: string): boolean =>
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$)/.test(code);
