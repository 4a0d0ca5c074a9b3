import type { ApiRequest } from "#protocol/api-test.ts";

/** Names under which secrets travel. */
const SECRET_NAME = /auth|api[-_]?key|token|secret|passw|session|credential|cookie/i;

export const REDACTED = "REDACTED";

/**
 * A line for a POSIX shell that sends the same bytes with curl. Every word is in single quotes, in which a
 * shell reads nothing but the closing quote. Values under names of secrets are left out.
 */
export const curlLine = (origin: string, request: ApiRequest): string => {
  const { method, headers, body } = request;
  const words = ["curl", "--silent", "--show-error", "--include", "--globoff", "--path-as-is"];
  if (method === "HEAD") words.push("--head");
  else words.push("--request", method);
  for (const [name, value] of headers) {
    words.push("--header", quoted(`${name}: ${SECRET_NAME.test(name) ? REDACTED : value}`));
  }
  if (body !== null) words.push("--data-raw", quoted(body));
  words.push(quoted(`${origin}${withoutSecrets(request.target)}`));
  return words.join(" ");
};

const withoutSecrets = (target: string): string => {
  const mark = target.indexOf("?");
  if (mark === -1) return target;
  const pairs = target
    .slice(mark + 1)
    .split("&")
    .map((pair) => {
      const [name = ""] = pair.split("=");
      return SECRET_NAME.test(name) ? `${name}=${REDACTED}` : pair;
    });
  return `${target.slice(0, mark)}?${pairs.join("&")}`;
};

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
