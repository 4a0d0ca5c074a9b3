/*
 * `kill -9` at moments that chance picks, and `writ run --resume` after each: the run that was killed, and then
 * each time the one that goes on with it. In CI one such run, in a soak many.
 */
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { JsonObject } from "#kernel/json.ts";
import { SOAK } from "#test/kit/cases.ts";
import { verifies } from "#test/kit/verifies.ts";

import { furnish, NEW_NOTES, OLD_NOTES, runLine } from "./bad-days-agent.ts";
import { createProcessDesk } from "./bad-days-desk.ts";
import type { Ended, ProcessDesk } from "./bad-days-desk.ts";

const RUNS = SOAK ? 15 : 1;
const KILLS = SOAK ? 8 : 3;
/** Longer than a run lasts on a machine with other work. */
const MOMENT_MS_MAX = 2_000;

let desk: ProcessDesk;
beforeEach(() => {
  desk = createProcessDesk();
  furnish(desk);
});
afterEach(() => desk.dispose());

const fields = (entry: JsonObject): JsonObject => entry["public"] as JsonObject;
const ofType = (...types: readonly string[]): readonly JsonObject[] =>
  desk.entries().filter(({ type }) => types.includes(type as string));

/** Calls that were intended and of which nobody recorded an outcome, and what truly became of each. */
const said = (): readonly string[] => {
  const over = new Set(ofType("action.completed", "effect.unknown").map((entry) => fields(entry)["callId"]));
  const happened = desk.read("NOTES.md") === NEW_NOTES;
  return ofType("action.intended")
    .map(fields)
    .filter(({ tool, callId }) => tool === "publish_file" && !over.has(callId ?? null))
    .flatMap(({ callId }) => [happened ? "--happened" : "--absent", callId as string]);
};

/** Starts this, kills it after a while unless it ended before. */
const killed = async (line: readonly string[]): Promise<Ended> => {
  const running = desk.start(line);
  const moment = sleep(Math.floor(Math.random() * MOMENT_MS_MAX));
  await Promise.race([moment, running.ended]);
  running.kill("SIGKILL");
  return running.ended;
};

describe("a run that is killed again and again, and resumed each time", () => {
  test.each(Array.from({ length: RUNS }, (_, index) => index + 1))(
    "ends as it would have, its file put in place once: run %i",
    { timeout: SOAK ? 3_600_000 : 240_000 },
    async () => {
      verifies("agent.beyond.resume", "gate.beyond.unknown-effects");
      const begin = await runLine(desk);
      let last = await killed(begin);
      const moments: string[] = [];
      for (let kills = 1; last.code !== 0; kills += 1) {
        const run = ofType("run.started").map((entry) => (entry["run"] as JsonObject)["id"] as string)[0];
        const line = run === undefined ? begin : ["run", "--resume", run, ...said()];
        moments.push(`${String(ofType("action.intended").length)} calls: ${line.slice(1).join(" ")}`);
        last = kills < KILLS ? await killed(line) : await desk.writ(line);
        if (kills >= KILLS) expect(last.code, [...moments, last.err].join("\n")).toBe(0);
        else expect([0, null], [...moments, last.err].join("\n")).toContain(last.code);
      }

      expect([OLD_NOTES, NEW_NOTES].indexOf(desk.read("NOTES.md")), moments.join("\n")).toBe(1);
      expect(await desk.ledgerFaults()).toEqual([]);
      expect(ofType("run.ended").map((entry) => fields(entry)["outcome"])).toEqual(["completed"]);
      const done = ofType("action.completed")
        .map(fields)
        .filter(({ status }) => status === "done");
      const intended = ofType("action.intended").map(fields);
      const published = intended.filter(({ tool }) => tool === "publish_file");
      const completed = published.filter(({ callId }) => done.some((one) => one["callId"] === callId));
      const happened = ofType("person.intervened").filter((entry) =>
        JSON.stringify(entry).includes("happened"),
      );
      expect(completed.length + happened.length, moments.join("\n")).toBe(1);
      const numbers = desk
        .entries()
        .flatMap((entry) => (entry["run"] === null ? [] : [(entry["run"] as JsonObject)["seq"]]));
      expect(numbers).toEqual(numbers.map((_, index) => index));
      expect(desk.processes()).toEqual([]);
      const names = readdirSync(desk.workspace, { recursive: true, encoding: "utf8" });
      expect(names.filter((name) => /\.writ-[0-9a-f]+\.tmp$/.test(name))).toEqual([]);
    },
  );
});
