/*
 * Ctrl-C, a polite kill and a closed session, in every phase of a run: it is over soon, exit 130,
 * what had begun is on record as cancelled, nothing is left running, and the ledger verifies.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

import type { JsonObject } from "#kernel/json.ts";
import { SOAK } from "#test/kit/cases.ts";
import { verifies } from "#test/kit/verifies.ts";

import { calling, ENDLESS, furnish, NEW_NOTES, OLD_NOTES, runLine, saying, WORK } from "./bad-days-agent.ts";
import { createProcessDesk, expectPlain } from "./bad-days-desk.ts";
import type { Ended, ProcessDesk, Running } from "./bad-days-desk.ts";

const TEST_MS_MAX = 240_000;

let desk: ProcessDesk;
beforeAll(() => {
  desk = createProcessDesk();
});
afterAll(() => desk.dispose());
beforeEach(() => desk.renew());

const started = async (turns: readonly JsonObject[]): Promise<Running> => {
  furnish(desk, turns);
  return desk.start([...(await runLine(desk)), "--json"]);
};
const entry =
  (type: string, holding = "") =>
  (text: string): boolean =>
    text.includes(`"type":"${type}"`) && text.includes(holding);

/** As a shell says it: before our first line and behind our last the system's own way to end is the only one. */
const exitOf = ({ code, signal }: Ended): number | null => (signal === "SIGINT" ? 130 : code);

/** Types of the entries on record, and what the run's end says. */
const ends = (): readonly JsonObject[] =>
  desk
    .entries()
    .filter(({ type }) => type === "run.ended")
    .map((one) => one["public"] as JsonObject);

const checkCancelled = async (ended: Ended): Promise<void> => {
  expectPlain(ended);
  expect([ended.code, ended.signal]).toEqual([130, null]);
  expect(ends()).toMatchObject([{ outcome: "cancelled" }]);
  await checkNothingLeft();
};

const checkNothingLeft = async (): Promise<void> => {
  expect(await desk.ledgerFaults()).toEqual([]);
  expect(desk.entries().filter(({ type }) => type === "run.interrupted")).toEqual([]);
  await vi.waitFor(() => expect(desk.processes()).toEqual([]), TEST_MS_MAX);
};

/** Ticks (hundredths of a second) that the threads of ours beside the main one have worked. */
const workedBy = (pid: number): number => {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .filter((task) => readFileSync(`/proc/${pid}/task/${task}/comm`, "utf8").startsWith("WorkerThread"))
      .map((task) => readFileSync(`/proc/${pid}/task/${task}/stat`, "utf8").split(") ").at(-1) ?? "")
      .reduce((sum, stat) => sum + Number(stat.split(" ")[11]), 0);
  } catch {
    return 0;
  }
};

/** More than the parser's thread takes to be ready: from then on it works on a text. */
const READY_TICKS = 60;

describe("Ctrl-C", () => {
  test("while a large file is lowered leaves no record of a run", { timeout: TEST_MS_MAX }, async () => {
    verifies("card.beyond.cli");
    furnish(desk);
    const agents = Array.from({ length: 60_000 }, (_, index) => `agent a${index}{}`).join("\n");
    desk.write("agents/many.symbi", agents);
    const running = desk.start(["check", "agents/many.symbi"]);
    await vi.waitFor(() => expect(workedBy(running.pid)).toBeGreaterThan(READY_TICKS), TEST_MS_MAX);
    running.kill("SIGINT");
    const ended = await running.ended;
    expect(ended).toMatchObject({ code: 130, out: "", err: "writ: cancelled\n" });
    expect(desk.entries()).toEqual([]);
  });

  test("while the model answers", { timeout: TEST_MS_MAX }, async () => {
    const running = await started([{ ...saying("late"), delayMs: 3_600_000 }]);
    await running.line(entry("model.requested"));
    running.kill("SIGINT");
    await checkCancelled(await running.ended);
  });

  test(
    "at a terminal, where it reaches every process, while a program runs",
    { timeout: TEST_MS_MAX },
    async () => {
      const running = await started([ENDLESS, saying("done")]);
      await running.line(entry("action.intended", "run_javascript"));
      await vi.waitFor(() => expect(desk.processes().length).toBeGreaterThan(1), TEST_MS_MAX);
      running.killGroup("SIGINT");
      await checkCancelled(await running.ended);
    },
  );

  test(
    "while a file is published leaves the old one or the new one, as the record says",
    {
      timeout: TEST_MS_MAX,
    },
    async () => {
      const running = await started(WORK);
      await running.line(entry("action.intended", "publish_file"));
      running.kill("SIGINT");
      const ended = await running.ended;
      expect([0, 130]).toContain(ended.code);
      const done = desk.entries().filter((one) => {
        const fields = one["public"] as JsonObject;
        return (
          one["type"] === "action.completed" &&
          fields["tool"] === "publish_file" &&
          fields["status"] === "done"
        );
      });
      expect(desk.read("NOTES.md")).toBe(done.length === 1 ? NEW_NOTES : OLD_NOTES);
      expect(ends()).toHaveLength(1);
      await checkNothingLeft();
    },
  );

  test("behind the end changes nothing about it", { timeout: TEST_MS_MAX }, async () => {
    const running = await started([saying("done")]);
    await running.line(entry("sandbox.closed"));
    running.kill("SIGINT");
    expect(exitOf(await running.ended)).toBeOneOf([0, 130]);
    expect(ends()).toMatchObject([{ outcome: "completed" }]);
    await checkNothingLeft();
  });

  test(
    "twice leaves at once, and the next run says that this one was interrupted",
    {
      timeout: TEST_MS_MAX,
    },
    async () => {
      const running = await started([ENDLESS, saying("done")]);
      await running.line(entry("action.intended", "run_javascript"));
      running.kill("SIGINT");
      await sleep(1);
      running.kill("SIGINT");
      const ended = await running.ended;
      expectPlain(ended);
      expect(ended.code).toBe(130);
      await vi.waitFor(() => expect(desk.processes()).toEqual([]), TEST_MS_MAX);

      furnish(desk, [saying("done")]);
      expect((await desk.writ(await runLine(desk))).code).toBe(0);
      expect(await desk.ledgerFaults()).toEqual([]);
      const over = desk.entries().filter(({ type }) => type === "run.ended" || type === "run.interrupted");
      expect(over).toHaveLength(2);
    },
  );

  test.each(Array.from({ length: SOAK ? 40 : 2 }, () => Math.floor(Math.random() * 2_500)))(
    "%i ms after the start",
    { timeout: TEST_MS_MAX },
    async (momentMs) => {
      const running = await started(WORK);
      await Promise.race([sleep(momentMs), running.ended]);
      running.kill("SIGINT");
      const ended = await running.ended;
      expectPlain(ended);
      expect(exitOf(ended)).toBeOneOf([0, 130]);
      const begun = desk.entries().filter(({ type }) => type === "run.started");
      expect(ends()).toHaveLength(begun.length);
      if (begun.length > 0) await checkNothingLeft();
    },
  );
});

test.each(["SIGTERM", "SIGHUP"] as const)(
  "%s cancels like Ctrl-C",
  { timeout: TEST_MS_MAX },
  async (signal) => {
    const running = await started([ENDLESS, saying("done")]);
    await running.line(entry("action.intended", "run_javascript"));
    running.kill(signal);
    await checkCancelled(await running.ended);
  },
);

describe("a reader that has seen enough", () => {
  test("does not end a run, whose end is on record", { timeout: TEST_MS_MAX }, async () => {
    const running = await started([
      calling("I list.", { tool: "list_files", arguments: { path: "." } }),
      { ...saying("done"), delayMs: 300 },
    ]);
    await running.line(entry("run.started"));
    running.closeOutput();
    const { code, err } = await running.ended;
    expect([code, err]).toEqual([0, ""]);
    expect(ends()).toMatchObject([{ outcome: "completed" }]);
    await checkNothingLeft();
  });

  test("does not make a verdict a good one", { timeout: TEST_MS_MAX }, async () => {
    desk.write("agents/wrong.symbi", "agent wrong {");
    const running = desk.start(["check", "agents/wrong.symbi"]);
    running.closeOutput();
    expect((await running.ended).code).toBe(1);
  });

  test("ends what only speaks", { timeout: TEST_MS_MAX }, async () => {
    const { code, out, err } = await desk.writ(["--help"], { shell: '"$@" | head -n 1' });
    expect([code, err]).toEqual([0, ""]);
    expect(out.split("\n")).toHaveLength(2);
  });
});
