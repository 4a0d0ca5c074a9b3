import { errorCode } from "#kernel/error-code.ts";
import type { JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import { durationText } from "#kernel/duration.ts";
import { fault } from "#kernel/result.ts";
import type { ModelAgain, ModelFault } from "#ports/language-model.ts";
import { providerText } from "./provider-text.ts";
import { retryAfterMs } from "./retry-after.ts";

/** Whom a fault is about and what a person can do about it. */
export interface Provider {
  readonly origin: string;
  /** Only to take it out of what the provider says. */
  readonly key: string | null;
  /** What to do when the provider wants another key, as a sentence for people. */
  readonly keyHelp: string;
}

/** An answer that holds no stream of events. */
export interface Refusal {
  readonly status: number;
  readonly header: (name: string) => string | null;
  /** The beginning of the body. */
  readonly body: string;
  readonly wallMs: number;
}

/** What a status other than 200 means; the words of the provider are in it, untrusted and bounded. */
export const faultOfRefusal = (provider: Provider, refusal: Refusal): ModelFault => {
  const { status } = refusal;
  const said = saidIn(refusal.body);
  const quoted = said.message === "" ? "" : `: "${providerText(said.message, provider.key)}"`;
  const place = `${provider.origin} answered ${status}`;
  if (status >= 300 && status <= 399) {
    return fault("MODEL_REFUSED", `${place}, a redirect, which is never followed`, {
      help: `name the address that really answers: ${URL_PLACES}`,
    });
  }
  if (isTooLong(status, said)) {
    return fault("MODEL_REFUSED", `${place}: the conversation is longer than the model takes${quoted}`, {
      help: "choose a model with a larger context, or let the agent read less",
    });
  }
  if (said.code === "insufficient_quota" || status === 402) {
    return fault("MODEL_REFUSED", `${place}: the account has no credit left${quoted}`, {
      help: "this is for whoever pays the provider to mend",
    });
  }
  if (status === 401 || status === 403) {
    return fault("MODEL_REFUSED", `${place}: it does not accept the key${quoted}`, {
      help: provider.keyHelp,
    });
  }
  if (status === 404) {
    return fault("MODEL_REFUSED", `${place}: it has no such model, or no such path${quoted}`, {
      help: `look at the name behind --model and at ${URL_PLACES}`,
    });
  }
  if (PASSING.includes(status) || status >= 500) {
    const afterMs = retryAfterMs(refusal.header, refusal.wallMs);
    const wait =
      afterMs === null || afterMs === 0
        ? ""
        : `, and wants nobody to ask again for ${durationText(Math.ceil(afterMs))}`;
    const busy = status === 429 ? ": too many requests" : status < 500 ? "" : ": it cannot answer now";
    return passing("MODEL_UNAVAILABLE", `${place}${busy}${quoted}${wait}`, { afterMs });
  }
  return status >= 400
    ? fault("MODEL_REFUSED", `${place}: it does not accept the request${quoted}`, {
        help: `look whether the model takes tools and so long an answer (\`outputTokensMax\`), and at ${URL_PLACES}`,
      })
    : fault("MODEL_BAD_ANSWER", `${place}, which is no answer of this protocol`, { help: PROTOCOL_HELP });
};

/** Request timeout, conflict, too early, too many requests; every status from 500 on is among them too. */
const PASSING: readonly number[] = [408, 409, 425, 429];

/** Where a person says which URL an endpoint has. */
const URL_PLACES =
  "the endpoint's URL (`WRIT_MODEL_URL`, else `url` in models.json), which usually ends with /v1";

/** What to do about a server that speaks something else. */
/** For an answer in the protocol that the model made wrong. */
export const MODEL_HELP = "start the run again, have the agent ask for less at once, or choose another model";
export const PROTOCOL_HELP = `what answers there has to stream answers in the protocol of OpenAI's chat completions; look at ${URL_PLACES}`;

const LATER_HELP = "start the run again later, or with another model";

/** A fault after which the same request may be sent again, and what to do once it was in vain. */
export const passing = (
  code: "MODEL_UNAVAILABLE" | "MODEL_TIMEOUT",
  message: string,
  again: ModelAgain = { afterMs: null },
): ModelFault => ({ ...fault(code, message, { help: LATER_HELP, retryable: true }), again });

/** What an error of the connection means. Its own message is not shown: it may name anything. */
export const faultOfConnection = (provider: Provider, error: unknown): ModelFault => {
  const code = errorCode(error);
  const { origin } = provider;
  if (code === "HPE_HEADER_OVERFLOW") {
    return fault("MODEL_BAD_ANSWER", `${origin} answered with more headers than are read`, {
      help: PROTOCOL_HELP,
    });
  }
  if (code.startsWith("HPE_")) {
    return fault("MODEL_BAD_ANSWER", `${origin} does not answer in HTTP (${code})`, {
      help: PROTOCOL_HELP,
    });
  }
  if (code === "ECONNREFUSED" || code === "ENOTFOUND" || UNREACHABLE.includes(code)) {
    return {
      ...fault("MODEL_UNAVAILABLE", `${origin} cannot be reached (${code})`, {
        help: `look whether the server runs, and at ${URL_PLACES}; proxies of the environment are not used`,
        retryable: true,
      }),
    };
  }
  if (BROKEN.includes(code)) {
    return passing("MODEL_UNAVAILABLE", `the connection to ${origin} broke (${code})`);
  }
  return fault("MODEL_UNAVAILABLE", `no secure connection to ${origin} (${code})`, {
    help: `look at the server's certificate and at ${URL_PLACES}; NODE_EXTRA_CA_CERTS names a file of authorities of your own`,
  });
};

const UNREACHABLE: readonly string[] = ["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "EADDRNOTAVAIL"];
const BROKEN: readonly string[] = ["ECONNRESET", "EPIPE", "ETIMEDOUT", "ECONNABORTED", "EAI_AGAIN"];

interface Said {
  readonly message: string;
  readonly code: string;
}

/** The words of an error body: of an `error` object, of a text in its place, else of the body itself. */
const saidIn = (body: string): Said => {
  const reading = readJson(body);
  return reading.ok ? saidInError(reading.value) : { message: body.trim(), code: "" };
};

/** The same for a value that is the body or the payload of an event. */
export const saidInError = (value: JsonValue): Said => {
  if (typeof value === "string") return { message: value, code: "" };
  if (!isJsonObject(value)) return { message: "", code: "" };
  const inner = ownValue(value, "error");
  if (inner !== undefined && inner !== null) return saidInError(inner);
  const [message, code] = ["message", "code"].map((name) => ownValue(value, name));
  return {
    message: typeof message === "string" ? message : "",
    code: typeof code === "string" ? code : "",
  };
};

const isTooLong = (status: number, { message, code }: Said): boolean =>
  [400, 413, 422].includes(status) &&
  (code === "context_length_exceeded" || /context (?:length|window|size)|too many tokens/i.test(message));
