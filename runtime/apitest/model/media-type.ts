/** `application/json` of `Application/JSON; charset=utf-8`. */
export const essenceOf = (mediaType: string): string => (mediaType.split(";")[0] ?? "").trim().toLowerCase();

export const isJsonType = (mediaType: string): boolean => {
  const essence = essenceOf(mediaType);
  return essence === "application/json" || /^[a-z0-9.-]+\/[^\s/]+\+json$/.test(essence);
};

/** Whether an answer of a declared type or range may be JSON. */
export const mayBeJson = (declared: string): boolean =>
  isJsonType(declared) || ["*/*", "application/*"].includes(essenceOf(declared));

/**
 * Those of the declared types and ranges that say most of an answer's type (OpenAPI 3.1, 4.8.14: the most specific
 * one holds). Several where they differ in parameters only, and none of them has those of the answer.
 */
export const nearestTypes = <T extends { readonly mediaType: string }>(
  declared: readonly T[],
  answered: string,
): readonly T[] => {
  const near = declared.map((each) => nearness(each.mediaType, answered));
  const most = Math.max(0, ...near);
  return most === 0 ? [] : declared.filter((_, index) => near[index] === most);
};

/** How much a declared type or range (`image/*`) says of an answer's; 0 where it is another one. */
const nearness = (declared: string, answered: string): number => {
  const range = essenceOf(declared);
  const essence = essenceOf(answered);
  if (range === essence) {
    const wanted = parametersOf(declared);
    if (wanted === parametersOf(answered)) return 6;
    return wanted === "" ? 5 : 4;
  }
  // A server that says plain JSON of a `+json` type is more general, not wrong.
  if (range.endsWith("+json") && essence === "application/json") return 3;
  if (range.endsWith("/*") && range !== "*/*" && essence.startsWith(range.slice(0, -1))) return 2;
  return range === "*/*" ? 1 : 0;
};

/** Parameters in one order and spelling, without the charset, which says nothing of what is told. */
const parametersOf = (mediaType: string): string =>
  mediaType
    .split(";")
    .slice(1)
    .map((each) => each.replace(/["\s]/g, "").toLowerCase())
    .filter((each) => each !== "" && !each.startsWith("charset="))
    .sort()
    .join(";");
