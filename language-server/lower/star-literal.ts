import { impossiblePath } from "#protocol/call-path.ts";
import type { Span } from "#protocol/source.ts";
import { quoted, type ReportOptions } from "../semantics/reporter.ts";
import type { LowerContext } from "./context.ts";
import { AROUND, type PathLiteral } from "./text-comparison.ts";

/**
 * Tells about a `*` in a text that a path is compared with. A file may be called so, and whoever writes
 * `private/*` means a folder.
 */
export const tellStar = (context: LowerContext, literal: PathLiteral): void => {
  if (!literal.text.includes("*")) return;
  const about = literal.compared === "whole" ? "the path" : "paths with";
  context.reporter.report(
    "WRIT084",
    literal.span,
    `\`*\` is no wildcard: this is about ${about} ${quoted(literal.text)} as it stands`,
    literal.compared === "whole" ? insteadOfWhole(context, literal) : withoutStar(literal),
  );
};

const GENERAL: ReportOptions = {
  help: "Ask with `starts_with`, `ends_with` and `contains` behind `if`.",
};

/** What a wildcard would have to be said with. */
const insteadOfWhole = (context: LowerContext, literal: PathLiteral): ReportOptions => {
  const { text, span, subject } = literal;
  // Only a text that reads the same inside of quotes and backticks is written anew.
  if (/[?[\]{}"\\`]|[^\u0020-\u007e]/.test(text)) return GENERAL;
  if (/^[*/]+$/.test(text)) return { help: "Leave it out: a rule that names no path is about every path." };
  const [, folder, file] = /^([^*]*?)\*{1,2}(?:\/\*{1,2})?([^*/]*)$/.exec(text) ?? [];
  if (folder === undefined || file === undefined) return GENERAL;
  const methods = [
    ...(folder === "" ? [] : [`starts_with("${folder}")`]),
    ...(file === "" ? [] : [`ends_with("${file}")`]),
  ];
  const between = subject === undefined ? "" : context.source.slice([subject[1], span[0]]);
  const isEqual = /^\s*==\s*$/.test(between);
  const name = subject === undefined ? "path" : context.source.slice(subject);
  const not = /^\s*!=\s*$/.test(between) ? "!" : "";
  const condition = methods.map((method) => `${name}.${method}`).join(" && ");
  const shown = not === "" || methods.length === 1 ? `${not}${condition}` : `!(${condition})`;
  const how = subject === undefined ? "Name the argument `path` in the pattern, and write" : "Write";
  const help = `${how} \`${shown}\` behind \`if\`.`;
  if (subject === undefined || !isEqual || methods.length > 1) return { help };
  const edit = { span: [subject[0], span[1]] as Span, text: condition };
  return { help, fix: { title: `Write \`${condition}\``, edits: [edit] } };
};

/** A method leaves open already what a `*` at that end would. */
const withoutStar = ({ text, span, form, compared }: PathLiteral): ReportOptions => {
  const { before, after } = AROUND[compared];
  const left = text.replace(before ? /^\*+/ : "", "").replace(after ? /\*+$/ : "", "");
  if (left === "" || /[*"\\]|[^\u0020-\u007e]/.test(left) || impossiblePath(left, form, { before, after }))
    return GENERAL;
  const open = before && after ? "stand around it" : after ? "follow" : "go before";
  return {
    help: `Leave the \`*\` out: \`${compared}\` says already what may ${open}.`,
    fix: { title: `Write ${quoted(left)}`, edits: [{ span, text: `"${left}"` }] },
  };
};
