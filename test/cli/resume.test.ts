import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { hostsOf, killHosts } from "#test/kit/hosts.ts";
import { verifies } from "#test/kit/verifies.ts";
import type { DeskOptions, Said } from "#test/spine/desk.ts";

import type { NotesDesk } from "./notes-desk.ts";
import { AGENT, createNotesDesk, FILE, NOTES, RUN, TEXT, TURNS, WAIT } from "./notes-desk.ts";

/*
 * Runs that are killed for real, as `kill -9` does it, in a host or in a terminal's own process, and
 * go on by `writ run --resume`.
 */

let desk: NotesDesk;

const resume = (run: string, options: DeskOptions = {}, ...more: readonly string[]): Promise<Said> =>
  desk.writ(["run", "--resume", run.slice(-8), ...more], options);

const verified = async (): Promise<void> => expect((await desk.writ(["audit", "verify"])).code).toBe(0);

beforeEach(async () => {
  desk = await createNotesDesk();
});
afterEach(async () => {
  await killHosts(desk.workspace);
  desk.dispose();
});

/** Where the lines of the log lie that a run stands in. */
const linesOf = (run: string): string => {
  const log = desk.ofRun(run, "run.started")[0]?.log ?? "";
  return desk.stateFile(join(log, "000001.jsonl"));
};

const publishes = (run: string) =>
  desk.ofRun(run, "action.intended").filter((one) => one.public["tool"] === "publish_file");

describe("a run that was killed in a terminal's own process", { timeout: 180_000 }, () => {
  test("is listed with the command that goes on with it, and that completes it as it began, or not at all", async () => {
    verifies("agent.beyond.resume");
    const run = await desk.killedInProcess();
    const listed = await desk.writ(["ps"]);
    expect(listed.out.join("\n")).toMatch(new RegExp(`^${run.slice(-8)}  interrupted`, "m"));
    expect(listed.err.join(" ")).toContain(`writ run --resume ${run.slice(-8)}`);

    const refusedWith = async (told: string): Promise<void> => {
      const said = await resume(run, { answers: ["yes"] });
      expect(said.code).toBe(1);
      expect(said.err.join(" ")).toContain(told);
      expect(desk.ofRun(run, "run.resumed")).toEqual([]);
    };
    desk.write(FILE, `${AGENT}\n// another\n`);
    await refusedWith("changed since the run began");
    rmSync(join(desk.workspace, FILE));
    await refusedWith("not there any more");
    desk.write(FILE, AGENT);
    const policy = desk.write(
      "policies/more.cedar",
      'forbid (principal, action == Action::"delegate", resource);',
    );
    await refusedWith("the policies");
    rmSync(policy);
    // Sealed content that going on would not even read.
    const content = desk.stateFile(".content");
    const bytes = readFileSync(content);
    writeFileSync(content, Buffer.concat([Buffer.from([(bytes[0] ?? 0) ^ 1]), bytes.subarray(1)]));
    await refusedWith("is not as it was written");
    const { length } = bytes;
    writeFileSync(content, Buffer.concat([bytes, readFileSync(content).subarray(length)]));

    const said = await resume(run, { answers: ["yes"] });
    expect(said.code, said.err.join("\n")).toBe(0);
    expect(desk.read(NOTES)).toBe(TEXT);
    expect(said.out.join("\n")).toContain("Done.");
    // Nothing that was on record was done again.
    const intents = desk.ofRun(run, "action.intended").map((one) => one.public["tool"]);
    expect(intents.filter((tool) => tool !== null)).toEqual(["write_file", "publish_file", "read_file"]);
    expect(desk.ofRun(run, "run.interrupted")).toHaveLength(1);
    expect(desk.ofRun(run, "model.failed").map((one) => one.public["code"])).toEqual(["HOST_DIED"]);
    expect(desk.ofRun(run, "sandbox.recreated").map((one) => one.public["lost"])).toEqual(["processes"]);
    expect(desk.ofRun(run, "run.ended").map((one) => one.public["outcome"])).toEqual(["completed"]);
    const seqs = desk.entries().flatMap((one) => (one.run?.id === run ? [one.run.seq] : []));
    expect(seqs).toEqual(seqs.map((_, index) => index));
    await verified();

    const again = await resume(run);
    expect(again.code).toBe(2);
    expect(again.err.join("\n")).toContain("the run is over");
  });

  test("asks whether a publish happened that nobody saw the end of, and does it again only where it did not", async () => {
    verifies("gate.beyond.unknown-effects");
    const run = await desk.killedAtPublish("before-publish");
    expect(desk.leftByPublishes()).toHaveLength(1);
    const nobody = await resume(run);
    expect(nobody.code).toBe(2);
    expect(nobody.err.join("\n")).toContain("--absent");
    expect(desk.ofRun(run, "run.resumed")).toEqual([]);

    const said = await resume(run, { answers: ["what?", "absent"] });
    expect(said.code, said.err.join("\n")).toBe(0);
    expect(said.err.join("\n")).toContain(NOTES);
    expect(desk.read(NOTES)).toBe(TEXT);
    expect(desk.ofRun(run, "person.intervened").map((one) => one.public)).toEqual([
      expect.objectContaining({ act: "EFFECT_ABSENT", surface: "terminal" }),
    ]);
    expect(publishes(run)).toHaveLength(2);
    expect(desk.leftByPublishes()).toEqual([]);
    await verified();
  });

  test("says so where something stands in the place of what its publish left", async () => {
    const run = await desk.killedAtPublish("before-publish");
    const lost = publishes(run)[0]?.public["callId"] as string;
    const [left = ""] = desk.leftByPublishes();
    rmSync(left);
    mkdirSync(left);
    const said = await resume(run, {}, "--absent", lost);
    expect(said.code, said.err.join("\n")).toBe(0);
    const told = said.out.join(" ").replace(/\s+/g, " ");
    expect(told).toContain(`interrupted publish of \`${NOTES}\` left beside it could not be removed`);
    expect(told).toContain("it is a folder");
    expect(desk.read(NOTES)).toBe(TEXT);
    expect(desk.leftByPublishes()).toEqual([left]);
  });

  test("takes what became of a publish from the command line, for programs too", async () => {
    const run = await desk.killedAtPublish("after-publish");
    const lost = publishes(run)[0]?.public["callId"] as string;
    for (const how of [[], ["--detach"]]) {
      const nobody = await resume(run, {}, "--json", ...how);
      expect(nobody).toMatchObject({ code: 2, out: [] });
      expect(nobody.err).toHaveLength(1);
      expect(JSON.parse(nobody.err[0] ?? "")).toMatchObject({
        fault: { code: "CLI_EFFECT_UNKNOWN", help: expect.stringContaining(lost.slice(-8)) },
      });
      await killHosts(desk.workspace);
    }
    const said = await resume(run, {}, "--happened", lost.slice(-8), "--json");
    expect(said.code, said.err.join("\n")).toBe(0);
    const entries = said.events().filter(({ durability }) => durability === "entry");
    expect(entries.map(({ type }) => type)).toEqual(expect.arrayContaining(["run.resumed", "run.ended"]));
    expect(entries.map(({ type }) => type)).not.toContain("run.started");
    expect(desk.ofRun(run, "person.intervened").map((one) => one.public)).toEqual([
      expect.objectContaining({ act: "EFFECT_HAPPENED", target: lost, surface: "flag" }),
    ]);
    expect(publishes(run)).toHaveLength(1);
    expect(desk.read(NOTES)).toBe(TEXT);
  });
});

test("a run goes on whose log ends in half a line, as a writer leaves it that a signal or a full disk stops in the midst of it", async () => {
  const run = await desk.killedInProcess(async () => {
    // Who writes beside it begins a log, which is the one that the next writer takes up.
    expect((await desk.writ([...RUN, "--consent", desk.consent], { answers: ["yes"] })).code).toBe(0);
  });
  appendFileSync(linesOf(run), '{"half":"a li');
  expect((await desk.writ(["audit", "verify"])).code).toBe(1);

  rmSync(join(desk.workspace, NOTES));
  const said = await resume(run, { answers: ["yes"] });
  expect(said.code, said.err.join("\n")).toBe(0);
  expect(desk.read(NOTES)).toBe(TEXT);
  await verified();
}, 180_000);

test("a host that cannot start says why where it was asked for", async () => {
  const run = await desk.killedInProcess();
  // So much that what is signed is gone too, and not only a line that was being written.
  truncateSync(linesOf(run), Math.floor(statSync(linesOf(run)).size / 2));
  const said = await resume(run, {}, "--detach");
  expect(said.code).toBe(3);
  expect(said.err[0]).toMatch(/host did not start: the log \S+ is not as this user's key left it/);
  expect(said.err[1]).toContain("writ audit verify");
}, 180_000);

describe("a run whose host was killed", { timeout: 180_000 }, () => {
  test("goes on in a terminal: a question that waited is asked again", async () => {
    const detached = await desk.writ([...RUN, "--detach", "--consent", desk.consent]);
    expect(detached.code, detached.err.join("\n")).toBe(0);
    const run = detached.out[0] ?? "";
    await desk.reached("approval.asked");
    await killHosts(desk.workspace);
    expect(hostsOf(desk.workspace)).toEqual([]);

    const said = await resume(run, { answers: ["yes"] });
    expect(said.code, said.err.join("\n")).toBe(0);
    expect(desk.read(NOTES)).toBe(TEXT);
    const answers = desk.ofRun(run, "approval.answered").map((one) => one.public["answer"]);
    expect(answers).toEqual(["expired", "approved"]);
    await verified();
  });
});

describe("a host", { timeout: 180_000 }, () => {
  const stateOf = async (run: string): Promise<unknown> =>
    (await desk.writ(["ps", "--all", "--json"])).events().find((one) => one["run"] === run)?.["state"];

  test("goes on with a run of a host that was killed, and the run ends as it would have", async () => {
    desk.model([TURNS[0], { ...TURNS[3], delayMs: 600_000 }]);
    const detached = await desk.writ([...RUN, "--detach", "--consent", desk.consent]);
    expect(detached.code, detached.err.join("\n")).toBe(0);
    const run = detached.out[0] ?? "";
    await desk.reached("model.requested", 2);
    await killHosts(desk.workspace);
    desk.model([TURNS[0], TURNS[3]]);
    desk.write(FILE, AGENT);

    const resumed = await desk.writ(["run", "--resume", run, "--detach", "--json"]);
    expect(resumed.code, resumed.err.join("\n")).toBe(0);
    expect(resumed.events()).toEqual([{ run }]);
    // Its changed file is proposed at the end, and that needs a person.
    await vi.waitFor(async () => expect(await stateOf(run)).toBe("waiting-for-person"), WAIT);
    const [asked] = (await desk.writ(["approvals", "list", "--json"])).events();
    const { approval, fingerprint } = asked as { approval: string; fingerprint: string };
    await desk.writ(["approvals", "answer", approval, "--fingerprint", fingerprint, "approve"]);
    await vi.waitFor(async () => expect(await stateOf(run)).toBe("completed"), WAIT);
    expect(desk.read(NOTES)).toBe(TEXT);
    expect((await desk.writ(["run", "--resume", run, "--detach"])).code).toBe(2);
    await verified();
  });

  test("goes on with a run of another process, and keeps it waiting for a person's word", async () => {
    const held = await desk.writ([...RUN, "--detach", "--consent", desk.consent]);
    expect(held.code, held.err.join("\n")).toBe(0);
    await desk.reached("approval.asked");
    const run = await desk.killedAtPublish("after-publish", held.out[0] ?? "");

    const nobody = await desk.writ(["run", "--resume", run, "--detach"]);
    expect(nobody.code).toBe(2);
    expect(nobody.err.join(" ")).toContain("waits in its host");
    expect(await stateOf(run)).toBe("waiting-for-person");
    expect(desk.ofRun(run, "run.interrupted").map((one) => one.public["found"])).toEqual(["host-gone"]);

    const lost = publishes(run)[0]?.public["callId"] as string;
    const said = await resume(run, {}, "--detach", "--happened", lost.slice(-8));
    expect(said.code, said.err.join("\n")).toBe(0);
    await vi.waitFor(async () => expect(await stateOf(run)).toBe("completed"), WAIT);
    expect(publishes(run)).toHaveLength(1);
    // The log that the run began in is taken up again: there is nothing more to say of the run there.
    expect((await desk.writ(["stop", (held.out[0] ?? "").slice(-8)])).code).toBe(0);
    await killHosts(desk.workspace);
    expect((await desk.writ([...RUN, "--consent", "0".repeat(12)])).code).toBe(1);
    expect(desk.ofRun(run, "run.interrupted")).toHaveLength(1);
    await verified();
  });
});

test("what is no run, or no ending of an id, is a mistake of usage", async () => {
  expect((await desk.writ(["run", "--resume", "ffffffffffff"])).code).toBe(2);
  expect((await desk.writ(["run", "--resume", "x"])).code).toBe(2);
  expect((await desk.writ(["run", "--resume", "ffffffffffff", FILE])).code).toBe(2);
  expect((await desk.writ(["run", "--resume", "ffffffffffff", "--model", "scripted:model.json"])).code).toBe(
    2,
  );
  expect((await desk.writ([...RUN, "--happened", "ffffffffffff"])).code).toBe(2);
});
