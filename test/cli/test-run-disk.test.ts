/*
 * A disk that is full in the midst of a run of tests: the kernel refuses the ledger, nothing more is sent, and
 * what was found until then is said, with what of it is on record.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import type { ApiRunReport } from "#protocol/api-test-report.ts";
import { recorded, serve, verified } from "#test/host/tests/rig.ts";
import { mountSmallDisk } from "#test/kit/small-disk.ts";

import { startWrit, type WritOptions } from "./writ-process.ts";

/** One case of the first operation; some hundred of the second, whose records are more than a page of a disk. */
const DOCUMENT = {
  openapi: "3.1.0",
  paths: {
    "/early": { get: { responses: { "200": { description: "" } } } },
    "/late": {
      get: {
        parameters: Array.from({ length: 30 }, (_, index) => ({
          name: `q${index}`,
          in: "query",
          schema: { type: "integer", minimum: 3, maximum: 9 },
        })),
        responses: { "200": { description: "" } },
      },
    },
  },
};

const disk = mountSmallDisk(1024);
afterAll(() => disk?.dispose());

let folder: string;
let state: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "writ-full-"));
  mkdirSync(join(folder, "policies"));
  writeFileSync(join(folder, "api.json"), JSON.stringify(DOCUMENT));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  state = join(folder, "state");
  rmSync(state, { recursive: true, force: true });
});

/** Runs the tests against a server that breaks down at everything. */
const runTests = async (
  words: readonly string[],
  options: WritOptions = {},
  onLate: () => void = () => undefined,
) => {
  let isLate = false;
  const server = await serve((request, response) => {
    if (!isLate && request.url?.startsWith("/late") === true) {
      isLate = true;
      onLate();
    }
    response.writeHead(500).end();
  });
  const line = ["test", "run", "api.json", "--origin", server.origin, ...words];
  const run = startWrit({ folder, state }, line, options);
  const [code] = await run.ended;
  await server.close();
  return { code, out: run.out(), err: run.err(), seen: server.seen };
};

/** Which requests the ledger has of its newest run, and how that run ended there. */
const onRecord = async () => {
  const entries = await recorded({ folder, state });
  const run = entries.findLast(({ entry }) => entry.type === "tests.started")?.entry.run?.id;
  const ofRun = entries.filter(({ entry }) => entry.run?.id === run);
  const records = ofRun
    .filter(({ entry }) => entry.type === "batch.recorded")
    .flatMap(({ content }) => content["records"] as readonly { readonly path: string }[]);
  return {
    run,
    requests: records.length,
    paths: records.map(({ path }) => path),
    end: ofRun.at(-1)?.entry.type,
  };
};

describe.runIf(disk !== undefined)("a file system without room", () => {
  beforeEach(() => {
    state = join(disk?.folder ?? "", "state");
  });

  test("ends the run with what was found, and the next run takes the ledger up", async () => {
    const full = await runTests([], {}, () => disk?.fill());
    expect(full.code, full.err).toBe(3);
    expect(full.err).toMatch(/^writ: no space is left to write `\S+` \(ENOSPC\)\n {2}free some space/m);
    expect(full.err.replaceAll(/\n +/g, " ")).toContain(
      "how this run ended is not on record; the next run will",
    );

    expect(full.out).toContain("failure server-error api.json:");
    expect(full.out).toMatch(/^2 failures so far$/m);
    const text = full.out.replaceAll(/\n +/g, " ");
    const [early = "", late = ""] = text.split("\n").filter((line) => line.startsWith("failure "));
    expect(early).not.toContain("is not on record");
    const { run, requests, paths } = await onRecord();
    // A disk that is slow may take the first few before it is full.
    expect(late.includes("is not on record")).toBe(!paths.includes("/late"));
    const [, shown, sent] = /(\d+) of (\d+) requests are known to be on record/.exec(text) ?? [];
    // Those that were cut short may never have arrived.
    expect(full.seen.length).toBeLessThanOrEqual(Number(sent));
    expect(requests).toBe(Number(shown));
    expect(Number(shown)).toBeGreaterThan(0);
    expect(Number(shown)).toBeLessThan(Number(sent));
    const [, id] = /^`writ audit show ([0-9a-f-]{36})` shows what is on record$/m.exec(full.out) ?? [];
    expect(run).toBe(id);

    disk?.free();
    const again = await runTests([]);
    expect(again.code, again.err).toBe(1);
    expect(again.err + again.out).toContain("was interrupted before it ended");
    expect(again.out).toMatch(/^2 failures$/m);
    expect(await onRecord()).toMatchObject({ end: "tests.ended" });
    expect((await verified({ folder, state })).faultsTotal).toBe(0);
  });

  test("that the report should go to is said, and the run is on record", async () => {
    state = join(folder, "state");
    const report = join(disk?.folder ?? "", "report.json");
    const said = await runTests(["--json"], { shell: `exec "$@" > '${report}'` }, () => disk?.fill());
    disk?.free();
    rmSync(report);
    expect(said).toMatchObject({ code: 1, err: "writ: standard output cannot be written (ENOSPC)\n" });
    expect(await onRecord()).toMatchObject({ end: "tests.ended" });
  });
});

test("a ledger whose anchor cannot be written ends the run the same way", async () => {
  const anchors = join(folder, "state", "anchors");
  const said = await runTests([], {}, () => {
    renameSync(anchors, `${anchors}-moved`);
    writeFileSync(anchors, "mine");
  });
  // The last anchor is written behind the end of the run, so that this may be on record.
  expect(said.code, said.err).toBe(3);
  expect(said.err).toMatch(/^writ: .*`\S+\/anchors\/\S+` .*\(E[A-Z]+\)\n {2}\S/m);
  expect(said.out).toMatch(/^2 failures( so far)?$/m);

  rmSync(anchors);
  renameSync(`${anchors}-moved`, anchors);
  expect((await runTests([])).code).toBe(1);
  expect((await verified({ folder, state })).faultsTotal).toBe(0);
});

test("files that may not grow end the run with one document of what was found", async () => {
  const full = await runTests(["--json"], { shell: `trap '' XFSZ; ulimit -f 40; exec "$@"` });
  expect(full.code, full.err).toBe(3);
  const fault = {
    code: "LEDGER_DISK_FULL",
    message: expect.stringMatching(/^no space is left to write `\S+` \(EFBIG\)$/) as string,
    help: expect.stringContaining("free some space") as string,
  };
  expect(
    full.err
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toMatchObject([{ fault }]);
  const report = JSON.parse(full.out) as ApiRunReport & { readonly run: string };
  expect(report).toMatchObject({
    fault,
    ended: "unrecorded",
    failures: [
      {
        check: "server-error",
        place: { pointer: expect.stringContaining("early") as string },
        recorded: true,
      },
      { check: "server-error", place: { pointer: expect.stringContaining("late") as string } },
    ],
  });
  const { run, requests } = await onRecord();
  expect([report.run, report.requestsRecorded]).toEqual([run, requests]);
  expect(report.requestsRecorded).toBeLessThan(report.requests);
});
