/**
 * Regular expressions as documents write them: search semantics, the `u` flag where the pattern takes it.
 *
 * The ladder: as written with `u`; with escapes removed that `u` does not know (`\-`, `\_`) and that mean
 * the sign itself; without a flag, where `.` and classes count UTF-16 units. Undefined when no rung compiles.
 */
export const compilePattern = (source: string): RegExp | undefined =>
  compiled(source, "u") ?? compiled(withoutNeedlessEscapes(source), "u") ?? compiled(source, "");

const compiled = (source: string, flags: string): RegExp | undefined => {
  try {
    return new RegExp(source, flags);
  } catch {
    return undefined;
  }
};

/** Only signs that are never special lose their backslash, so the meaning stays. */
const withoutNeedlessEscapes = (source: string): string =>
  source.replace(/\\([\s\S])/g, (whole, sign: string) =>
    /[-_ @#%&=:;"'<>,!~`]/.test(sign) ? bare(sign) : whole,
  );

/** A dash inside a class would make a range. */
const bare = (sign: string): string => (sign === "-" ? "\\x2d" : sign);
