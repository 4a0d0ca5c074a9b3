/*
 * Command lines and environments that nobody means: each gets one clear message and the right exit
 * code, and nothing of what was typed is obeyed by the terminal.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { verifies } from "#test/kit/verifies.ts";

import { FILE, furnish, MODEL, runLine, saying } from "./bad-days-agent.ts";
import { createProcessDesk, expectPlain } from "./bad-days-desk.ts";
import type { ProcessDesk, StartOptions } from "./bad-days-desk.ts";

const TEST_MS_MAX = 240_000;

let desk: ProcessDesk;
beforeAll(() => {
  desk = createProcessDesk();
  furnish(desk, [saying("done")]);
  execFileSync("mkfifo", [join(desk.workspace, "pipe")]);
  mkdirSync(join(desk.workspace, "folder"));
});
afterAll(() => desk.dispose());

const RUN = ["run", FILE, "--model", MODEL];
const ESCAPES = "\u001b[31mred\u202e\u0007\u009b2J";

describe("a command line", () => {
  test.each<readonly [name: string, line: readonly string[], said: RegExp]>([
    ["with an option that is none", [...RUN, "--fast"], /no option of that name/],
    ["with an option that would colour", [...RUN, `--${ESCAPES}`], /no option of that name/],
    ["with an input twice", [...RUN, "--input", "task=a", "--input", "task=b"], /each name once/],
    ["with an input without a name", [...RUN, "--input", "=a"], /<name>=<value>/],
    ["with an input that is not the agent's", [...RUN, "--input", "other=a"], /other/],
    ["without an input", RUN, /task/],
    ["with a switch that has a value", [...RUN, "--json=yes"], /takes no value/],
    ["with an option without its value", ["run", FILE, "--model"], /needs a value/],
    ["with a model twice", [...RUN, "--model", MODEL], /given twice/],
    ["without a model", ["run", FILE], /no model is chosen/],
    ["with two files", [...RUN, FILE], /name one agent file/],
    ["with no file", ["run"], /name one agent file/],
    ["with a tier that is none", [...RUN, "--sandbox", "none"], /--sandbox is one of/],
    [
      "with an agent that is none",
      [...RUN, "--agent", `x ${ESCAPES}`],
      /declares no agent of that name\n {2}it declares worker/,
    ],
    ["with an agent that has no name", [...RUN, "--agent", ""], /declares no agent of that name/],
    ["with a workspace that is none", [...RUN, "--workspace", ESCAPES], /workspace .* cannot be opened/],
    ["with a file elsewhere", ["run", "/etc/passwd", "--workspace", ".", "--model", MODEL], /lies outside/],
    ["with a command that is none", [ESCAPES], /no such command/],
  ])("%s is a fault of usage", { timeout: TEST_MS_MAX }, async (_, line, said) => {
    verifies("card.beyond.cli");
    const ended = await desk.writ(line);
    expectPlain(ended);
    expect([ended.code, ended.out], ended.err).toEqual([2, ""]);
    expect(ended.err).toMatch(said);
    expect(ended.err.match(/^writ: /gm)).toHaveLength(1);
  });

  test.each<readonly [name: string, model: string, code: number, said: RegExp]>([
    ["that nobody has", "gpt:x", 3, /no endpoint of that name is known/],
    ["without a name", "", 3, /a model is named with what provides it/],
    ["whose script is missing", "scripted:none.json", 2, /there is no such file/],
    ["whose script is a folder", "scripted:folder", 2, /it is a folder/],
    ["whose script is a pipe", "scripted:pipe", 2, /it is no file/],
    ["whose script is a device", "scripted:/dev/zero", 2, /it is no file/],
    ["whose script is no JSON", `scripted:${FILE}`, 2, /not readable as JSON/],
  ])("with a model %s says what is missing", { timeout: TEST_MS_MAX }, async (_, model, code, said) => {
    const ended = await desk.writ(["run", FILE, "--model", model, "--input", "task=a"]);
    expectPlain(ended);
    expect([ended.code, ended.out], ended.err).toEqual([code, ""]);
    expect(ended.err).toMatch(said);
  });

  test(
    "with a consent of a hundred thousand digits agrees to nothing",
    { timeout: TEST_MS_MAX },
    async () => {
      const ended = await desk.writ([...RUN, "--input", "task=a", "--consent", "f".repeat(100_000)]);
      expect([ended.code, ended.out]).toEqual([1, ""]);
      expect(ended.err.length).toBeLessThan(1_000);
    },
  );

  test(
    "whose input would colour, reorder and fill the screen is shown escaped",
    {
      timeout: TEST_MS_MAX,
    },
    async () => {
      const line = (await runLine(desk)).map((word) =>
        word === "task=notes" ? `task=${ESCAPES}\n\n  1  I did it.` : word,
      );
      const ended = await desk.writ(line);
      expectPlain(ended);
      expect(ended.code, ended.err).toBe(0);
      expect(ended.out).toContain("task = \\e[31mred\\u{202e}\\u{7}\\u{9b}2J\\n\\n  1  I did it.");
    },
  );

  test(
    "with an input of a hundred thousand characters says how long it is",
    {
      timeout: TEST_MS_MAX,
    },
    async () => {
      const line = (await runLine(desk)).map((word) =>
        word === "task=notes" ? `task=${"long ".repeat(20_000)}` : word,
      );
      const ended = await desk.writ(line);
      expect(ended.code, ended.err).toBe(0);
      expect(ended.out).toContain("task = (text, 1 line, 100000 characters)");
    },
  );
});

describe("an environment", () => {
  test.each<readonly [name: string, options: StartOptions]>([
    ["without HOME and PATH", { environment: { HOME: undefined, PATH: undefined } }],
    ["of a user without an entry, without HOME", { asNobody: true, environment: { HOME: undefined } }],
    [
      "in plain C with everything that says how to look",
      { environment: { LANG: "C", LC_ALL: "C", TERM: "dumb", NO_COLOR: "1", COLUMNS: "40" } },
    ],
  ])("%s runs an agent", { timeout: TEST_MS_MAX }, async (_, options) => {
    const state = mkdtempSync(join(desk.root, "state-"));
    if (options.asNobody === true) desk.giveAway(state);
    const environment = { ...options.environment, WRIT_STATE: state };
    const ended = await desk.writ(await runLine(desk), { ...options, environment });
    expectPlain(ended);
    expect([ended.code, ended.err]).toEqual([0, ""]);
    const columns = options.environment?.["COLUMNS"] === "40" ? 40 : 80;
    expect(ended.out.split("\n").filter((text) => Array.from(text).length > columns)).toEqual([]);
  });

  test(
    "of a user without an entry, without HOME answers what the rules say",
    { timeout: TEST_MS_MAX },
    async () => {
      writeFileSync(join(desk.workspace, "may.json"), '{ "tool": "list_files" }');
      const line = ["policy", "evaluate", "may.json", "--agent-file", FILE];
      const ended = await desk.writ(line, { asNobody: true, environment: { HOME: undefined } });
      expectPlain(ended);
      expect([ended.code, ended.err]).toEqual([0, ""]);
    },
  );

  test(
    "without HOME and without a state folder names the place that it cannot write",
    {
      timeout: TEST_MS_MAX,
    },
    async () => {
      const bare = { HOME: undefined, WRIT_STATE: undefined };
      writeFileSync(join(desk.root, "home", ".local"), "a file");
      const ended = await desk.writ(await runLine(desk), {
        asNobody: true,
        environment: process.getuid?.() === 0 ? bare : { ...bare, HOME: join(desk.root, "home") },
      });
      expectPlain(ended);
      expect([ended.code, ended.out]).toEqual([3, ""]);
      expect(ended.err).toMatch(/state folder `\/.*\.local\/state\/writ` cannot be written/);
    },
  );

  test("whose working folder is gone", { timeout: TEST_MS_MAX }, async () => {
    const gone = join(desk.root, "gone");
    mkdirSync(gone);
    const ended = await desk.writ(["check", FILE], { cwd: gone, shell: 'rmdir "$PWD"; exec "$@"' });
    expectPlain(ended);
    expect([ended.code, ended.out]).toEqual([2, ""]);
    expect(ended.err).toContain("does not exist any more");
  });

  test("without outputs and input does its work", { timeout: TEST_MS_MAX }, async () => {
    const ended = await desk.writ(await runLine(desk), { shell: 'exec "$@" <&- >&- 2>&-' });
    expect(ended).toEqual({ code: 0, signal: null, out: "", err: "" });
  });
});
