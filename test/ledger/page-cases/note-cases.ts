import type { Fault } from "../second-verifier/rows.ts";
import type { PageCase } from "./page-case.ts";
import { fault, logCase } from "./page-case.ts";
import { LOG } from "./strange-log.ts";

/** The anchor of a log of three lines, with something about its text that is not as a writer makes it. */

const noteCase = (name: string, expected: Fault | null, change: (note: string) => string): PageCase =>
  logCase(name, expected, (log) => ({ anchor: Buffer.from(change(log.anchor().toString())) }));

const NO_CHECKPOINT = fault("wrong-signature", 0);
const WRONG_SIGNATURE = fault("wrong-signature", 2);

const add =
  (line: string) =>
  (note: string): string =>
    note + line;
const replace =
  (what: string | RegExp, by: string) =>
  (note: string): string =>
    note.replace(what, by);

/** The note's own line of signature with one bit of the signature changed. */
const spoiltLine = (note: string): string => {
  const [, name, base64] = note.trimEnd().split(" ");
  const bytes = Buffer.from(base64 ?? "", "base64");
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  return `— ${name} ${bytes.toString("base64")}\n`;
};

const textOf = (note: string): string => note.slice(0, note.indexOf("—"));
const lineOf = (note: string): string => note.slice(note.indexOf("—"));
const OWN = `— writ-ledger/${LOG}`;

export const noteCases: readonly PageCase[] = [
  noteCase("as a writer makes it", null, (note) => note),
  noteCase("signed by many others as well", null, add("— w AAAAAAAA\n".repeat(200))),
  noteCase("signed in its own name by an unknown key", null, add(`${OWN} AAAAAAAA\n`)),
  noteCase(
    "signed by its own key in another's name",
    null,
    (note) => note + lineOf(note).replace("writ", "wrat"),
  ),
  noteCase("signed twice", null, (note) => note + lineOf(note)),
  noteCase("signed twice, once wrongly", WRONG_SIGNATURE, (note) => note + spoiltLine(note)),
  noteCase("signed twice, at first wrongly", WRONG_SIGNATURE, (note) =>
    replace(/—/, `${spoiltLine(note)}—`)(note),
  ),
  noteCase("signed wrongly", WRONG_SIGNATURE, (note) => textOf(note) + spoiltLine(note)),
  noteCase("signed by nobody", WRONG_SIGNATURE, textOf),
  noteCase("signed by a witness alone", WRONG_SIGNATURE, (note) => `${textOf(note)}— w AAAAAAAA\n`),
  noteCase("a signature of one byte", WRONG_SIGNATURE, (note) => {
    const [, , base64] = note.trimEnd().split(" ");
    const bytes = Buffer.from(base64 ?? "", "base64").subarray(0, 5);
    return `${textOf(note)}${OWN} ${bytes.toString("base64")}\n`;
  }),
  noteCase("a signature with loose bits", NO_CHECKPOINT, replace(/.=\n$/, "B=\n")),
  noteCase("a signature without padding", NO_CHECKPOINT, replace(/=\n$/, "\n")),
  noteCase("a root with loose bits", NO_CHECKPOINT, replace(/.=\n\n/, "B=\n\n")),
  noteCase("a root of 31 bytes", NO_CHECKPOINT, replace(/\n[^\n]{44}\n\n/, `\n${"A".repeat(42)}==\n\n`)),
  noteCase("a size of many digits", fault("truncated", 3), replace("\n3\n", `\n1${"0".repeat(400)}\n`)),
  noteCase("a size beyond exact numbers", fault("truncated", 3), replace("\n3\n", "\n9007199254740993\n")),
  noteCase("a size with a zero before it", NO_CHECKPOINT, replace("\n3\n", "\n03\n")),
  noteCase("a size with a sign", NO_CHECKPOINT, replace("\n3\n", "\n+3\n")),
  noteCase("a size with a fraction", NO_CHECKPOINT, replace("\n3\n", "\n3.0\n")),
  noteCase("another line in the text", NO_CHECKPOINT, replace("\n\n", "\nmore\n\n")),
  noteCase("no empty line", NO_CHECKPOINT, replace("\n\n", "\n")),
  noteCase("two empty lines", NO_CHECKPOINT, replace("\n\n", "\n\n\n")),
  noteCase("an empty line at the end", NO_CHECKPOINT, add("\n")),
  noteCase("no newline at the end", NO_CHECKPOINT, (note) => note.slice(0, -1)),
  noteCase("another line at the end", NO_CHECKPOINT, add("more\n")),
  noteCase("carriage returns", NO_CHECKPOINT, (note) => note.replaceAll("\n", "\r\n")),
  noteCase("a byte order mark", NO_CHECKPOINT, (note) => `\ufeff${note}`),
  noteCase("a hyphen for the dash", NO_CHECKPOINT, replace("—", "-")),
  noteCase("two spaces behind the dash", NO_CHECKPOINT, replace("— ", "—  ")),
  noteCase("another origin than the name", WRONG_SIGNATURE, replace(/— writ/, "— wrat")),
  noteCase("a witness with a plus in its name", NO_CHECKPOINT, add("— w+x AAAAAAAA\n")),
  noteCase("a witness with a space in its name", NO_CHECKPOINT, add("— w\u00a0x AAAAAAAA\n")),
  noteCase("a witness with a line separator in its name", NO_CHECKPOINT, add("— w\u2028x AAAAAAAA\n")),
  noteCase("a witness with a next line in its name", NO_CHECKPOINT, add("— w\u0085x AAAAAAAA\n")),
  noteCase("a witness with a control character in its name", NO_CHECKPOINT, add("— w\u0001x AAAAAAAA\n")),
  noteCase("a witness with a zero byte in its name", NO_CHECKPOINT, add("— w\0x AAAAAAAA\n")),
  noteCase("a witness with a byte order mark in its name", null, add("— w\ufeffx AAAAAAAA\n")),
  noteCase("a witness without a name", NO_CHECKPOINT, add("—  AAAAAAAA\n")),
  noteCase("a witness without a signature", NO_CHECKPOINT, add("— w AAAAAA==\n")),
  noteCase("a witness whose base64 is none", NO_CHECKPOINT, add("— w AAAA-AAA\n")),
  noteCase("a witness with more behind its signature", NO_CHECKPOINT, add("— w AAAAAAAA x\n")),
  logCase("half a character in a witness's name", NO_CHECKPOINT, (log) => ({
    anchor: Buffer.concat([
      log.anchor(),
      Buffer.from("— w"),
      Buffer.of(0xe2, 0x82),
      Buffer.from(" AAAAAAAA\n"),
    ]),
  })),
];
