import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { ScopeId } from "#kernel/ids.ts";
import { expectGolden } from "#test/kit/golden.ts";
import { verifies } from "#test/kit/verifies.ts";
import { linesOf, parse } from "#test/ledger/forge.ts";
import type { SampleLog } from "#test/ledger/sample-logs.ts";
import { sampleLogs } from "#test/ledger/sample-logs.ts";
import { createWorld, newEntry, RUN, START_WALL_MS, valueOf } from "#test/ledger/world.ts";
import { runAudit } from "./audit-rig.ts";

const samples = await sampleLogs();
const named = (name: string): SampleLog => {
  const found = samples.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no sample ${name}`);
  return found;
};
const content = named("content");
const golden = (name: string): URL => new URL(`./goldens/audit-${name}.txt`, import.meta.url);

/** A sample with a change to its files, which are put back afterwards. */
const tampered = async <T>(
  sample: SampleLog,
  file: string,
  change: (bytes: Uint8Array) => Uint8Array,
  look: () => Promise<T>,
): Promise<T> => {
  const files = sample.world.disk.image.get(sample.log);
  const before = files?.get(file) ?? new Uint8Array();
  files?.set(file, change(new Uint8Array(before)));
  try {
    return await look();
  } finally {
    files?.set(file, before);
  }
};

describe("writ audit list", () => {
  test("shows every entry but the commit records, a line each", async () => {
    const said = await runAudit(content.world, ["list"]);
    expect([said.code, said.err]).toEqual([0, ""]);
    expectGolden(golden("list"), said.out);
  });

  test.each([
    [0, "1970-01-01", "00:00:00.00"],
    [253_402_300_800_000, "+010000-01-01", "00:00:00.00"],
    [2 ** 48 - 1, "+010889-08-02", "05:31:50.65"],
  ])("a clock at %i is laid out like any other", async (wallMs, date, time) => {
    const world = createWorld();
    world.clock.moveWall(wallMs - START_WALL_MS - 1);
    const { ledger } = await world.open();
    await ledger.close();
    const lines = (await runAudit(world, ["list"])).out.split("\n");
    expect(lines[1]).toBe(date);
    expect(lines[2]).toContain(`    0  ${time}`);
  });

  test.each([40, 60, 80, 120, 200])("keeps to %i columns", async (columns) => {
    const said = await runAudit(content.world, ["list"], { columns });
    const entries = said.out.split("\n").filter((line) => /^ +[0-9]+ {2}/.test(line));
    expect(entries.length).toBeGreaterThan(5);
    for (const line of said.out.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
    for (const type of ["key.certified", "log.opened", "action.decided"]) expect(said.out).toContain(type);
  });

  test("--json has one line an entry, all of it, commit records too", async () => {
    const said = await runAudit(content.world, ["list", "--json"]);
    const entries = said.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { entry: unknown });
    expect(entries.map(({ entry }) => entry)).toEqual(linesOf(content.files).map(({ text }) => parse(text)));
  });

  test("--type and --run select, also by the last characters of an id", async () => {
    const types = async (...line: string[]): Promise<string[]> => {
      const said = await runAudit(named("plain").world, ["list", "--json", ...line]);
      return said.out
        .split("\n")
        .filter(Boolean)
        .map((one) => (JSON.parse(one) as { entry: { type: string } }).entry.type);
    };
    expect(await types("--type", "action.decided")).toEqual(["action.decided"]);
    expect(await types("--run", RUN)).toEqual(["run.started", "action.decided"]);
    expect(await types("--run", RUN.slice(-8))).toEqual(["run.started", "action.decided"]);
    expect(await types("--run", RUN, "--type", "run.started")).toEqual(["run.started"]);
    expect(await types("--type", "log.committed")).toHaveLength(4);
    expect(await types("--type", "no.such")).toEqual([]);
  });

  test("a log that another user's key certified is foreign", async () => {
    const said = await runAudit(named("plain").world, ["list"], { ownKey: "0".repeat(64) });
    expect(said.out).toMatch(
      /^log [0-9a-f-]+ {2}foreign\ncertified by [0-9a-f]{64}, which is not your key\n/,
    );
    const json = await runAudit(named("plain").world, ["list", "--json"], { ownKey: null });
    expect(json.out).toContain('"foreign":true');
  });

  test("a line that cannot be read is shown as that, and the rest goes on", async () => {
    const plain = named("plain");
    const spoil = (bytes: Uint8Array): Uint8Array => bytes.with(0, 0x7d);
    const said = await tampered(plain, "000001.jsonl", spoil, () => runAudit(plain.world, ["list"]));
    expect(said.out).toContain("    0  unreadable: the line is not JSON");
    expect(said.out).toContain("run.started");
    const json = await tampered(plain, "000001.jsonl", spoil, () =>
      runAudit(plain.world, ["list", "--json"]),
    );
    expect(JSON.parse(json.out.split("\n")[0] ?? "")).toMatchObject({
      index: 0,
      problem: expect.any(String),
    });
  });

  test("an empty ledger and a query without a match say so", async () => {
    const empty = await runAudit(createWorld(), ["list"]);
    expect([empty.code, empty.out]).toEqual([0, "Nothing has been recorded in /state/ledgers/here yet.\n"]);
    const none = await runAudit(content.world, ["list", "--type", "no.such"]);
    expect([none.code, none.out]).toEqual([
      0,
      "No entry of 1 log in /state/ledgers/here is of the type `no.such`, which this release does not know.\n",
    ]);
    const known = await runAudit(content.world, ["list", "--type", "key.revoked"]);
    expect([known.code, known.out]).toEqual([
      0,
      "No entry of 1 log in /state/ledgers/here is of the type `key.revoked`.\n",
    ]);
    const other = await runAudit(content.world, ["list", "--run", "000000"]);
    expect(other.out).toBe("No entry of 1 log in /state/ledgers/here is of this run.\n");
  });

  test.each([
    [["list", "name"], "takes no names"],
    [["list", "--run", "not-an-id!"], "a run's id is a UUID"],
    [["list", "--run", "abc"], "at least its last 6 characters"],
    [["list", "--dir", "/elsewhere"], "`/elsewhere` cannot be read"],
  ])("%j is a mistake of usage", async (line, message) => {
    const said = await runAudit(content.world, line);
    expect([said.code, said.out]).toEqual([2, ""]);
    expect(said.err).toContain(message);
  });

  test("a folder without a log that somebody named is a mistake, an empty ledger is not", async () => {
    for (const name of ["list", "verify"]) {
      const said = await runAudit(createWorld(), [name, "--dir", "/empty"]);
      expect([said.code, said.out]).toEqual([2, ""]);
      expect(said.err).toContain("there is no log in `/empty`\n  --dir takes the folder");
    }
  });

  test("stops when it is interrupted", async () => {
    const signal = AbortSignal.abort();
    await expect(runAudit(content.world, ["list"], { signal })).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("writ audit show", () => {
  const ids = Object.keys(content.plain);
  const [first = ""] = ids;
  const last = ids.at(-1) ?? "";

  test("an entry with its content and what signs it", async () => {
    const said = await runAudit(content.world, ["show", first, "--content"]);
    expect([said.code, said.err]).toEqual([0, ""]);
    expectGolden(golden("show-entry"), said.out);
  });

  test("a run in its own order, with what was erased", async () => {
    const said = await runAudit(content.world, ["show", RUN, "--content"]);
    expect([said.code, said.err]).toEqual([0, ""]);
    expectGolden(golden("show-run"), said.out);
  });

  test("without --content only names and sizes", async () => {
    const said = await runAudit(content.world, ["show", last.slice(-8)]);
    expect(said.out).toContain("result (23 bytes), explanation (22 bytes)");
    expect(said.out).not.toContain("stays");
  });

  test("--json holds entry, proof and content as they are", async () => {
    const said = await runAudit(content.world, ["show", last, "--content", "--json"]);
    expect(JSON.parse(said.out)).toMatchObject({
      entries: [
        {
          index: 9,
          entry: { id: last },
          proof: { index: 9, size: 10, leads: true, path: [expect.any(String), expect.any(String)] },
          content: { result: { state: "open", value: "stays" }, explanation: { state: "erased" } },
        },
      ],
    });
  });

  test("sealed bytes that were changed are damaged, not shown", async () => {
    const look = (): Promise<{ out: string }> => runAudit(content.world, ["show", first, "--content"]);
    const said = await tampered(
      content,
      "000001.content",
      (bytes) => bytes.with(3, (bytes[3] ?? 0) ^ 1),
      look,
    );
    expect(said.out).toContain("arguments  not what the entry committed to");
  });

  test("an entry whose line was changed is not covered by its commit", async () => {
    const plain = named("plain");
    const line = linesOf(plain.files).find(({ text }) => text.includes("run.started"));
    const id = parse(line?.text ?? "")["id"] as string;
    const change = (bytes: Uint8Array): Uint8Array =>
      new Uint8Array(Buffer.from(Buffer.from(bytes).toString().replace('"tier":"wasm"', '"tier":"none"')));
    const said = await tampered(plain, "000001.jsonl", change, () => runAudit(plain.world, ["show", id]));
    expect(said.out).toContain("does not cover it as it stands here");
  });

  test("what a model or a file put into content cannot move the cursor or hide", async () => {
    const world = createWorld(77);
    const { ledger } = await world.open();
    const scope = "018bcfe5-6802-7000-8000-000000000077" as ScopeId;
    valueOf(await ledger.openScope(scope));
    const value = "\u001b[2J\u202egone\u0007\n\u001b]0;title\u0007next";
    const entry = valueOf(
      await ledger.append(
        newEntry({
          principal: 'User::"\u001b[31m\u200b"',
          public: { note: "\u001b[1A" },
          content: [{ scope, name: "result", value }],
        }),
      ),
    );
    await ledger.close();
    for (const line of [["list"], ["show", entry.id, "--content"], ["show", RUN, "--content"], ["verify"]]) {
      const said = await runAudit(world, line);
      expect(said.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]/u);
    }
    expect((await runAudit(world, ["show", entry.id, "--content"])).out).toContain(
      "│ \\e[2J\\u{202e}gone\\u{7}",
    );
  });

  test.each([
    [["show"], "name one run or entry"],
    [["show", "a", "b"], "name one run or entry"],
    [["show", "xyz!"], "name one run or entry"],
    [["show", "xyz!"], "`writ audit list` lists entries"],
    [["show", "ffffffff"], "no run or entry has this id in /state/ledgers/here"],
    [["show", first, "--dir", "/elsewhere"], "`/elsewhere` cannot be read"],
  ])("%j is a mistake of usage", async (line, message) => {
    const said = await runAudit(content.world, line);
    expect([said.code, said.out]).toEqual([2, ""]);
    expect(said.err).toContain(message);
  });

  test("an ending that several ids have is not guessed at", async () => {
    const said = await runAudit(named("plain").world, ["show", "-7000-8000-000000000001"]);
    expect(said.code).toBe(0);
    const both = await runAudit(named("seen").world, ["list", "--json", "--type", "log.opened"]);
    expect(both.out.trim().split("\n")).toHaveLength(2);
  });
});

describe("writ audit verify", () => {
  test("says what was verified, the level, and what that leaves open", async () => {
    verifies("ledger.verify");
    const said = await runAudit(content.world, ["verify"]);
    expect([said.code, said.err]).toEqual([0, ""]);
    expectGolden(golden("verify-good"), said.out);
  });

  test("names the entry that was changed, and how", async () => {
    verifies("ledger.verify");
    const change = (bytes: Uint8Array): Uint8Array =>
      new Uint8Array(
        Buffer.from(Buffer.from(bytes).toString().replace('"tool":"read_file"', '"tool":"reap_file"')),
      );
    const said = await tampered(content, "000001.jsonl", change, () => runAudit(content.world, ["verify"]));
    expect(said.code).toBe(1);
    expectGolden(golden("verify-changed"), said.out);
  });

  test("a ledger cut back to an earlier commit is found by the anchor", async () => {
    const plain = named("plain");
    const cut = (bytes: Uint8Array): Uint8Array => {
      const lines = Buffer.from(bytes).toString().split("\n");
      return new Uint8Array(Buffer.from(`${lines.slice(0, 6).join("\n")}\n`));
    };
    const said = await tampered(plain, "000001.jsonl", cut, () => runAudit(plain.world, ["verify"]));
    expect(said.code).toBe(1);
    expect(said.out).toContain("truncated at entry #6");
    // With --dir the folder is some ledger of which nothing is known but its logs' anchors.
    const there = await tampered(plain, "000001.jsonl", cut, () =>
      runAudit(plain.world, ["verify", "--dir", "/copy"]),
    );
    expect(there.code).toBe(1);
  });

  test.each([
    ["torn", 20],
    ["uncommitted", 900],
  ])("a tail that is %s is a fault, but nobody is accused of a change", async (kind, bytes) => {
    const world = createWorld(78);
    const { ledger } = await world.open({
      mishap: (call) => (call === 2 ? { kind: "crash", bytes } : undefined),
    });
    await Promise.all([ledger.append(newEntry()), ledger.append(newEntry())]);
    await ledger.close();
    const said = await runAudit(world, ["verify"]);
    expect(said.code).toBe(1);
    expect(said.out).toContain(`${kind} at entry #`);
    expect(said.out).toContain("Nothing that was committed was changed; the last write was cut short.");
    expect(said.out.replaceAll(/\s+/g, " ")).toContain(
      "To do: nothing. The next run sets it aside in a file of its own beside the log",
    );
    expect(said.out).not.toContain("not the ledger that was written");
    // Together with a change it is a changed ledger.
    const change = (whole: Uint8Array): Uint8Array =>
      new Uint8Array(Buffer.from(Buffer.from(whole).toString().replace('"writ test"', '"writ tost"')));
    const sample = { ...content, world, log: ledger.log };
    const changed = await tampered(sample, "000001.jsonl", change, () => runAudit(world, ["verify"]));
    expect(changed.out).toContain("This is not the ledger that was written: 1 log with faults.");
  });

  test("a whole log that is gone is found by its anchor, but not missed in a copy of others", async () => {
    const seen = named("seen");
    const [older = ""] = [...seen.world.disk.image.keys()].sort();
    const files = seen.world.disk.image.get(older) ?? new Map<string, Uint8Array>();
    seen.world.disk.image.delete(older);
    try {
      const said = await runAudit(seen.world, ["verify"]);
      expect(said.code).toBe(1);
      expect(said.out).toContain(`log ${older}`);
      expect(said.out).toContain("truncated at entry #0");
      const copy = await runAudit(seen.world, ["verify", "--dir", "/copy"]);
      // Its sister still remembers it.
      expect(copy.out).toContain("recorded that it had 3 lines, there are 0");
    } finally {
      seen.world.disk.image.set(older, files);
    }
  });

  test("another key than the expected one is foreign; without any key the level means little, and it says so", async () => {
    const foreign = await runAudit(content.world, ["verify", "--public-key", "0".repeat(64)]);
    expect(foreign.code).toBe(1);
    expect(foreign.out).toContain("foreign at entry #0 key.certified");
    const unknown = await runAudit(content.world, ["verify"], { ownKey: null });
    expect(unknown.code).toBe(0);
    expect(unknown.out).toContain("No key was expected");
    expect(unknown.out).toContain(`certified by ${content.publicKey}`);
  });

  test("--json is one document with every fault", async () => {
    const said = await runAudit(content.world, [
      "verify",
      "--json",
      "--public-key",
      content.publicKey.toUpperCase(),
    ]);
    expect(JSON.parse(said.out)).toMatchObject({
      publicKey: content.publicKey,
      level: "since-local-anchor",
      faultsTotal: 0,
      logs: [{ log: content.log, lines: 13, commits: 5, pinned: true }],
    });
  });

  test("an empty ledger has nothing to verify", async () => {
    const said = await runAudit(createWorld(), ["verify"]);
    expect(said.code).toBe(0);
    const words = "No log lies in /state/ledgers/here, so there is nothing to verify.";
    expect(said.out.replaceAll("\n", " ")).toContain(words);
  });

  test("a lone log folder verifies from files and the public key alone, under any name", async () => {
    const top = mkdtempSync(join(tmpdir(), "writ-audit-"));
    try {
      const copy = join(top, "sent by mail");
      const vectors = fileURLToPath(new URL("../vectors/ledger/logs/", import.meta.url));
      cpSync(join(vectors, "content", content.log), copy, { recursive: true });
      const good = await runAudit(content.world, ["verify", copy, "--public-key", content.publicKey]);
      expect([good.code, good.err]).toEqual([0, ""]);
      expect(good.out).toContain("Level: internal");
      expect(good.out).toContain("Not shown: whether later entries were cut off.");
      const file = join(copy, "000001.jsonl");
      const bytes = readFileSync(file);
      bytes[bytes.indexOf('"tool"') + 2] = "b".charCodeAt(0);
      writeFileSync(file, bytes);
      const bad = await runAudit(content.world, ["verify", copy, "--public-key", content.publicKey]);
      expect(bad.code).toBe(1);
      expect(bad.out).toContain("wrong-hash at entry #9 action.decided, 000001.jsonl line 10");
    } finally {
      rmSync(top, { recursive: true });
    }
  });

  test.each([
    [["verify", "a", "b"], "either one log folder or one ledger"],
    [["verify", "a", "--dir", "b"], "either one log folder or one ledger"],
    [["verify", "--public-key", "abc"], "64 hexadecimal digits"],
    [["verify", "--dir", "/elsewhere"], "  name a folder"],
    [["verify", "/no/such/folder"], "cannot be read"],
    [["verify", "/usr"], "there is no log in `/usr`"],
  ])("%j is a mistake of usage", async (line, message) => {
    const said = await runAudit(content.world, line);
    expect([said.code, said.out]).toEqual([2, ""]);
    expect(said.err).toContain(message);
  });
});
