import { utf8 } from "#kernel/bytes.ts";
import { isWellFormed } from "#kernel/json.ts";

/*
 * The one form that a path has among the arguments of a call, as docs/formats/policy-vocabulary.md
 * says it, and what that means for rules: a text that no path can be makes a rule that never
 * matches, and a `deny` that never matches denies nothing.
 */

/**
 * `file` names a file of a run; `folder` a folder or, as `.`, the run's working folder itself; `folded`
 * is the attribute `folded_path` of a file.
 */
export type PathForm = "file" | "folder" | "folded";

/** Whether a comparison leaves open what stands around its text, as `starts_with` and its like do. */
export interface Around {
  readonly before: boolean;
  readonly after: boolean;
}

/** Longest path of a call, in UTF-8 bytes. */
export const CALL_PATH_BYTES_MAX = 1_024;

/** Longest part of one, in UTF-8 bytes: what common file systems can hold. */
export const CALL_PATH_PART_BYTES_MAX = 255;

/** The form of paths that has every path of these forms, or undefined where one of them is no path. */
export const commonForm = (forms: readonly (PathForm | undefined)[]): PathForm | undefined =>
  forms.every((form) => form === "file")
    ? "file"
    : forms.every((form) => form === "file" || form === "folder")
      ? "folder"
      : undefined;

/** Why a text is no path of this form, or null where it is one. */
export const pathMistake = (text: string, form: PathForm): string | null => {
  switch (form) {
    case "file":
      return fileMistake(text);
    case "folder":
      return text === "." ? null : fileMistake(text);
    case "folded":
      return foldedMistake(text);
  }
};

/**
 * Why no path of this form is the text, or with the text at its beginning, at its end or anywhere in it;
 * null where one is.
 *
 * One path decides for all: `_` is in no way special, so where any path continues the text, one that
 * continues it with a single `_` does, or with `_/` in front. Every demand on a path holds for all its
 * substrings as well (Unicode normal forms are closed under them, UAX #15), but for those on
 * its beginning and on the parts at the two ends, and these the `_` meets.
 */
export const impossiblePath = (text: string, form: PathForm, { before, after }: Around): string | null => {
  let why: string | null = null;
  for (const front of before ? ["", "_/", "_"] : [""]) {
    for (const back of after ? ["", "_"] : [""]) {
      why = pathMistake(front + text + back, form);
      if (why === null) return null;
    }
  }
  return why;
};

/** The possible text that was meant by an impossible one, or null where it could be more than one. */
export const likelyPath = (text: string, form: PathForm, around: Around): string | null => {
  // A text that is far too long is not walked over.
  if (text.length > 2 * CALL_PATH_BYTES_MAX) return null;
  const slashed = text.normalize("NFC").replaceAll("\\", "/");
  const plain = around.before ? slashed : withoutSteps(slashed, form, around);
  if (plain === null || (plain === "" && around.after)) return null;
  const likely = form === "folded" ? plain.toLowerCase() : plain;
  return likely !== text && impossiblePath(likely, form, around) === null ? likely : null;
};

/** The text without empty parts, `.` and `..`, or null where it leads out of the folder or what it names is open. */
const withoutSteps = (text: string, form: PathForm, { after }: Around): string | null => {
  if (text.startsWith("/")) return null;
  const steps = text.split("/");
  // With `src/` somebody may mean all files of the folder, and those are not compared so.
  if (!after && form !== "folder" && steps.at(-1) === "") return null;
  // What is left open at the end is no part yet.
  const open = after ? (steps.pop() ?? "") : null;
  if (open === "." || open === "..") return null;
  const parts: string[] = [];
  for (const step of steps) {
    if (step === "..") {
      if (parts.pop() === undefined) return null;
    } else if (step !== "" && step !== ".") parts.push(step);
  }
  if (open !== null) return [...parts, open].join("/");
  return parts.length === 0 ? "." : parts.join("/");
};

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** On Windows `C:a` is a file of another drive, wherever one stands. */
const DRIVE = /^[a-zA-Z]:/;

const fileMistake = (text: string): string | null => {
  if (text === "") return "it is empty";
  // Before anything that walks over it: how long an attacker's text is, is not ours to choose.
  if (text.length > CALL_PATH_BYTES_MAX || utf8(text).length > CALL_PATH_BYTES_MAX) {
    return `it has more than ${CALL_PATH_BYTES_MAX} bytes`;
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
    if (utf8(part).length > CALL_PATH_PART_BYTES_MAX) {
      return `a part of it has more than ${CALL_PATH_PART_BYTES_MAX} bytes`;
    }
  }
  return null;
};

/** What folding always takes away; it may also make a text longer than any path. */
const foldedMistake = (text: string): string | null => {
  if (text === "") return "it is empty";
  if (CONTROL.test(text)) return "it holds a control character";
  if (text.startsWith("/")) return "it is absolute";
  if (/[A-Z]/.test(text)) return "folded paths are in lower case";
  if (/[\\:]/.test(text)) return "folded paths hold no `\\` and no `:`";
  for (const part of text.split("/")) {
    if (part === "") return "a part of it is empty";
    if (/[. ]$/.test(part)) return "no part of a folded path ends with a dot or a space";
  }
  return null;
};
