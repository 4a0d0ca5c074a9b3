/*
 * A person at a real terminal: what they typed too early does not count, the question stays on the
 * screen while they answer, Ctrl-C works at every question, and a terminal that is closed leaves a
 * cancelled run behind and nothing that still runs.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

import type { JsonObject } from "#kernel/json.ts";
import { verifies } from "#test/kit/verifies.ts";

import {
  ASKING_AGENT,
  ENDLESS,
  FILE,
  furnish,
  MODEL,
  NEW_NOTES,
  OLD_NOTES,
  runLine,
} from "./bad-days-agent.ts";
import { createProcessDesk } from "./bad-days-desk.ts";
import type { ProcessDesk, Running } from "./bad-days-desk.ts";

const TEST_MS_MAX = 240_000;

/** Begins the line that an answer is typed into: from here on keys count. */
const READY = "\u001b[1G\u001b[0J";
const CTRL_C = "\u0003";
const CTRL_Z = "\u001a";
const line = ["run", FILE, "--model", MODEL, "--input", "task=notes"];

let desk: ProcessDesk;
beforeAll(() => {
  desk = createProcessDesk();
});
afterAll(() => desk.dispose());
beforeEach(() => {
  desk.renew();
  furnish(desk);
  desk.write(FILE, ASKING_AGENT);
});

const atTerminal = (columns: number): Running =>
  desk.start(line, { columns, environment: { TERM: "xterm-256color" } });

/**
 * The same as a job of a shell that says when it was stopped and continues it at the next Enter.
 * A shell of its own between `script` and the job: a group whose parent is elsewhere cannot be stopped.
 */
const atShell = (columns: number): Running =>
  desk.start(line, {
    columns,
    environment: { TERM: "xterm-256color", SHELL: "/bin/sh" },
    shell: `script --quiet --return --command "stty cols ${columns} rows 50; set -m; $*; echo was stopped; read go; fg" /dev/null`,
  });

/** Presses Ctrl-Z, waits for the shell, lets it continue the job, and waits for the whole question. */
const stopAndContinue = async (running: Running): Promise<void> => {
  running.type(CTRL_Z);
  await running.said("was stopped");
  running.type("\r");
  await running.said(/was stopped[^]*Type yes or [^]*: \u001b\[1G\u001b\[0J/);
};

/** What stands on the screen in the row of the last question. */
const lastQuestion = (out: string): string =>
  out.slice(out.lastIndexOf(READY) + READY.length).split("\r")[0] ?? "";

const types = (): readonly unknown[] => desk.entries().map(({ type }) => type);
const ends = (): readonly JsonObject[] =>
  desk
    .entries()
    .filter(({ type }) => type === "run.ended")
    .map((one) => one["public"] as JsonObject);

const checkNothingLeft = async (): Promise<void> => {
  await vi.waitFor(() => expect(desk.processes()).toEqual([]), TEST_MS_MAX);
  expect(await desk.ledgerFaults()).toEqual([]);
  expect(types()).not.toContain("run.interrupted");
};

describe("the question whether an agent may have its powers", () => {
  test("takes no answer that was typed before it could be read", { timeout: TEST_MS_MAX }, async () => {
    verifies("gate.human-critic");
    const running = atTerminal(80);
    running.type("yes\ryes\ryes");
    await running.said(READY);
    running.type("\r");
    const { code, out } = await running.ended;
    expect(code).toBe(1);
    expect(out).toContain("nothing was run");
    expect(types()).toContain("consent.refused");
    await checkNothingLeft();
  });

  test("is left by Ctrl-C before its first key counts", { timeout: TEST_MS_MAX }, async () => {
    const running = atTerminal(80);
    await running.said("anything else to stop: ");
    running.type(CTRL_C);
    const { code, out } = await running.ended;
    expect(code).toBe(130);
    expect(out).not.toContain(READY);
    expect(types()).not.toContain("run.started");
    await checkNothingLeft();
  });

  test("is left by Ctrl-C while it waits, and nothing is agreed to", { timeout: TEST_MS_MAX }, async () => {
    const running = atTerminal(80);
    await running.said(READY);
    running.type(`ye${CTRL_C}`);
    const { code, out } = await running.ended;
    expect(code).toBe(130);
    expect(out).toMatch(/\r\nwrit: cancelled\r\n$/);
    expect(types()).not.toContain("consent.given");
    await checkNothingLeft();
  });

  test.each([40, 80])(
    "is asked again in %i columns after Ctrl-Z and fg, and Ctrl-C still leaves it",
    { timeout: TEST_MS_MAX },
    async (columns) => {
      const running = atShell(columns);
      await running.said(READY);
      await stopAndContinue(running);
      running.type(CTRL_C);
      const { code, out } = await running.ended;
      expect(code).toBe(130);
      expect(out).toMatch(/\r\nwrit: cancelled\r\n$/);
      expect(types()).not.toContain("consent.given");
      await checkNothingLeft();
    },
  );

  test("has nobody's answer at the end of input, and nothing runs", { timeout: TEST_MS_MAX }, async () => {
    const running = atTerminal(80);
    await running.said(READY);
    running.type("\u0004");
    const { code, out } = await running.ended;
    expect(code).toBe(2);
    expect(out).toMatch(/nobody here can be asked/);
    expect(types()).toContain("consent.refused");
    expect(types()).not.toContain("run.started");
  });
});

describe("the question for an approval", () => {
  /** A run that was agreed to and waits for an approval. */
  const asked = async (columns: number, start = atTerminal): Promise<Running> => {
    const running = start(columns);
    await running.said(READY);
    running.type("yes\r");
    await running.said(/\u001b\[1G\u001b\[0J[^\u001b]*to refuse: /);
    return running;
  };

  test.each([40, 100])(
    "stays readable in %i columns, and a yes publishes what was shown",
    { timeout: TEST_MS_MAX },
    async (columns) => {
      verifies("gate.human-critic");
      const running = await asked(columns);
      running.type("yes\r");
      const { code, out } = await running.ended;
      expect(code).toBe(0);
      expect(lastQuestion(out)).toMatch(/else to refuse: .*yes$/);
      expect(out).toContain("approved by");
      expect(desk.read("NOTES.md")).toBe(NEW_NOTES);
      const wide = screenLines(out).filter((text) => text.length > columns);
      expect(wide).toEqual([]);
      await checkNothingLeft();
    },
  );

  test(
    "is left by Ctrl-C: the run is cancelled and the file as it was",
    { timeout: TEST_MS_MAX },
    async () => {
      const running = await asked(80);
      running.type(CTRL_C);
      expect((await running.ended).code).toBe(130);
      expect(ends()).toMatchObject([{ outcome: "cancelled" }]);
      expect(desk.read("NOTES.md")).toBe(OLD_NOTES);
      await checkNothingLeft();
    },
  );

  test(
    "is asked again after Ctrl-Z and fg, and a yes publishes what was shown",
    { timeout: TEST_MS_MAX },
    async () => {
      const running = await asked(80, atShell);
      await stopAndContinue(running);
      running.type("yes\r");
      expect((await running.ended).code).toBe(0);
      expect(desk.read("NOTES.md")).toBe(NEW_NOTES);
      await checkNothingLeft();
    },
  );

  test("ends with its terminal: the run is cancelled and on record", { timeout: TEST_MS_MAX }, async () => {
    const running = await asked(80);
    running.kill("SIGKILL");
    await running.ended;
    await checkNothingLeft();
    expect(ends()).toMatchObject([{ outcome: "cancelled" }]);
    expect(desk.read("NOTES.md")).toBe(OLD_NOTES);
  });
});

describe("a run behind one that was killed", () => {
  const SAID = /run ([0-9a-f-]{36}) was interrupted before it ended;\s+`writ run --resume ([0-9a-f]{8})`/;

  /** A run that was killed in its sandbox. */
  const killed = async (): Promise<string> => {
    furnish(desk, [ENDLESS]);
    const running = desk.start(await runLine(desk, "--json"));
    await running.line((text) => text.includes("action.intended"));
    running.kill("SIGKILL");
    await running.ended;
    await vi.waitFor(() => expect(desk.processes()).toEqual([]), TEST_MS_MAX);
    const started = desk.entries().findLast(({ type }) => type === "run.started");
    return (started?.["run"] as { id: string } | undefined)?.id ?? "";
  };

  test("says so once, before it asks whether it may", { timeout: TEST_MS_MAX }, async () => {
    const run = await killed();
    furnish(desk);
    desk.write(FILE, ASKING_AGENT);
    const running = atTerminal(80);
    await running.said(READY);
    running.type(CTRL_C);
    const { out } = await running.ended;
    expect(run).not.toBe("");
    expect(SAID.exec(out)?.slice(1)).toEqual([run, run.slice(-8)]);
    expect(out.search(SAID)).toBeLessThan(out.indexOf("Type yes"));
    const next = await desk.writ(line);
    expect(next.err).not.toContain("was interrupted");
    expect(types().filter((type) => type === "run.interrupted")).toHaveLength(1);
  });

  test("leaves it to the ledger with --json", { timeout: TEST_MS_MAX }, async () => {
    await killed();
    furnish(desk);
    const { code, out, err } = await desk.writ(await runLine(desk, "--json"));
    expect([code, err]).toEqual([0, ""]);
    expect(out).not.toContain("was interrupted");
    expect(types()).toContain("run.interrupted");
  });
});

/** Lines without our own colours and without what the editor of the answer sends. */
const screenLines = (out: string): readonly string[] =>
  out
    .replaceAll(/\u001b\[[0-9;]*m/g, "")
    .replaceAll(/[^\n]*\u001b\[1G\u001b\[0J/g, "")
    .split("\r\n");
