import { visibleText } from "#kernel/visible-text.ts";
import { impossiblePath, likelyPath, pathMistake } from "#protocol/call-path.ts";
import { quoted, type ReportOptions } from "../semantics/reporter.ts";
import type { LowerContext } from "./context.ts";
import { tellStar } from "./star-literal.ts";
import { AROUND, type Comparison, type PathLiteral } from "./text-comparison.ts";

const IS: Readonly<Record<Comparison, string>> = {
  whole: "is",
  starts_with: "begins with",
  ends_with: "ends with",
  contains: "contains",
};

/**
 * Whether a rule may compare a path so. A text that no path of a call can meet is reported, because a
 * `deny` with it would deny nothing.
 */
export const mayCompare = (context: LowerContext, literal: PathLiteral): boolean => {
  const { text, span, form, compared } = literal;
  const why = impossiblePath(text, form, AROUND[compared]);
  if (why === null) {
    tellStar(context, literal);
    return true;
  }
  const message = `no call has a path that ${IS[compared]} ${quoted(text)}: ${why}`;
  const isGuarded = asksForNoPlace(literal);
  context.reporter.report(
    "WRIT083",
    span,
    message,
    isGuarded
      ? {
          class: "quality",
          help: "A path in another form is mended or refused before rules see it; leave this out.",
        }
      : { class: "enforcement", ...adviceFor(literal) },
  );
  return isGuarded;
};

/**
 * Whether a comparison names no place and asks only for a path that is absolute, leads upwards or is written
 * in another way, as in `path.starts_with("/")`. What such a rule wants holds always, so nothing is lost.
 */
const asksForNoPlace = ({ text, compared }: PathLiteral): boolean =>
  compared !== "whole" &&
  /^[./\\]+$/.test(text) &&
  (/\.\.|\/\/|\\/.test(text) || (compared === "starts_with" && text.startsWith("/")));

const FORM =
  "Paths of calls begin at the run's folder, with `/` between parts, none of them empty, `.` or `..`";

const adviceFor = (literal: PathLiteral): ReportOptions => {
  const { text, span, form, compared } = literal;
  const likely = likelyPath(text, form, AROUND[compared]);
  if (likely === null) return { help: `${FORM}${hintFor(literal)}.` };
  const help = `Write ${quoted(likely)}. ${FORM}${form === "folded" ? "; folded ones are in lower case" : ""}.`;
  // What nobody sees stays as it was written, with its escapes; and a `*` means more than is written.
  if (visibleText(likely) !== likely || likely.includes("*")) return { help };
  const written = `"${likely.replaceAll('"', '\\"')}"`;
  return { help, fix: { title: `Write ${quoted(likely)}`, edits: [{ span, text: written }] } };
};

const hintFor = ({ text, form, compared }: PathLiteral): string => {
  if (text.startsWith("/") && !AROUND[compared].before) return "; nothing outside of that folder is reached";
  const isFolder = form === "file" && compared === "whole" && text.endsWith("/");
  return isFolder && pathMistake(text.slice(0, -1), form) === null
    ? `; for everything in a folder write \`path.starts_with("${visibleText(text)}")\` behind \`if\``
    : "";
};
