import type { ApiRequest } from "#protocol/api-test.ts";

import { withCredentials } from "../wire/credentials.ts";
import { encodePart } from "../wire/encode.ts";

const REDACTED = "REDACTED";

/**
 * A line for a POSIX shell that sends the same bytes with curl. Every word is in single quotes, in which a
 * shell reads nothing but the closing quote. For a credential there stands the variable that has it, in double
 * quotes. What of it goes into a query curl encodes itself, with hexadecimal digits of either case. Values that were
 * made are no secrets, whatever their names say. A header, cookie or member of the query in which `hide` finds a
 * credential, as a document may have it for an example, is left out.
 */
export const curlLine = (origin: string, request: ApiRequest, hide: (text: string) => string): string => {
  const shownValue = (value: string): string => (hide(value) === value ? value : REDACTED);
  const { method, body, credentials = [] } = request;
  const shown = withCredentials(
    {
      ...request,
      headers: request.headers.map(([name, value]) => [
        name,
        name === "cookie" ? eachPair(value, "; ", shownValue) : shownValue(value),
      ]),
      target: withQuery(request.target, (query) => eachPair(query, "&", shownValue)),
      // curl makes these itself.
      credentials: credentials.filter(({ form, place }) => form !== "basic" && place !== "query"),
    },
    ({ form, variable }) => `${form === "bearer" ? "Bearer " : ""}${MARK}${variable}${MARK}`,
  );
  const words = ["curl", "--silent", "--show-error", "--include", "--globoff", "--path-as-is"];
  if (method === "HEAD") words.push("--head");
  else words.push("--request", method);
  for (const { form, variable } of credentials) if (form === "basic") words.push("--user", `"$${variable}"`);
  for (const [name, value] of shown.headers) words.push("--header", quoted(headerWord(name, value)));
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

/** curl takes a header without a value for one to leave out, but for a semicolon behind its name. */
const headerWord = (name: string, value: string): string =>
  value.trim() === "" ? `${name};` : `${name}: ${value}`;

const withQuery = (target: string, use: (query: string) => string): string => {
  const mark = target.indexOf("?") + 1;
  return mark === 0 ? target : `${target.slice(0, mark)}${use(target.slice(mark))}`;
};

/** The same list of `name=value` with other values. */
const eachPair = (list: string, between: string, use: (value: string) => string): string =>
  list
    .split(between)
    .map((pair) => {
      const equals = pair.indexOf("=") + 1;
      return `${pair.slice(0, equals)}${use(pair.slice(equals))}`;
    })
    .join(between);

/** For headers and targets. */
const quoted = (text: string): string =>
  text
    .split(MARK)
    .map((piece, index) =>
      index % 2 === 1 ? `"$${piece}"` : piece === "" && index > 0 ? "" : singleQuoted(piece),
    )
    .join("");

const singleQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
