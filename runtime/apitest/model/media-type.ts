/** `application/json` of `Application/JSON; charset=utf-8`. */
export const essenceOf = (mediaType: string): string => (mediaType.split(";")[0] ?? "").trim().toLowerCase();

export const isJsonType = (mediaType: string): boolean => {
  const essence = essenceOf(mediaType);
  return essence === "application/json" || /^[a-z0-9.-]+\/[^\s/]+\+json$/.test(essence);
};

/** Whether what was answered is of a declared type or range (`image/*`); parameters do not count. */
export const matchesType = (declared: string, answered: string): boolean => {
  const range = essenceOf(declared);
  const essence = essenceOf(answered);
  if (range === "*/*" || range === essence) return true;
  if (range.endsWith("/*") && essence.startsWith(range.slice(0, -1))) return true;
  // A server that says plain JSON of a `+json` type is more general, not wrong.
  return range.endsWith("+json") && essence === "application/json";
};
