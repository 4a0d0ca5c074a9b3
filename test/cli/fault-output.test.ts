import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { printFault, refuseUsage } from "#cli/fault-output.ts";
import { columnsOf } from "#cli/width.ts";
import { fault } from "#kernel/result.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";

const WIDTHS = fc.integer({ min: 20, max: 120 });

const said = (
  message: string,
  help: string | undefined,
  given: { readonly columns?: number; readonly interactive?: boolean; readonly json?: boolean } = {},
): readonly string[] => {
  const terminal = createTerminalFake([], given);
  const switches = new Set(given.json === true ? ["json"] : []);
  printFault({ terminal, switches }, fault("CLI_USAGE", message, help === undefined ? {} : { help }));
  return terminal.errLines;
};

/** What a person copies: a command with its spaces, a path, a digest. */
const COMMAND = "`writ audit verify --dir /var/lib/writ/ledgers/3f9a04b1`";
const PATH = "/home/ada/desk/a-folder-with-a-rather-long-name/agents/release-notes.symbi";
const DIGEST = "3f9a04b1".repeat(8);

const PLAIN_WORD = fc.stringMatching(/^[a-z]{1,12}$/);
const sentence = fc
  .array(fc.oneof({ weight: 6, arbitrary: PLAIN_WORD }, fc.constantFrom(COMMAND, PATH, DIGEST)), {
    minLength: 1,
    maxLength: 40,
  })
  .map((words) => words.join(" "));

describe("why a command did not do its work", () => {
  test("stays within a terminal's columns, below its lead, and what is to be copied stays whole", () => {
    fc.assert(
      fc.property(sentence, sentence, WIDTHS, (message, help, columns) => {
        const lines = said(message, help, { columns });
        for (const line of lines) {
          const text = line.trimStart().replace(/^writ: /, "");
          if (columnsOf(line) > columns) expect([COMMAND, PATH, DIGEST]).toContain(text);
        }
        // No word is lost or broken, and none is where it was not.
        const helpFrom = lines.findIndex((line) => /^ {2}[^ ]/.test(line));
        const joined = (part: readonly string[], indent: number): string =>
          part.map((line) => line.slice(indent)).join(" ");
        expect(joined(lines.slice(0, helpFrom), 6)).toBe(message);
        expect(joined(lines.slice(helpFrom), 2)).toBe(help);
        expect(lines[0]).toMatch(/^writ: /);
      }),
    );
  });

  test("is one line each, however long, where no person reads it at a terminal", () => {
    fc.assert(
      fc.property(sentence, sentence, WIDTHS, (message, help, columns) => {
        const away = { columns, interactive: false };
        expect(said(message, help, away)).toEqual([`writ: ${message}`, `  ${help}`]);
        expect(said(message, undefined, away)).toEqual([`writ: ${message}`]);
        expect(said(message, help, { columns, json: true })).toEqual([
          JSON.stringify({ fault: { code: "CLI_USAGE", message, help, retryable: false } }),
        ]);
      }),
    );
  });

  test.each<[string, number, readonly string[]]>([
    [
      "a word that is not closed as a quotation ` is none",
      30,
      ["writ: a word that is not", "      closed as a quotation `", "      is none"],
    ],
    ["two  spaces stay", 80, ["writ: two  spaces stay"]],
    ["`one two` `three four`", 20, ["writ: `one two`", "      `three four`"]],
    ["(`one two three four five`),", 20, ["writ: (`one two three four five`),"]],
    ["line\nfeeds\tare seen", 80, ["writ: line\\nfeeds\\tare seen"]],
  ])("%j in %i columns", (message, columns, lines) => {
    expect(said(message, undefined, { columns })).toEqual(lines);
  });

  test("a mistake of usage is said the same way, with exit code 2", () => {
    const terminal = createTerminalFake([], { columns: 40 });
    const help = "a document's `servers` are suggestions; --origin says that this server is meant";
    expect(refuseUsage({ terminal, switches: new Set() }, "which server?", help)).toBe(2);
    expect(terminal.errLines).toEqual([
      "writ: which server?",
      "  a document's `servers` are",
      "  suggestions; --origin says that this",
      "  server is meant",
    ]);
  });
});
