/*
 * Disks that are full, read-only, exposed or gone: one message that says what and what to do, exit
 * 3, no effect without its record, and a ledger that the next run takes up.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import type { JsonObject } from "#kernel/json.ts";
import { SOAK } from "#test/kit/cases.ts";
import { verifies } from "#test/kit/verifies.ts";

import { FILE, furnish, NEW_NOTES, OLD_NOTES, runLine, saying } from "./bad-days-agent.ts";
import { createProcessDesk, expectPlain } from "./bad-days-desk.ts";
import type { Ended, ProcessDesk, StartOptions } from "./bad-days-desk.ts";

const TEST_MS_MAX = 240_000;

let desk: ProcessDesk;
beforeAll(() => {
  desk = createProcessDesk();
});
afterAll(() => desk.dispose());
beforeEach(() => {
  desk.renew();
  furnish(desk);
});

const run = async (options?: StartOptions): Promise<Ended> => desk.writ(await runLine(desk), options);
const ofType = (type: string): readonly JsonObject[] => desk.entries().filter((one) => one["type"] === type);
const isPublishIntent = (one: JsonObject): boolean =>
  (one["public"] as JsonObject)["tool"] === "publish_file";

/** One message on standard error, with exit 3 and nothing that only a developer understands. */
const checkRefused = (ended: Ended, said: RegExp): void => {
  expectPlain(ended);
  expect(ended.code, ended.err).toBe(3);
  expect(ended.err).toMatch(said);
  expect(ended.err.match(/^writ: /gm)).toHaveLength(1);
};

describe("a disk without room", () => {
  /** A file of this process may have this many blocks of 512 bytes; what it gets beyond is EFBIG. */
  const withRoom = (blocks: number): StartOptions => ({
    shell: `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`,
  });

  test.each(SOAK ? [1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64] : [1, 16, 28, 40])(
    "of more than %i blocks in a file ends the run with what is on record, and the next goes on",
    { timeout: TEST_MS_MAX },
    async (blocks) => {
      verifies("ledger.complete");
      checkRefused(await run(withRoom(blocks)), /no space is left.*\(EFBIG\)\n {2}free some space/);
      if (desk.read("NOTES.md") !== OLD_NOTES) {
        expect(desk.read("NOTES.md")).toBe(NEW_NOTES);
        expect(ofType("action.intended").filter(isPublishIntent)).toHaveLength(1);
      }

      desk.write("NOTES.md", OLD_NOTES);
      expect((await run()).code).toBe(0);
      expect(await desk.ledgerFaults()).toEqual([]);
      const over = [...ofType("run.ended"), ...ofType("run.interrupted")];
      expect(over).toHaveLength(ofType("run.started").length);
    },
  );

  test("from the beginning is said to be that", { timeout: TEST_MS_MAX }, async () => {
    checkRefused(
      await run(withRoom(0)),
      /no space is left to write the state folder `\S+` \(EFBIG\)\n {2}free some space/,
    );
  });

  test("behind standard output is said, and the run is on record", { timeout: TEST_MS_MAX }, async () => {
    furnish(desk, [saying("done")]);
    const ended = await run({ shell: 'exec "$@" > /dev/full' });
    expect(ended).toMatchObject({ code: 3, err: "writ: standard output cannot be written (ENOSPC)\n" });
    expect(ofType("run.ended")).toMatchObject([{ public: { outcome: "completed" } }]);
    expect(await desk.writ(["--help"], { shell: 'exec "$@" > /dev/full' })).toMatchObject({ code: 3 });
  });
});

describe("a state folder", () => {
  test("that is a file", { timeout: TEST_MS_MAX }, async () => {
    writeFileSync(desk.state, "mine");
    checkRefused(await run(), /state folder .* cannot be written \(E\w+\)\n {2}make it writable/);
  });

  test("below a file", { timeout: TEST_MS_MAX }, async () => {
    writeFileSync(desk.state, "mine");
    const inside = { environment: { WRIT_STATE: join(desk.state, "below") } };
    checkRefused(await run(inside), /state folder .* cannot be written \(ENOTDIR\)/);
  });

  test.runIf(process.platform === "linux")(
    "below which nothing can ever be made",
    { timeout: TEST_MS_MAX },
    async () => {
      const inside = { environment: { WRIT_STATE: "/proc/x" } };
      checkRefused(await run(inside), /state folder `\/proc\/x` cannot be written \(ENOENT\)\n {2}make it/);
      const listed = await desk.writ(["audit", "list"], inside);
      expect(listed).toMatchObject({ code: 0, out: "Nothing has been recorded in this workspace yet.\n" });
    },
  );

  test.each([
    ["check", FILE],
    ["audit", "list"],
    ["audit", "verify"],
  ])("of a relative path is refused by `%s %s` and not made", { timeout: TEST_MS_MAX }, async (...line) => {
    const ended = await desk.writ(line, { environment: { WRIT_STATE: "relative/state" } });
    expectPlain(ended);
    expect(ended.code).toBe(2);
    expect(ended.err).toMatch(/^writ: WRIT_STATE is a relative path.*\n {2}set it to/);
    expect(existsSync(join(desk.workspace, "relative"))).toBe(false);
  });

  test.each([
    ["check", FILE],
    ["audit", "list"],
    ["audit", "verify"],
    ["audit", "show", "123456"],
  ])("is not made by `%s %s`, which only reads", { timeout: TEST_MS_MAX }, async (...line) => {
    await desk.writ(line);
    expect(existsSync(desk.state)).toBe(false);
  });

  test("whose keys are gone", { timeout: TEST_MS_MAX }, async () => {
    furnish(desk, [saying("done")]);
    expect((await run()).code).toBe(0);
    rmSync(join(desk.state, "keys"), { recursive: true });
    checkRefused(
      await run(),
      /the key of the workspace is gone, and the log \S+ was certified by it\n {2}put/,
    );
    expect(ofType("run.started")).toHaveLength(1);
  });

  test("whose consents are a file", { timeout: TEST_MS_MAX }, async () => {
    mkdirSync(desk.state, { mode: 0o700 });
    writeFileSync(join(desk.state, "consents"), "mine");
    checkRefused(await run(), /consents\S+ cannot be read \(ENOTDIR\)\n {2}something that is no folder/);
  });

  test("that may not be written", { timeout: TEST_MS_MAX }, async () => {
    mkdirSync(desk.state, { mode: 0o555 });
    desk.giveAway(desk.state);
    checkRefused(await run({ asNobody: true }), /state folder .* cannot be written \(EACCES\)/);
  });

  test("whose ledger may not be written any more", { timeout: TEST_MS_MAX }, async () => {
    furnish(desk, [saying("done")]);
    mkdirSync(desk.state);
    desk.giveAway(desk.state);
    expect((await run({ asNobody: true })).code).toBe(0);
    const before = desk.entries().length;
    for (const name of readdirSync(join(desk.state, "ledgers"), { recursive: true, encoding: "utf8" })) {
      chmodSync(join(desk.state, "ledgers", name), /\.(?:jsonl|content|lock)$/.test(name) ? 0o444 : 0o555);
    }
    checkRefused(await run({ asNobody: true }), /cannot be (?:written|taken)/);
    expect(desk.entries()).toHaveLength(before);
  });

  test.each([
    ["keys", 0o755, /keys` is open to others, so its secrets count as known\n {2}if nobody else/],
    ["consents", 0o777, /consents.*` is not a folder that only this user can write\n {2}remove it/],
  ])("whose %s are open to others", { timeout: TEST_MS_MAX }, async (name, mode, said) => {
    furnish(desk, [saying("done")]);
    expect((await run()).code).toBe(0);
    const inner = readdirSync(join(desk.state, name)).find((one) => !one.includes("."));
    chmodSync(name === "keys" ? join(desk.state, name) : join(desk.state, name, inner ?? ""), mode);
    checkRefused(await run(), said);
    expect(ofType("run.started")).toHaveLength(1);
  });

  test("with a key that others can read", { timeout: TEST_MS_MAX }, async () => {
    furnish(desk, [saying("done")]);
    expect((await run()).code).toBe(0);
    for (const key of readdirSync(join(desk.state, "keys"))) chmodSync(join(desk.state, "keys", key), 0o644);
    checkRefused(await run(), /is open to others, so its secrets count as known/);
  });

  test("that is moved away during a run", { timeout: TEST_MS_MAX }, async () => {
    furnish(desk, [{ ...saying("late"), delayMs: 500 }]);
    const ended = await desk.start([...(await runLine(desk)), "--json"], {
      onLine: (line) => {
        if (line.includes('"model.requested"')) renameSync(desk.state, `${desk.state}-moved`);
      },
    }).ended;
    expectPlain(ended);
    rmSync(`${desk.state}-moved`, { recursive: true });
    rmSync(desk.state, { recursive: true, force: true });
    furnish(desk, [saying("done")]);
    expect((await run()).code).toBe(0);
  });

  test("--dir that is a file", { timeout: TEST_MS_MAX }, async () => {
    desk.write("ledger", "mine");
    checkRefused(
      await desk.writ(await runLine(desk, "--dir", "ledger")),
      /`\S+ledger\S*` cannot be (?:read|written) \(E\w+\)|writing `\S+ledger\S*` failed/,
    );
  });
});

describe("a workspace that may not be written", () => {
  test("keeps its file, and the run says so and goes on", { timeout: TEST_MS_MAX }, async () => {
    mkdirSync(desk.state);
    desk.giveAway(desk.state);
    chmodSync(desk.workspace, 0o555);
    const ended = await run({ asNobody: true });
    chmodSync(desk.workspace, 0o755);
    expectPlain(ended);
    expect(ended.code, ended.err).toBe(0);
    expect(ended.out).toMatch(/Failed: .* \(EACCES\)/);
    expect(desk.read("NOTES.md")).toBe(OLD_NOTES);
    expect(readdirSync(desk.workspace).filter((name) => name.startsWith(".writ-"))).toEqual([]);
  });

  test("its agent file may not be read", { timeout: TEST_MS_MAX }, async () => {
    chmodSync(join(desk.workspace, FILE), 0o000);
    const ended = await desk.writ(["check", FILE], { asNobody: true });
    expect(ended).toMatchObject({ code: 2, out: "" });
    expect(ended.err).toMatch(/cannot be read \(EACCES\)/);
  });
});
