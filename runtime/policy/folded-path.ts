/*
 * A path as the most forgiving file system reads it. Rules that guard a place compare with the
 * folded path, because `.GIT/config`, `policies./x` and `docs\..\policies\x` name the guarded
 * file on one system or another. Folding only makes more paths equal, so a rule that guards a place
 * guards at least what it names. Specified in docs/formats/policy-vocabulary.md.
 */

/**
 * The folded form of a workspace-relative path, or undefined where the path is not plain: where
 * a part is empty, `.` or `..`, or is one of these to some file system, or a code point is not
 * assigned in this build's Unicode.
 *
 * The path loses what some file system ignores: the differences of case and of compatibility
 * forms, code points that are ignorable by default (Unicode) or control characters, and in each
 * part everything from a `:` on (alternate streams) and dots and spaces at its end. `\` separates
 * like `/`.
 */
export const foldedPath = (path: string): string | undefined => {
  // A file system of a later Unicode may fold what this one does not know yet.
  if (UNASSIGNED.test(path)) return undefined;
  const parts: string[] = [];
  for (const part of foldedText(path).split(/[/\\]/)) {
    const rest = part.replace(/:[^]*$/, "").replace(/[. ]+$/, "");
    if (rest === "") return undefined;
    parts.push(rest);
  }
  return parts.join("/");
};

/** Text behind the last dot of a folded path's last part, or empty. */
export const foldedExtension = (folded: string): string => {
  const name = folded.slice(folded.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1);
};

const UNASSIGNED = /\p{Cn}/u;
const IGNORABLE = /[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu;

/** Upper case first: it joins letters that lower case alone keeps apart, such as the dotless i. */
const foldedText = (text: string): string =>
  text
    .replace(IGNORABLE, "")
    .normalize("NFKC")
    .toUpperCase()
    .toLowerCase()
    .normalize("NFKC")
    .replace(IGNORABLE, "");
