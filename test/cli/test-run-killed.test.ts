import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { ordersFolder, withOrders } from "#test/apitest/orders-server.ts";
import { recorded, serve, verified } from "#test/host/tests/rig.ts";

import { startWrit } from "./writ-process.ts";

const STUCK_DISK = new URL("stuck-disk.ts", import.meta.url);

let folder: string;
let state: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "writ-killed-"));
  state = join(folder, "state");
  mkdirSync(join(folder, "policies"));
  cpSync(join(ordersFolder, "openapi.yaml"), join(folder, "openapi.yaml"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `writ test run` in a process of its own. */
const writ = (origin: string, ...more: readonly string[]) =>
  started("test", "run", "openapi.yaml", "--origin", origin, ...more);

const started = (...words: readonly string[]) => startWrit({ folder, state }, words);

test("a run that was killed between its requests is on record as interrupted, and the ledger goes on", async () => {
  let arrived: () => void = () => undefined;
  const some = new Promise<void>((resolve) => (arrived = resolve));
  let count = 0;
  const server = await serve((_, response) => {
    count += 1;
    if (count === 5) arrived();
    setTimeout(() => response.writeHead(200).end(), 20);
  });
  const killed = writ(server.origin);
  await some;
  killed.child.kill("SIGKILL");
  await killed.ended;
  await server.close();

  const listed = started("ps", "--all");
  await listed.ended;
  expect(listed.text()).toMatch(/^[0-9a-f]{8} {2}interrupted .* tests of openapi\.yaml\n$/);

  const again = await withOrders(undefined, async (origin) => {
    const second = writ(origin);
    const [code] = await second.ended;
    return { code, text: second.text() };
  });
  expect(again.text).toContain("was interrupted before it ended");
  // Tests are begun anew: nothing goes on with them.
  expect(again.text).toMatch(/`writ audit show [0-9a-f]{8}` shows which tests it sent/);
  expect(again.text).not.toContain("--resume");
  expect(again.text).toContain("nothing contradicts the document");
  expect(again.code).toBe(0);

  const at = { folder, state };
  const entries = (await recorded(at)).map(({ entry }) => entry);
  const [first, second] = entries.filter(({ type }) => type === "tests.started");
  const ofFirst = entries.filter(({ run }) => run?.id === first?.run?.id).map(({ type }) => type);
  // What it was about to do was on record before the first request.
  expect(ofFirst.slice(0, 3)).toEqual(["tests.started", "action.decided", "action.intended"]);
  expect(ofFirst.at(-1)).toBe("run.interrupted");
  expect(ofFirst).not.toContain("tests.ended");
  const ofSecond = entries.filter(({ run }) => run?.id === second?.run?.id).map(({ type }) => type);
  expect(ofSecond.at(-1)).toBe("tests.ended");
  expect((await verified(at)).faultsTotal).toBe(0);
});

/** A server that breaks down at first and then never answers again. */
const silentAfter = async (answers: number) => {
  const silent = Promise.withResolvers<void>();
  let count = 0;
  const server = await serve((_, response) => {
    count += 1;
    if (count <= answers) response.writeHead(500).end();
    else silent.resolve();
  });
  return { ...server, silent: silent.promise };
};

describe("a run that is interrupted", () => {
  test("by Ctrl-C says what it found, what is missing and where it is recorded", async () => {
    const server = await silentAfter(3);
    const run = writ(server.origin);
    await server.silent;
    run.child.kill("SIGINT");
    const [code] = await run.ended;
    await server.close();
    expect(code).toBe(130);
    const out = run.out();
    expect(out).toContain("failure server-error openapi.yaml:");
    expect(out).toMatch(new RegExp(`^ {2}curl .*'${server.origin}/`, "m"));
    const [, planned, requests] = /^3 of (\d+) cases, (\d+) requests, seed 1$/m.exec(out) ?? [];
    expect(out).toContain(
      `\ninterrupted by Ctrl-C (SIGINT): ${Number(planned) - 3} cases were not sent, or not answered yet\n`,
    );
    expect(out).toMatch(/^\d+ failures? so far$/m);
    const [, shown] = /^`writ audit show ([0-9a-f-]{36})` shows what was decided$/m.exec(out) ?? [];
    const ofRun = (await recorded({ folder, state })).filter(({ entry }) => entry.run?.id === shown);
    expect(ofRun.at(-1)).toMatchObject({
      entry: { type: "tests.ended", public: { outcome: "cancelled", cases: 3, requests: Number(requests) } },
      content: { explanation: "ended by Ctrl-C (SIGINT)" },
    });
    // What was let out and had no connection yet never arrived.
    expect(server.seen.length).toBeLessThanOrEqual(Number(requests));
  });

  test("by a terminal that is closed says so in a sentence", async () => {
    const server = await silentAfter(3);
    const run = writ(server.origin);
    await server.silent;
    run.child.kill("SIGHUP");
    const [code] = await run.ended;
    await server.close();
    expect(code).toBe(130);
    expect(run.out().replaceAll(/\n +/g, " ")).toContain(
      "\ninterrupted by the closing of its terminal (SIGHUP or the end of its input): ",
    );
  });

  test("by a second Ctrl-C ends at once, whatever it waits for, and is listed as interrupted", async () => {
    const server = await silentAfter(3);
    const line = ["test", "run", "openapi.yaml", "--origin", server.origin];
    const run = startWrit({ folder, state }, line, { flags: ["--import", STUCK_DISK.href] });
    await server.silent;
    const stuck = run.says("the disk is stuck");
    run.child.kill("SIGINT");
    // Neither the server nor the disk answers: only the second one can end it.
    await stuck;
    run.child.kill("SIGINT");
    const ended = await run.ended;
    await server.close();
    expect(ended).toEqual([130, null]);
    expect(run.out()).toBe("");

    const entries = (await recorded({ folder, state })).map(({ entry }) => entry);
    const id = entries.findLast(({ type }) => type === "tests.started")?.run?.id ?? "";
    const listed = started("ps", "--all");
    await listed.ended;
    expect(listed.text()).toMatch(new RegExp(`^${id.slice(-8)} {2}interrupted .* tests of openapi`, "m"));
    // What was on its way to the disk may stand there; nobody vouches for it, and all before it is whole.
    const { logs } = await verified({ folder, state });
    const kinds = logs.flatMap(({ faults }) => faults.map(({ kind }) => kind));
    expect(kinds.filter((kind) => kind !== "torn" && kind !== "uncommitted")).toEqual([]);
  });

  test("by another program answers with the whole document, where that is asked for", async () => {
    const server = await silentAfter(3);
    const run = writ(server.origin, "--json");
    await server.silent;
    run.child.kill("SIGTERM");
    const [code] = await run.ended;
    await server.close();
    expect(code).toBe(130);
    expect(JSON.parse(run.out())).toMatchObject({
      v: 1,
      run: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      ended: "interrupted",
      casesSent: 3,
      failures: expect.arrayContaining([expect.objectContaining({ check: "server-error" })]) as unknown,
    });
  });
});
