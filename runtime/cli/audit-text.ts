import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Fault } from "#kernel/result.ts";
import { isSha256 } from "#kernel/digest.ts";
import { isId } from "#kernel/ids.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { visibleText } from "#kernel/visible-text.ts";

import type { ExitCode, Terminal } from "./command.ts";
import type { Audience } from "./fault-output.ts";
import { printFault, refuseUsage } from "./fault-output.ts";
import { columnsOf, fit, wrapWhole } from "./width.ts";

/* What the audit commands have in common on a terminal. Whatever comes from a log is untrusted. */

/** The last characters of an id: those that differ between ids of the same minute, and enough for `audit show`. */
export const shortId = (id: string): string => id.slice(-8);

/** The command that shows a run: with its whole id where that fits into a line, so that it can be copied. */
export const showCommand = (run: string, columns: number): string => {
  const whole = `\`writ audit show ${run}\``;
  return columnsOf(whole) <= columns ? whole : `\`writ audit show ${shortId(run)}\``;
};

/** Date and time of Unix milliseconds in UTC; the clock of the machine that wrote is all that is known. */
export const dateText = (wallMs: number): string => dateAndTime(wallMs)[0];
export const timeText = (wallMs: number): string => dateAndTime(wallMs)[1];

/** Years behind 9999 are longer, with a sign: a log may say any of 48 bits. */
const dateAndTime = (wallMs: number): readonly [date: string, time: string] => {
  const text = new Date(wallMs).toISOString();
  const at = text.indexOf("T");
  return [text.slice(0, at), text.slice(at + 1, -1)];
};

/**
 * The public fields of an entry on one line, what a reader looks for first: how it went and with
 * what. Digests and ids are left to `audit show`, and so is what is empty.
 */
export const briefFields = (fields: JsonObject): string => {
  const told = Object.entries(fields).filter(([, value]) => !isOpaque(value));
  const leading = LEADING.flatMap((name) => told.filter(([field]) => field === name));
  const rest = told.filter(([name]) => !LEADING.includes(name));
  return (
    [...leading, ...rest]
      // A tool says more than the kind of action that calling it is.
      .filter(([name]) => name !== "action" || typeof fields["tool"] !== "string")
      .map(([name, value]) =>
        PLAIN.includes(name) ? briefValue(value) : `${visibleText(name)}=${briefValue(value)}`,
      )
      .join(" ")
  );
};

/** Fields that stand first, in this order; the first of them speak without their name. */
const PLAIN = ["outcome", "status", "answer", "tool", "action", "agent"];
const LEADING = [...PLAIN, "code", "denyReason", "limit", "reason", "rules", "by", "model", "tier", "finish"];

const isOpaque = (value: JsonValue): boolean => {
  if (typeof value === "string") return isSha256(value) || isId(value) || value === "";
  return value === null || (Array.isArray(value) && value.length === 0);
};

const briefValue = (value: JsonValue): string => {
  if (typeof value === "string") return visibleText(value);
  if (Array.isArray(value)) return `[${value.map(briefValue).join(",")}]`;
  return visibleText(canonicalJson(value));
};

/** Prints a paragraph, wrapped with commands whole, and indented; `text` has no colour and is safe to print. */
export const paragraph = (
  terminal: Terminal,
  indent: number,
  text: string,
  paint: (line: string) => string = (line) => line,
): void => {
  for (const line of wrapWhole(text, Math.max(20, terminal.columns - indent))) {
    terminal.out(`${" ".repeat(indent)}${paint(line)}`);
  }
};

/** Where the type of an entry stands on a line of its own. */
const TYPE_INDENT = 7;

/**
 * An entry as `audit list` and `audit show` have it: when and which, its type, and what fits of its fields; the
 * rest `audit show` has. On a terminal without room for the type it stands below.
 */
export const entryRow = (
  columns: number,
  head: string,
  type: { readonly text: string; readonly paint: (text: string) => string; readonly columns: number },
  fields: JsonObject,
): readonly string[] => {
  const isBeside = columnsOf(head) + type.text.length <= columns;
  const room = columns - (isBeside ? columnsOf(head) : TYPE_INDENT) - type.columns;
  const brief = room > 10 ? fit(briefFields(fields), room) : "";
  const told = `${type.paint(type.text)}${" ".repeat(type.columns - type.text.length)}${brief}`.trimEnd();
  return isBeside ? [`${head}${told}`] : [head.trimEnd(), `${" ".repeat(TYPE_INDENT)}${told}`];
};

/** Where a ledger lies, in a sentence. */
export const whereText = (directory: string | null): string =>
  directory === null ? "this workspace" : visibleText(directory);

/** Says why the ledger could not be read. A path that somebody named and that cannot be read is a mistake of usage. */
export const refuseLedger = (audience: Audience, fault: Fault<string>, named: boolean): ExitCode => {
  printFault(audience, fault);
  return named ? 2 : 3;
};

export const plural = (count: number, singular: string, several = `${singular}s`): string =>
  `${count.toLocaleString("en-US")} ${count === 1 ? singular : several}`;

/** A folder that somebody named and that holds no log is a mistake of usage, not an empty ledger. */
export const refuseNoLog = (audience: Audience, directory: string | null): ExitCode =>
  refuseUsage(
    audience,
    directory === null ? "there is no log" : `there is no log in \`${visibleText(directory)}\``,
    "--dir takes the folder in which the logs' folders lie; `audit verify <folder>` takes the folder of one log",
  );
