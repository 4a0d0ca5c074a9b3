/** Longest piece of text that the library hands out at once, in UTF-16 code units. */
export const PRINT_CHARACTERS_MAX = 65_536;

/** Longest text of an error that is shown, in UTF-16 code units. */
export const ERROR_CHARACTERS_MAX = 4_096;

/**
 * Runs inside the guest before the program, and is as untrusted as it: whatever it does to its own
 * globals harms only itself. It is given the host's functions and gives back what the host calls
 * when the program is over. The host's functions take and give texts; where they give anything
 * else, it is an error to throw.
 */
export const GUEST_LIBRARY = `
(print, read, write, list) => {
  "use strict";
  const { stringify } = JSON;
  const { freeze, defineProperty } = Object;
  const text = String;
  const Failure = Error;

  const checked = (given) => {
    if (typeof given !== "string") throw given;
    return given;
  };

  const shown = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Failure) return errorText(value);
    if (typeof value !== "object" || value === null) return text(value);
    try {
      return stringify(value) ?? text(value);
    } catch {
      return text(value);
    }
  };

  const errorText = (error) => {
    const head = text(error.name) + ": " + text(error.message);
    const { stack } = error;
    return typeof stack === "string" && stack !== "" ? head + "\\n" + stack : head;
  };

  // A piece never ends in the middle of a surrogate pair.
  const say = (stream) => (...values) => {
    let line = "";
    for (let index = 0; index < values.length; index += 1) line += (index === 0 ? "" : " ") + shown(values[index]);
    line += "\\n";
    for (let at = 0; at < line.length; ) {
      let end = at + ${PRINT_CHARACTERS_MAX - 1};
      const last = line.charCodeAt(end - 1);
      if (last >= 0xd800 && last < 0xdc00) end += 1;
      checked(print(stream, line.slice(at, end)));
      at = end;
    }
  };

  const out = say("stdout");
  const err = say("stderr");
  const provided = {
    console: freeze({ log: out, info: out, debug: out, warn: err, error: err }),
    files: freeze({
      read: (path) => checked(read(text(path))),
      write: (path, content) => {
        if (typeof content !== "string") throw new TypeError("files.write takes a path and a text");
        checked(write(text(path), content));
      },
      list: (path = ".") => {
        const names = checked(list(text(path)));
        return names === "" ? [] : names.split("\\n");
      },
    }),
  };
  for (const name of ["console", "files"]) {
    defineProperty(globalThis, name, { value: provided[name], writable: true, configurable: true });
  }

  return {
    encode: (value) => stringify(value),
    describe: (error) => {
      try {
        return (error instanceof Failure ? errorText(error) : "thrown: " + shown(error)).slice(0, ${ERROR_CHARACTERS_MAX});
      } catch {
        return "an error that cannot be shown";
      }
    },
  };
}
`;
