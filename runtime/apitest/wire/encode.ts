/**
 * Percent-encoding (RFC 3986) with one rule for each place: letters, digits and `-._~` stay, everything else
 * is encoded, so that no server and no proxy has anything left to interpret.
 */
export const encodePart = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * A path segment, or undefined for what routers and proxies change before anybody reads it: nothing at all,
 * dots, slashes, backslashes, NUL.
 */
export const pathSegment = (text: string): string | undefined =>
  text === "" || /^\.{1,2}$/.test(text) || /[/\\\u0000-\u001f\u007f]/.test(text) || !text.isWellFormed()
    ? undefined
    : encodePart(text);

/** A header's value, or undefined where the bytes would not arrive as they are: trimmed, cut, not ASCII. */
export const headerValue = (text: string): string | undefined =>
  /^[\u0021-\u007e](?:[\u0020-\u007e]*[\u0021-\u007e])?$/.test(text) ? text : undefined;

/** RFC 6265 section 4.1.1 `cookie-octet`s only; everything else splits the header for somebody. */
export const cookieValue = (text: string): string | undefined =>
  /^[\u0021\u0023-\u002b\u002d-\u003a\u003c-\u005b\u005d-\u007e]+$/.test(text) ? text : undefined;
