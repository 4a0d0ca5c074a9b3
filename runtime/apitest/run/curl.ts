import type { ApiRequest } from "#protocol/api-test.ts";

import { withCredentials } from "../wire/credentials.ts";
import { encodePart } from "../wire/encode.ts";

/** Names under which secrets travel. */
const SECRET_NAME = /auth|api[-_]?key|token|secret|passw|session|credential|cookie/i;

export const REDACTED = "REDACTED";

/**
 * A line for a POSIX shell that sends the same bytes with curl. Every word is in single quotes, in which a
 * shell reads nothing but the closing quote. Values under names of secrets are left out; for a credential there
 * stands the variable that has it, in double quotes. What of it goes into a query curl encodes itself, with hexadecimal
 * digits of either case.
 */
export const curlLine = (origin: string, request: ApiRequest): string => {
  const { method, body, credentials = [] } = request;
  const shown = withCredentials(
    {
      ...request,
      headers: request.headers.map(([name, value]) => [name, SECRET_NAME.test(name) ? REDACTED : value]),
      target: withoutSecrets(request.target),
      // curl makes these itself.
      credentials: credentials.filter(({ form, place }) => form !== "basic" && place !== "query"),
    },
    ({ form, variable }) => `${form === "bearer" ? "Bearer " : ""}${MARK}${variable}${MARK}`,
  );
  const words = ["curl", "--silent", "--show-error", "--include", "--globoff", "--path-as-is"];
  if (method === "HEAD") words.push("--head");
  else words.push("--request", method);
  for (const { form, variable } of credentials) if (form === "basic") words.push("--user", `"$${variable}"`);
  for (const [name, value] of shown.headers) words.push("--header", quoted(`${name}: ${value}`));
  if (body !== null) words.push("--data-raw", singleQuoted(body));
  const asked = credentials.filter(({ place }) => place === "query");
  // `--get` makes a query of all data, so beside a body it takes the option that curl has since 7.87.
  if (asked.length > 0 && body === null) words.push("--get");
  for (const { name, variable } of asked) {
    const option = body === null ? "--data-urlencode" : "--url-query";
    words.push(option, quoted(`${encodePart(name)}=${MARK}${variable}${MARK}`));
  }
  words.push(quoted(`${origin}${shown.target}`));
  return words.join(" ");
};

/** Stands on both sides of a variable's name; in no header or target, which hold printable signs only. */
const MARK = "\u0000";

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

/** For headers and targets. */
const quoted = (text: string): string =>
  text
    .split(MARK)
    .map((piece, index) =>
      index % 2 === 1 ? `"$${piece}"` : piece === "" && index > 0 ? "" : singleQuoted(piece),
    )
    .join("");

const singleQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
