import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { killHosts } from "#test/kit/hosts.ts";
import { verifies } from "#test/kit/verifies.ts";

import type { NotesDesk } from "./notes-desk.ts";
import { AGENT, createNotesDesk, FILE, RUN, TURNS } from "./notes-desk.ts";

/* Interrupted runs that a person ends for good, also those that could not go on any more. */

let desk: NotesDesk;

beforeEach(async () => {
  desk = await createNotesDesk();
});
afterEach(async () => {
  await killHosts(desk.workspace);
  desk.dispose();
});

const stateOf = async (run: string): Promise<unknown> =>
  (await desk.writ(["ps", "--all", "--json"])).events().find((one) => one["run"] === run)?.["state"];

/** Stops it, and holds that it is over then, on record once, for every command. */
const givesUp = async (run: string, surface: "terminal" | "protocol"): Promise<void> => {
  const stopped = await desk.writ(["stop", run.slice(-8)]);
  expect(stopped.err).toEqual([]);
  expect(stopped).toMatchObject({ code: 0, out: [`${run.slice(-8)}  cancelled`] });
  const ends = desk.ofRun(run, "run.ended").map((one) => one.public);
  expect(ends).toEqual([expect.objectContaining({ outcome: "cancelled", reason: "CANCELLED" })]);
  expect(desk.ofRun(run, "person.intervened").map((one) => one.public)).toEqual([
    { act: "CANCEL", target: null, by: expect.any(String), surface },
  ]);
  expect(desk.ofRun(run, "run.resumed")).toEqual([]);
  const seqs = desk.entries().flatMap((one) => (one.run?.id === run ? [one.run.seq] : []));
  expect(seqs).toEqual(seqs.map((_, index) => index));
  expect((await desk.writ(["ps"])).out.join("\n")).not.toContain(run.slice(-8));
  expect(await stateOf(run)).toBe("cancelled");
  // Stopping it again says so and changes nothing.
  const before = desk.entries().length;
  expect(await desk.writ(["stop", run])).toMatchObject({ code: 0, out: [`${run.slice(-8)}  cancelled`] });
  expect(desk.entries()).toHaveLength(before);
  // A run that is over cannot go on, whatever else would be in the way.
  desk.write(FILE, `${AGENT}\n// another\n`);
  for (const more of [[], ["--detach"]]) {
    const resumed = await desk.writ(["run", "--resume", run, ...more]);
    expect(resumed.err.join("\n")).toContain("the run is over");
    expect(resumed.code).toBe(2);
  }
  desk.write(FILE, AGENT);
};

/** The folder in which the files of runs lie by their content, and how to bring it back. */
const artefacts = (): { readonly files: readonly string[]; away(): void; back(): void } => {
  const folder = dirname(desk.stateFile("000001.jsonl"));
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\b[0-9a-f]{64}$/.test(name),
  );
  const move = (from: string, to: string) => (): void => {
    for (const name of names) renameSync(join(folder, name + from), join(folder, name + to));
  };
  return { files: names, away: move("", ".away"), back: move(".away", "") };
};

describe("an interrupted run", { timeout: 240_000 }, () => {
  test("is ended for good by `writ stop` where no host is there", async () => {
    verifies("agent.beyond.resume");
    const run = await desk.killedInProcess();
    await givesUp(run, "terminal");
    expect((await desk.writ(["audit", "verify"])).code).toBe(0);
    expect((await desk.writ(["audit", "show", run])).out.join("\n")).toContain("run.ended");
  });

  test("takes what its publish left along, and says so where that stays", async () => {
    const run = await desk.killedAtPublish("before-publish");
    expect(desk.leftByPublishes()).toHaveLength(1);
    expect(await desk.writ(["stop", run])).toMatchObject({ code: 0, err: [] });
    expect(desk.leftByPublishes()).toEqual([]);

    const next = await desk.killedAtPublish("before-publish", run);
    const [left = ""] = desk.leftByPublishes();
    rmSync(left);
    mkdirSync(left);
    const stopped = await desk.writ(["stop", next]);
    expect(stopped.code).toBe(3);
    expect(stopped.err.join(" ")).toContain("it is a folder");
    expect(stopped.err.join(" ")).toContain("can be removed by hand");
    expect(await stateOf(next)).toBe("cancelled");
    expect((await desk.writ(["audit", "verify"])).code).toBe(0);
  });

  test("is ended once where several stop it at the same moment, and each says how it ended", async () => {
    const run = await desk.killedInProcess();
    const told = await Promise.all([1, 2, 3].map(() => desk.writ(["stop", run])));
    for (const one of told) {
      expect(one, one.err.join("\n")).toMatchObject({
        code: 0,
        out: [`${run.slice(-8)}  cancelled`],
        err: [],
      });
    }
    expect(desk.ofRun(run, "run.ended")).toHaveLength(1);
    expect((await desk.writ(["audit", "verify"])).code).toBe(0);
  });

  test("that two resume at the same moment goes on once, and whoever comes second is only told that", async () => {
    const run = await desk.killedInProcess();
    const told = await Promise.all(
      [1, 2].map(() => desk.writ(["run", "--resume", run], { answers: ["yes"] })),
    );
    const [winner, loser] = told.toSorted((left, right) => left.code - right.code);
    expect(winner?.code, winner?.err.join("\n")).toBe(0);
    expect(loser?.code, loser?.err.join("\n")).toBe(2);
    expect(loser?.out).toEqual([]);
    expect(loser?.err.filter((line) => line.startsWith("writ: "))).toHaveLength(1);
    expect(desk.ofRun(run, "run.ended")).toHaveLength(1);
  });

  test("is ended for good by the workspace's host where one is there", async () => {
    const run = await desk.killedInProcess();
    const other = await desk.writ([...RUN, "--detach", "--consent", desk.consent]);
    expect(other.code, other.err.join("\n")).toBe(0);
    await givesUp(run, "protocol");
    expect((await desk.writ(["stop", other.out[0] ?? ""])).code).toBe(0);
    expect((await desk.writ(["audit", "verify"])).code).toBe(0);
  });

  test("whose files are gone does not begin to go on, goes on once they are back, or is ended", async () => {
    const run = await desk.killedInProcess();
    const stored = artefacts();
    expect(stored.files).not.toEqual([]);
    stored.away();
    for (const more of [[], ["--detach"]]) {
      const refused = await desk.writ(["run", "--resume", run, ...more]);
      expect(refused.code, refused.err.join("\n")).toBe(1);
      expect(refused.err.join("\n")).toMatch(/files .* not there any more/);
      expect(refused.err.join("\n")).toContain(`writ stop ${run.slice(-8)}`);
    }
    expect(desk.ofRun(run, "run.resumed")).toEqual([]);
    expect(await stateOf(run)).toBe("interrupted");
    await killHosts(desk.workspace);
    stored.back();
    const resumed = await desk.writ(["run", "--resume", run], { answers: ["yes"] });
    expect(resumed.code, resumed.err.join("\n")).toBe(0);
  });

  test("whose content was erased says so in `ps`, is refused, and can be ended", async () => {
    const run = await desk.killedInProcess();
    const scope = desk.ofRun(run, "run.started")[0]?.content[0]?.scope ?? "";
    rmSync(desk.stateFile(`scope.${scope}`));
    const listed = await desk.writ(["ps"]);
    expect(listed.out.join("\n")).toContain(`${run.slice(-8)}  interrupted, erased`);
    const hint = listed.err.join("\n");
    expect(hint).not.toContain("--resume");
    expect(hint).toContain("cannot go on");
    expect(hint).toContain(`writ stop ${run.slice(-8)}`);
    expect((await desk.writ(["ps", "--json"])).events()).toMatchObject([
      { run, state: "interrupted", resumable: false },
    ]);
    for (const more of [[], ["--detach"]]) {
      const refused = await desk.writ(["run", "--resume", run, ...more]);
      expect(refused.code, refused.err.join("\n")).toBe(1);
      expect(refused.err.join("\n")).toContain("erased");
      expect(refused.err.join("\n")).toContain(`writ stop ${run.slice(-8)}`);
    }
    await killHosts(desk.workspace);
    await givesUp(run, "terminal");
    // Its key did not come back as another one.
    expect(readdirSync(join(desk.state, "keys")).join("\n")).not.toContain(scope);
  });

  test("in a log that was changed is not offered what would be refused", async () => {
    const run = await desk.killedInProcess();
    const lines = desk.stateFile("000001.jsonl");
    writeFileSync(lines, readFileSync(lines, "utf8").replace('"model":"scripted:', '"model":"scripted;'));
    expect((await desk.writ(["stop", run])).code).toBe(3);
    const listed = await desk.writ(["ps"]);
    expect(listed.code).toBe(0);
    expect(listed.out.join("\n")).toContain(`${run.slice(-8)}  interrupted, damaged`);
    const hint = listed.err.join("\n");
    expect(hint).toContain("writ audit verify");
    expect(hint).not.toMatch(/writ stop|--resume/);
    expect((await desk.writ(["ps", "--json"])).events()).toMatchObject([{ run, resumable: false }]);
    expect((await desk.writ(["audit", "verify"])).code).toBe(1);
  });

  test("without the script of its model is a mistake of usage, here and in a host", async () => {
    const run = await desk.killedInProcess();
    rmSync(join(desk.workspace, "model.json"));
    for (const more of [[], ["--detach"]]) {
      const refused = await desk.writ(["run", "--resume", run, ...more]);
      expect(refused.code, refused.err.join("\n")).toBe(2);
      expect(refused.err.join("\n")).toContain("`model.json`");
    }
  });

  test("does not go on with a script that began otherwise than the run had it", async () => {
    const run = await desk.killedInProcess();
    desk.model([{ ...TURNS[0], text: "Something else." }, ...TURNS.slice(1)]);
    for (const more of [[], ["--detach"]]) {
      const refused = await desk.writ(["run", "--resume", run, ...more]);
      expect(refused.code, refused.err.join("\n")).toBe(1);
      expect(refused.err.join("\n")).toContain("turn 1 is not what the run was told");
    }
    expect(desk.ofRun(run, "run.resumed")).toEqual([]);
    expect(await stateOf(run)).toBe("interrupted");
  });
});
