import { describe, expect, test } from "vitest";

import type { Command } from "#cli/command.ts";
import { COMMANDS } from "#cli/commands.ts";
import { styleFor } from "#cli/style.ts";
import { commandLines, groupLines, overviewLines, parseLine } from "#cli/usage.ts";
import { columnsOf } from "#cli/width.ts";

const command = (name: string): Command => ({
  name,
  summary: `does ${name}`,
  usage: "<file>",
  options: [
    { name: "json", summary: "one document" },
    { name: "dir", value: "<dir>", summary: "where" },
    { name: "input", value: "<name=value>", summary: "an input", multiple: true },
  ],
  examples: [{ line: `writ ${name} a.symbi`, what: "an example" }],
  run: () => Promise.resolve(0),
});

const commands = [command("check"), command("policy explain"), command("policy evaluate")];

const pageOf = (columns: number) => ({ columns, style: styleFor({ isTTY: false }, {}) });

const pagesOf = (columns: number, all: readonly Command[] = commands): readonly string[] => [
  ...overviewLines(all, pageOf(columns)),
  ...all.flatMap((each) => commandLines(each, pageOf(columns))),
];

const parse = (line: string): string => {
  const parsed = parseLine(line === "" ? [] : line.split(" "), commands);
  switch (parsed.k) {
    case "run": {
      const values = [...parsed.values].map(([name, given]) => `${name}=${given.join(",")}`);
      return [
        "run",
        parsed.command.name,
        ...parsed.positionals,
        ...[...parsed.switches].map((name) => `--${name}`),
        ...values,
      ].join(" | ");
    }
    case "help":
      return `help ${parsed.command?.name ?? "all"}`;
    case "group":
      return `group ${parsed.name}: ${parsed.commands.map(({ name }) => name).join(", ")}`;
    case "version":
      return "version";
    case "usage":
      return `usage: ${parsed.message}`;
  }
};

describe("the command line", () => {
  test.each([
    ["", "help all"],
    ["--help", "help all"],
    ["-h", "help all"],
    ["help", "help all"],
    ["help check", "help check"],
    ["check --help", "help check"],
    ["check a.symbi -h", "help check"],
    ["policy --help", "group policy: policy explain, policy evaluate"],
    ["policy -h", "group policy: policy explain, policy evaluate"],
    ["help policy", "group policy: policy explain, policy evaluate"],
    ["help policy explain", "help policy explain"],
    ["policy explain --help", "help policy explain"],
    ["policy burn --help", "usage: `writ policy` needs one of: explain, evaluate"],
    ["--version", "version"],
    ["check a.symbi", "run | check | a.symbi"],
    ["check a.symbi b.symbi --json", "run | check | a.symbi | b.symbi | --json"],
    ["check --dir x a", "run | check | a | dir=x"],
    ["check --dir=x a", "run | check | a | dir=x"],
    ["check --dir=-x", "run | check | dir=-x"],
    ["check --input a=1 --input b=2", "run | check | input=a=1,b=2"],
    ["check -- --json", "run | check | --json"],
    ["check -", "run | check | -"],
    ["policy explain r", "run | policy explain | r"],
    ["policy", "usage: `writ policy` needs one of: explain, evaluate"],
    ["policy burn", "usage: `writ policy` needs one of: explain, evaluate"],
    ["chekc", "usage: there is no such command"],
    ["check --jsn", "usage: `writ check` has no option of that name"],
    ["check --dir", "usage: --dir needs a value: <dir>"],
    ["check --dir --json", "usage: --dir needs a value: <dir>"],
    ["check --dir a --dir b", "usage: --dir was given twice"],
    ["check --json=1", "usage: --json takes no value"],
  ])("writ %s", (line, expected) => {
    expect(parse(line)).toBe(expected);
  });

  test("help names every command, option and example", () => {
    const pages = pagesOf(Infinity).join("\n");
    for (const word of [
      "check",
      "policy explain",
      "policy evaluate",
      "--json",
      "--dir <dir>",
      "writ check a.symbi",
    ]) {
      expect(pages).toContain(word);
    }
  });
});

test("help about a group names its commands with what they do", () => {
  const page = groupLines("policy", commands.slice(1), pageOf(Infinity)).join("\n");
  expect(page).toContain("writ policy <command>");
  expect(page).toContain("policy explain   does policy explain\n");
  expect(page).toContain("policy evaluate  does policy evaluate\n");
});

test.each([40, 80, 120])("help keeps to %i columns, but for what is there to be copied", async (columns) => {
  const all = await Promise.all(COMMANDS.map((each) => each.load()));
  const copied = all.flatMap(({ examples }) => examples.map(({ line }) => line));
  const long = pagesOf(columns, all).filter((line) => columnsOf(line) > columns);
  expect(long.filter((line) => !copied.includes(line.trim()) && !/^ *`[^`]*`$/.test(line))).toEqual([]);
  // Where no terminal shows it every text is one line.
  const away = pagesOf(Infinity, all).join("\n");
  for (const { summary } of all) expect(away).toContain(summary);
});

describe("colour", () => {
  test.each([
    [{ isTTY: true }, {}, true],
    [{ isTTY: false }, {}, false],
    [{ isTTY: true }, { NO_COLOR: "1" }, false],
    [{ isTTY: true }, { NO_COLOR: "" }, true],
    [{ isTTY: true }, { TERM: "dumb" }, false],
    [{ isTTY: false }, { FORCE_COLOR: "1" }, true],
    [{ isTTY: false }, { FORCE_COLOR: "0" }, false],
    [{ isTTY: false }, { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
  ])("on %o with %o: %s", (stream, variables, coloured) => {
    expect(styleFor(stream, variables).red("x") !== "x").toBe(coloured);
  });
});
