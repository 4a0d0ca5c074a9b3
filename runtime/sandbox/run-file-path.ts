import { failed, fault, ok } from "#kernel/result.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import { pathMistake } from "#protocol/call-path.ts";

declare const runFilePathBrand: unique symbol;

/**
 * The name of a file of a run: relative to the run's working folder, parts separated by `/`.
 *
 * Every file has exactly one such name on every system. So no part is empty, `.` or `..`; nothing
 * is absolute; there is no `\` (a separator on Windows), no control character (one could end a line
 * of a diff or a list), and the text is in Unicode normal form C (some file systems hold `é` in two
 * forms for one file). Letters of different case make different files, whatever the workspace's
 * file system thinks; publishing looks after that.
 */
export type RunFilePath = string & { readonly [runFilePathBrand]: true };

export type RunFilePathFault = Fault<"SANDBOX_BAD_PATH">;

/** The name that `text` is, or why it is none. Nothing is repaired: `./a` is not `a` here. */
export const runFilePath = (text: string): Result<RunFilePath, RunFilePathFault> => {
  const why = pathMistake(text, "file");
  return why === null ? ok(text as RunFilePath) : bad(text, why);
};

/** The name of a folder below the working folder, or `.` for the working folder itself. */
export const runFolderPath = (text: string): Result<RunFilePath | ".", RunFilePathFault> =>
  text === "." ? ok(text) : runFilePath(text);

/**
 * Takes off what people and models write without meaning anything by it: `./` in front, and `/`
 * behind. What is left is as untrusted as before; an empty rest is `.`.
 */
export const withoutDecoration = (text: string): string => {
  const rest = text.replace(/^(?:\.\/+)+/, "").replace(/(?<=[^/])\/+$/, "");
  return rest === "" ? "." : rest;
};

const bad = (text: string, why: string): Result<never, RunFilePathFault> =>
  failed(
    fault("SANDBOX_BAD_PATH", `\`${visibleExcerpt(text, 120)}\` cannot name a file of a run: ${why}`, {
      help: "write the path from the run's working folder on, such as `src/main.ts`",
    }),
  );
