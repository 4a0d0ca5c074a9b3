import { utf8 } from "#kernel/bytes.ts";
import { isWellFormed } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";

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

/** Longest name of a run's file, in UTF-8 bytes. */
export const RUN_FILE_PATH_BYTES_MAX = 1_024;

/** Longest part of one, in UTF-8 bytes: what common file systems can hold. */
export const RUN_FILE_PART_BYTES_MAX = 255;

export type RunFilePathFault = Fault<"SANDBOX_BAD_PATH">;

/** The name that `text` is, or why it is none. Nothing is repaired: `./a` is not `a` here. */
export const runFilePath = (text: string): Result<RunFilePath, RunFilePathFault> => {
  const why = whyNot(text);
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

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** On Windows `C:a` is a file of another drive, wherever one stands. */
const DRIVE = /^[a-zA-Z]:/;

const whyNot = (text: string): string | null => {
  if (text === "") return "it is empty";
  // Before anything that walks over it: how long an attacker's text is, is not ours to choose.
  if (text.length > RUN_FILE_PATH_BYTES_MAX || utf8(text).length > RUN_FILE_PATH_BYTES_MAX) {
    return `it has more than ${RUN_FILE_PATH_BYTES_MAX} bytes`;
  }
  if (!isWellFormed(text)) return "it holds half of a surrogate pair";
  if (CONTROL.test(text)) return "it holds a control character";
  if (text.includes("\\")) return "it holds a backslash; parts are separated by `/`";
  if (text.startsWith("/")) return "it is absolute";
  if (DRIVE.test(text)) return "it begins with the letter of a drive";
  if (text.normalize("NFC") !== text) return "it is not in Unicode normal form C";
  for (const part of text.split("/")) {
    if (part === "") return "a part of it is empty";
    if (part === "." || part === "..") return `it has a part \`${part}\``;
    if (utf8(part).length > RUN_FILE_PART_BYTES_MAX) {
      return `a part of it has more than ${RUN_FILE_PART_BYTES_MAX} bytes`;
    }
  }
  return null;
};

const bad = (text: string, why: string): Result<never, RunFilePathFault> =>
  failed(
    fault("SANDBOX_BAD_PATH", `\`${visibleExcerpt(text, 120)}\` cannot name a file of a run: ${why}`, {
      help: "write the path from the run's working folder on, such as `src/main.ts`",
    }),
  );
