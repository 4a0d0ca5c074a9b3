import type { JSValueHandle, QuickJS } from "quickjs-wasi";

import { utf8, utf8Text } from "#kernel/bytes.ts";
import { CALL_PATH_BYTES_MAX } from "#protocol/call-path.ts";
import type { FileSet } from "#sandbox/file-set.ts";
import { withoutDecoration } from "#sandbox/run-file-path.ts";

import { PRINT_CHARACTERS_MAX } from "./guest-library.ts";

/** What the functions act on. */
export interface HostWorld {
  readonly files: Pick<FileSet, "read" | "write" | "list">;
  readonly fileBytesMax: number;
  print(stream: "stdout" | "stderr", text: string): void;
}

/** A text to give back, or what went wrong. */
type Answer = string | { readonly wrong: string };

interface HostFunction {
  readonly name: string;
  /** Longest text of each argument in UTF-16 code units: checked before the text leaves the interpreter. */
  readonly charactersMax: readonly number[];
  readonly act: (texts: readonly string[]) => Answer;
}

/**
 * The four functions that lead out of the interpreter, in the order that the guest library takes
 * them. Arguments are copied as texts and nothing else, so no object of either side is ever in the
 * other's hands; what goes wrong is given back as an error that the library throws.
 */
export const hostFunctions = (vm: QuickJS, world: HostWorld): readonly JSValueHandle[] => {
  const path = CALL_PATH_BYTES_MAX + 16;
  const functions: readonly HostFunction[] = [
    {
      name: "print",
      charactersMax: [6, PRINT_CHARACTERS_MAX],
      act: ([stream = "", text = ""]) => {
        world.print(stream === "stderr" ? "stderr" : "stdout", text);
        return "";
      },
    },
    {
      name: "read",
      charactersMax: [path],
      act: ([name = ""]) => {
        const bytes = world.files.read(withoutDecoration(name));
        if (!bytes.ok) return { wrong: bytes.fault.message };
        return utf8Text(bytes.value) ?? { wrong: "the file is not UTF-8 text" };
      },
    },
    {
      name: "write",
      charactersMax: [path, world.fileBytesMax],
      act: ([name = "", text = ""]) => {
        const written = world.files.write(withoutDecoration(name), utf8(text));
        return written.ok ? "" : { wrong: written.fault.message };
      },
    },
    {
      name: "list",
      charactersMax: [path],
      act: ([name = ""]) => {
        const listed = world.files.list(withoutDecoration(name));
        // No name holds a line feed.
        return listed.ok ? listed.value.map((file) => file.path).join("\n") : { wrong: listed.fault.message };
      },
    },
  ];
  return functions.map((one) => install(vm, one));
};

const install = (vm: QuickJS, { name, charactersMax, act }: HostFunction): JSValueHandle => {
  // The engine copies what it is given; the copy given last is let go at the next call.
  let given: JSValueHandle | null = null;
  const give = (answer: Answer): JSValueHandle => {
    given?.dispose();
    given = typeof answer === "string" ? vm.newString(answer) : vm.newError(answer.wrong);
    return given;
  };
  return vm.newFunction(name, (...values) => {
    try {
      const texts: string[] = [];
      for (const [index, most] of charactersMax.entries()) {
        const value = values[index];
        if (value?.isString !== true) return give({ wrong: "a text was expected" });
        const { length } = value;
        if (length > most) {
          return give({
            wrong: `a text of ${length} characters is too long here, where ${most} are allowed`,
          });
        }
        texts.push(value.toString());
      }
      return give(act(texts));
    } catch {
      // Only the interpreter's memory can fail here, and it may fail again.
      return give({ wrong: "out of memory" });
    }
  });
};
