/*
 * Paths of requests as rules see them: what the URL parser of the WHATWG makes of them. A path that the
 * parser changes (dots, backslashes) is read differently by different servers, so there is none for it.
 */

/** The path that stands for an operation: `{names}` are part of it, as `%7Bnames%7D`. */
export const policyPath = (target: string): string | undefined =>
  sentPath(target.replaceAll("{", "%7B").replaceAll("}", "%7D"));

/** The path of a request target, without its query. */
export const sentPath = (target: string): string | undefined => {
  const [path = ""] = target.split("?", 1);
  return path.startsWith("/") && URL.parse(`http://host${path}`)?.pathname === path ? path : undefined;
};

/**
 * Whether a path is of an operation: each parameter is at least one sign without a slash. Takes time in
 * proportion to both texts, whatever a document calls a path.
 */
export const isPathOf = (target: string, path: string): boolean => {
  const wanted = target.split("/");
  const given = path.split("/");
  return (
    wanted.length === given.length && wanted.every((each, index) => isSegmentOf(each, given[index] ?? ""))
  );
};

const isSegmentOf = (wanted: string, given: string): boolean => {
  const [first = "", ...others] = wanted.split(/\{[^{}]*\}/);
  const last = others.pop();
  if (last === undefined) return given === first;
  if (!given.startsWith(first)) return false;
  let at = first.length;
  for (const piece of others) {
    // The leftmost place leaves most for what follows.
    const found = given.indexOf(piece, at + 1);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return given.endsWith(last) && given.length - last.length > at;
};
