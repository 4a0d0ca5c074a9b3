/*
 * Several runs at once, from the first moment on: in a state folder that none of them has made yet,
 * in one workspace, and in two. Every run has its evidence whole, in a log that nobody else writes.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { SOAK } from "#test/kit/cases.ts";
import { verifies } from "#test/kit/verifies.ts";

import { AGENT, FILE, furnish, MODEL, NEW_NOTES, OLD_NOTES, runLine, saying } from "./bad-days-agent.ts";
import { createProcessDesk, expectPlain } from "./bad-days-desk.ts";
import type { Ended, ProcessDesk } from "./bad-days-desk.ts";

const TEST_MS_MAX = 240_000;
const CROWD = SOAK ? 10 : 3;

let desk: ProcessDesk;
afterAll(() => desk.dispose());

const runOf = (entry: JsonObject): JsonValue | undefined => (entry["run"] as JsonObject | null)?.["id"];
const ofType = (type: string): readonly JsonObject[] => desk.entries().filter((one) => one["type"] === type);

describe(`${CROWD} runs at once in one workspace`, () => {
  let ended: readonly Ended[];

  beforeAll(async () => {
    desk = createProcessDesk();
    furnish(desk);
    const line = await runLine(desk);
    ended = await Promise.all(Array.from({ length: CROWD }, () => desk.writ(line)));
  }, TEST_MS_MAX);

  test("all complete and say nothing on standard error", () => {
    for (const each of ended) {
      expectPlain(each);
      expect([each.code, each.err]).toEqual([0, ""]);
    }
  });

  test("each leaves its evidence whole, in one log", async () => {
    verifies("ledger.beyond.per-writer-logs");
    expect(await desk.ledgerFaults()).toEqual([]);
    const runs = ofType("run.started").map(runOf);
    expect(new Set(runs).size).toBe(CROWD);
    expect(new Set(ofType("run.ended").map(runOf))).toEqual(new Set(runs));
    expect(ofType("run.interrupted")).toEqual([]);
    for (const run of runs) {
      const own = desk.entries().filter((entry) => runOf(entry) === run);
      expect(new Set(own.map((entry) => entry["log"])).size).toBe(1);
      expect(own.map((entry) => (entry["run"] as JsonObject)["seq"])).toEqual(own.map((_, index) => index));
    }
  });

  test("no two of them wrote one log at a time", () => {
    const entries = desk.entries();
    for (const log of new Set(entries.map((entry) => entry["log"]))) {
      const order = entries.filter((entry) => entry["log"] === log && runOf(entry) !== undefined).map(runOf);
      const changes = order.filter((run, index) => run !== order[index - 1]);
      expect(changes).toHaveLength(new Set(order).size);
    }
  });

  test(
    "share one identity and one consent, which the next run remembers",
    { timeout: TEST_MS_MAX },
    async () => {
      expect(readdirSync(join(desk.state, "ledgers"))).toHaveLength(1);
      expect(readdirSync(join(desk.state, "workspaces"))).toHaveLength(1);
      furnish(desk, [saying("done")]);
      const again = await desk.writ(["run", FILE, "--model", MODEL, "--input", "task=notes"]);
      expect([again.code, again.err]).toEqual([0, ""]);
      expect(again.out).toContain("given before");
    },
  );

  test("the file is the new one, and who came too late did not replace it", () => {
    const outcomes = desk
      .entries()
      .filter(({ type }) => type === "action.completed")
      .map((entry) => entry["public"] as JsonObject)
      .filter(({ tool }) => tool === "publish_file")
      .map(({ status }) => status);
    expect(outcomes).toHaveLength(CROWD);
    expect(outcomes).toContain("done");
    expect([NEW_NOTES, OLD_NOTES]).toContain(desk.read("NOTES.md"));
  });
});

test(
  "two workspaces with one name and one state folder keep their evidence apart",
  {
    timeout: TEST_MS_MAX,
  },
  async () => {
    desk.renew();
    furnish(desk, [saying("done")]);
    const other = join(desk.root, "other", "workspace");
    for (const folder of ["agents", "policies"]) mkdirSync(join(other, folder), { recursive: true });
    desk.write(`../other/workspace/${FILE}`, AGENT);
    desk.write("../other/workspace/model.json", readFileSync(join(desk.workspace, "model.json")));
    const line = await runLine(desk);
    const both = await Promise.all([desk.writ(line), desk.writ(line, { cwd: other })]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(await desk.ledgerFaults()).toEqual([]);
    expect(readdirSync(join(desk.state, "ledgers"))).toHaveLength(2);
    expect(new Set(ofType("log.opened").map((entry) => entry["log"])).size).toBe(2);
  },
);
