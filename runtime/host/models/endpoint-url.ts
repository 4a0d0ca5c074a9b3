import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";

export interface EndpointUrl {
  /** Normalised, without a slash at the end. */
  readonly baseUrl: string;
  readonly origin: string;
  /** Whether what is sent stays on this machine's own interface; what answers there may pass it on. */
  readonly isLoopback: boolean;
}

/** So that the id of a model, which holds it, stays within what an entry takes. */
const URL_LENGTH_MAX = 200;

/**
 * The URL of an endpoint, or why it is none, for people. Without encryption only this machine is reached,
 * unless `allowPlainHttp` says otherwise: whoever listens would read key and conversation.
 */
export const readEndpointUrl = (
  text: string,
  { allowPlainHttp }: { readonly allowPlainHttp: boolean },
): Result<EndpointUrl, string> => {
  const url = URL.parse(text.trim());
  if (url === null) return failed("is no URL");
  if (url.href.length > URL_LENGTH_MAX) return failed(`has more than ${URL_LENGTH_MAX} characters`);
  if (url.protocol !== "https:" && url.protocol !== "http:") return failed("is neither https nor http");
  if (url.username !== "" || url.password !== "") {
    return failed("holds a name or a password; keys have places of their own");
  }
  if (url.search !== "" || url.hash !== "" || url.href.includes("?") || url.href.includes("#")) {
    return failed("goes on behind its path");
  }
  // The model's id ends with the URL behind the last `@`.
  if (url.pathname.includes("@")) return failed("has an `@` in its path");
  const isLoopback = isLoopbackHost(url.hostname);
  if (url.protocol === "http:" && !isLoopback && !allowPlainHttp) {
    return failed("sends key and conversation without encryption to another machine");
  }
  return ok({ baseUrl: url.href.replace(/\/+$/, ""), origin: url.origin, isLoopback });
};

/** Of a host as the URL parser writes it, which knows one form for each address. */
export const isLoopbackHost = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
