/*
 * `kill -9`: behind each entry that a run prints, and at moments that chance picks. Each killed run
 * is the next one's past: that one finds the log, sets aside what nobody signed, puts on record that
 * the run was interrupted, and goes on. In CI every third entry, in a soak all of them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { SOAK } from "#test/kit/cases.ts";
import { verifies } from "#test/kit/verifies.ts";

import { ENDLESS, furnish, NEW_NOTES, OLD_NOTES, runLine, saying } from "./bad-days-agent.ts";
import { createProcessDesk, expectPlain } from "./bad-days-desk.ts";
import type { Ended, ProcessDesk, Running } from "./bad-days-desk.ts";

const TEST_MS_MAX = 240_000;

/** Entries that an undisturbed run of this agent prints. */
const ENTRIES = 23;
const MOMENTS = SOAK ? 40 : 2;
/** Longer than a run lasts on a machine with other work. */
const MOMENT_MS_MAX = 3_000;

let desk: ProcessDesk;
let line: readonly string[];

beforeAll(async () => {
  desk = createProcessDesk();
  furnish(desk);
  line = [...(await runLine(desk)), "--json"];
}, TEST_MS_MAX);
afterAll(() => desk.dispose());
beforeEach(() => void desk.write("NOTES.md", OLD_NOTES));

const isEntry = (text: string): boolean => text.includes('"durability":"entry"');
const idOf = (text: string): JsonValue | undefined => (JSON.parse(text) as JsonObject)["id"];
const runOf = (entry: JsonObject): JsonValue | undefined => (entry["run"] as JsonObject | null)?.["id"];
const isIntentOf = (entry: JsonObject, tool: string): boolean =>
  entry["type"] === "action.intended" && (entry["public"] as JsonObject)["tool"] === tool;

/** What must be true of a dead run before anybody touched its log again. */
const checkRemains = async (dead: Running): Promise<void> => {
  expectPlain(await dead.ended);
  const entries = desk.entries();
  const recorded = new Set(entries.map((entry) => entry["id"]));
  const printed = dead.lines.filter(isEntry).map(idOf);
  expect(printed.filter((id) => !recorded.has(id))).toEqual([]);

  // Nobody vouches for what stands behind the last commit; all before it is as it was written.
  const kinds = (await desk.ledgerFaults()).map((fault) => / (\S+): /.exec(fault)?.[1]);
  expect(kinds.filter((kind) => kind !== "torn" && kind !== "uncommitted")).toEqual([]);

  const notes = desk.read("NOTES.md");
  expect([OLD_NOTES, NEW_NOTES]).toContain(notes);
  if (notes === NEW_NOTES) {
    const run = entries.filter((entry) => printed.includes(entry["id"])).map(runOf)[0];
    const own = entries.filter((entry) => runOf(entry) === run);
    expect(own.filter((entry) => isIntentOf(entry, "publish_file"))).toHaveLength(1);
  }
  await vi.waitFor(() => expect(desk.processes()).toEqual([]), TEST_MS_MAX);
};

describe("a run that is killed", () => {
  test.each(Array.from({ length: ENTRIES }, (_, index) => index).filter((index) => SOAK || index % 3 === 0))(
    "behind its entry %i",
    { timeout: TEST_MS_MAX },
    async (index) => {
      verifies("agent.journal.durable", "sandbox.orchestrator");
      let seen = 0;
      const running = desk.start(line, {
        onLine: (text, self) => {
          if (!isEntry(text)) return;
          if (seen === index) self.kill("SIGKILL");
          seen += 1;
        },
      });
      await checkRemains(running);
      // The last entry may be followed by the end of the process at once.
      if (index < ENTRIES - 1) expect((await running.ended).signal).toBe("SIGKILL");
    },
  );

  test.each(Array.from({ length: MOMENTS }, () => Math.floor(Math.random() * MOMENT_MS_MAX)))(
    "%i ms after its start",
    { timeout: TEST_MS_MAX },
    async (momentMs) => {
      const running = desk.start(line);
      await Promise.race([sleep(momentMs), running.ended]);
      running.kill("SIGKILL");
      await checkRemains(running);
    },
  );

  test("while a program runs in its sandbox", { timeout: TEST_MS_MAX }, async () => {
    desk.write("model.json", JSON.stringify({ turns: [ENDLESS, saying("done")] }));
    const running = desk.start(line);
    await running.line((text) => text.includes('"action.intended"') && text.includes("run_javascript"));
    await vi.waitFor(() => expect(desk.processes().length).toBeGreaterThan(1), TEST_MS_MAX);
    running.kill("SIGKILL");
    await checkRemains(running);
    furnish(desk);
  });
});

describe("the run after all of them", () => {
  let last: Ended;
  let notes: string;
  let entries: readonly JsonObject[];

  beforeAll(async () => {
    desk.write("NOTES.md", OLD_NOTES);
    last = await desk.writ(line);
    entries = desk.entries();
    // Each test begins with the old file again.
    notes = desk.read("NOTES.md");
  }, TEST_MS_MAX);

  test("completes", () => {
    expect(last.code, last.err).toBe(0);
    expect(notes).toBe(NEW_NOTES);
  });

  test("finds a ledger that verifies from its first line to its last", async () => {
    verifies("ledger.verify");
    expect(await desk.ledgerFaults()).toEqual([]);
  });

  test("every run that began is over exactly once, by its end or by an interruption", () => {
    const started = entries.filter(({ type }) => type === "run.started").map(runOf);
    expect(started.length).toBeGreaterThan(ENTRIES / 3);
    for (const run of started) {
      const ends = entries
        .filter((entry) => runOf(entry) === run)
        .map(({ type }) => type)
        .filter((type) => type === "run.ended" || type === "run.interrupted");
      expect(ends).toHaveLength(1);
    }
    expect(new Set(started).size).toBe(started.length);
  });

  test("no call was intended twice, and none was done without its intent", () => {
    const intended = entries.filter(({ type }) => type === "action.intended");
    const calls = intended.map((entry) => (entry["public"] as JsonObject)["callId"]);
    expect(new Set(calls).size).toBe(calls.length);
    const done = entries.filter(
      (entry) => entry["type"] === "action.completed" && (entry["public"] as JsonObject)["status"] === "done",
    );
    expect(done.length).toBeGreaterThan(0);
    for (const entry of done) expect(calls).toContain((entry["public"] as JsonObject)["callId"]);
  });

  test("leaves a run's numbers without a gap", () => {
    for (const run of new Set(entries.map(runOf).filter((id) => id !== undefined))) {
      const numbers = entries
        .filter((entry) => runOf(entry) === run)
        .map((entry) => (entry["run"] as JsonObject)["seq"]);
      expect(numbers).toEqual(numbers.map((_, index) => index));
    }
  });
});
