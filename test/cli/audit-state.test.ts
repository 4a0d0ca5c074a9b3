import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { realpathSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { auditCommands } from "#cli/load-audit.ts";
import { newWorkspaceId } from "#host/compose/ids.ts";
import { ledgerDeps } from "#host/compose/ledger.ts";
import { openRunLedger } from "#host/compose/run.ts";
import { identifyWorkspace } from "#host/workspace-identity.ts";
import type { LogId, WorkspaceId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import { openLedger } from "#ledger/open-ledger.ts";
import type { LedgerFault } from "#ports/ledger.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";
import { newEntry, valueOf } from "#test/ledger/world.ts";

/*
 * What `audit verify` says when somebody takes parts of the user's own state away: on real files,
 * where the ledger, its anchors and its keys lie apart.
 */

let top: string;
let state: string;
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), "writ-audit-state-")));
  state = join(top, "state");
});
afterEach(() => rmSync(top, { recursive: true }));

interface Place {
  readonly folder: string;
  readonly workspace: WorkspaceId;
}

const makeWorkspace = async (name: string): Promise<Place> => {
  const folder = join(top, name);
  mkdirSync(join(folder, "policies"), { recursive: true });
  const { id } = valueOf(await identifyWorkspace(folder, state, newWorkspaceId));
  return { folder, workspace: id };
};

/** Opens the workspace's ledger, writes entries one after another and closes it. */
const write = async (
  { workspace }: Place,
  entries: number,
  { folder = null, retire = false }: { folder?: string | null; retire?: boolean } = {},
): Promise<Result<LogId, LedgerFault>> => {
  const place = { stateDirectory: state, workspace, folder };
  const opened = await openLedger(ledgerDeps(place), {
    workspace: place.workspace,
    software: "writ test",
    isShared: folder !== null,
  });
  if (!opened.ok) return opened;
  const { ledger } = opened.value;
  for (let at = 0; at < entries; at += 1) valueOf(await ledger.append(newEntry({ input: at })));
  valueOf(await (retire ? ledger.retire("full") : ledger.close()));
  return ok(ledger.log);
};

const written = async (place: Place, entries = 2): Promise<LogId> => valueOf(await write(place, entries));

const verify = (place: Pick<Place, "folder">, ...line: string[]) => audit("verify", place, ...line);

const audit = async (
  verb: "list" | "show" | "verify",
  place: Pick<Place, "folder">,
  ...line: string[]
): Promise<{ code: number; out: string; err: string }> => {
  const command = auditCommands.find(({ name }) => name === `audit ${verb}`);
  if (command === undefined) throw new Error(`no audit ${verb}`);
  const terminal = createTerminalFake([], { interactive: false, columns: 400 });
  const at = line.indexOf("--dir");
  const code = await command.run({
    positionals: verb === "show" ? ["5ef19b2c"] : [],
    switches: new Set(line.filter((one) => one === "--json").map(() => "json")),
    values: new Map(at < 0 ? [] : [["dir", [line[at + 1] ?? ""]]]),
    terminal,
    environment: { cwd: place.folder, variables: {}, stateDirectory: state, user: "ada" },
    signal: new AbortController().signal,
    howInterrupted: () => null,
  });
  return { code, out: terminal.outLines.join("\n"), err: terminal.errLines.join("\n") };
};

const remove = (...names: string[]): void => {
  for (const name of names) rmSync(join(state, name), { recursive: true });
};

describe("writ audit verify of one's own ledger", () => {
  test("misses nothing in a state that is whole, retired and barely begun logs included", async () => {
    const place = await makeWorkspace("desk");
    valueOf(await write(place, 2, { retire: true }));
    await written(place, 0);
    const said = await verify(place, "--json");
    expect(said.code).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject({ level: "since-local-anchor", missing: [] });
  });

  test("a log that was cut back and whose anchor was removed is found", async () => {
    const place = await makeWorkspace("desk");
    await written(place);
    const log = await written(place);
    const file = join(state, "ledgers", place.workspace, log, "000001.jsonl");
    const lines = readFileSync(file, "utf8").split("\n");
    writeFileSync(file, `${lines.slice(0, 7).join("\n")}\n`);
    remove("anchors");
    const said = await verify(place);
    expect(said.code).toBe(1);
    expect(said.out).toContain(`✗ log ${log}`);
    expect(said.out).toContain("anchor missing");
    expect(said.out).toContain("nothing shows whether entries were cut off. Restore the state folder");
    expect(said.out).toContain("This ledger is not whole");
    expect(said.out).not.toContain("Nothing was changed");
    expect(JSON.parse((await verify(place, "--json")).out)).toMatchObject({
      level: null,
      faultsTotal: 1,
      missing: [{ what: "anchor", log, isFault: true }],
    });
    expect(await write(place, 1)).toMatchObject({ fault: { code: "LEDGER_TAMPERED" } });
  });

  test("so is the anchor of a retired log, whose key was destroyed on purpose", async () => {
    const place = await makeWorkspace("desk");
    valueOf(await write(place, 2, { retire: true }));
    remove("anchors");
    const said = await verify(place);
    expect(said.code).toBe(1);
    expect(said.out).toContain("anchor missing");
  });

  test("a ledger that was removed with its anchors is not an empty one", async () => {
    const place = await makeWorkspace("desk");
    const log = await written(place);
    remove("ledgers", "anchors");
    const said = await verify(place);
    expect(said.code).toBe(1);
    expect(said.out).toContain(`✗ log ${log} is missing`);
    expect(said.out).toContain(`move \`keys/writer.${log}\` out of the state folder`);
    expect(said.out).not.toContain("nothing to verify");
    // A new log beside it does not hide it.
    await written(place);
    expect((await verify(place)).code).toBe(1);
    remove(`keys/writer.${log}`);
    expect((await verify(place)).code).toBe(0);
  });

  test("a log that may have been another workspace's is only pointed out", async () => {
    const [here, there] = [await makeWorkspace("here"), await makeWorkspace("there")];
    await written(here);
    const log = await written(there);
    remove(join("ledgers", there.workspace), join("anchors", there.workspace));
    const said = await verify(here);
    expect(said.code).toBe(0);
    expect(said.out).toContain(`! log ${log} is missing`);
    expect(said.out).toContain("It may have been another workspace's.");
    expect(JSON.parse((await verify(here, "--json")).out)).toMatchObject({
      level: "since-local-anchor",
      faultsTotal: 0,
      missing: [{ what: "log", log, isFault: false }],
    });
    // Of the workspace that has a key and nothing else it is certain.
    expect((await verify(there)).code).toBe(1);
  });

  test("the workspace's key that is gone is missed as long as there are logs of ours", async () => {
    const place = await makeWorkspace("desk");
    await written(place);
    remove(`keys/workspace.${place.workspace}`);
    const said = await verify(place);
    expect(said.code).toBe(1);
    expect(said.out).toContain("✗ workspace key is missing");
    expect(JSON.parse((await verify(place, "--json")).out)).toMatchObject({
      level: null,
      missing: [{ what: "workspace-key", log: null, isFault: true }],
    });
  });

  test("a ledger in a folder of its own is missed by none, also when it is moved, but its anchor is", async () => {
    const place = await makeWorkspace("desk");
    const [folder, moved] = [join(top, "evidence"), join(top, "moved")];
    await written(place);
    valueOf(await write(place, 2, { folder }));
    expect((await verify(place)).code).toBe(0);
    expect((await verify(place, "--dir", folder)).code).toBe(0);
    renameSync(folder, moved);
    expect((await verify(place, "--dir", moved)).code).toBe(0);
    for (const name of readdirSync(join(state, "anchors", place.workspace))) {
      if (name.startsWith("at-")) remove(`anchors/${place.workspace}/${name}`);
    }
    const said = await verify(place, "--dir", moved);
    expect(said.code).toBe(1);
    expect(said.out).toContain("anchor missing");
  });

  test("a copy on a machine that has none of the keys is judged by its files alone", async () => {
    const place = await makeWorkspace("desk");
    await written(place);
    const copy = join(top, "copy");
    cpSync(join(state, "ledgers", place.workspace), copy, { recursive: true });
    remove("keys", "anchors", "ledgers");
    const said = await verify(place, "--dir", copy);
    expect([said.code, said.err]).toEqual([0, ""]);
    expect(said.out).toContain("Level: internal");
  });

  test("a part of the state that cannot be read is not taken for an empty one", async () => {
    const place = await makeWorkspace("desk");
    await written(place);
    symlinkSync("loop", join(state, "anchors", "loop"));
    const said = await verify(place);
    expect([said.code, said.out]).toEqual([3, ""]);
    expect(said.err).toContain("cannot be read (ELOOP)");
  });
});

describe("keys that were removed", () => {
  const openedBy = (place: Place, folder: string | null = null) =>
    openRunLedger({ stateDirectory: state, workspace: place.workspace, folder }, "writ test");

  /** Moves what the help names out of the state, the first two of its paths. */
  const moveAside = (help: string): void => {
    const paths = [...help.matchAll(/`(\/[^`]+)`/g)].map(([, path = ""]) => path).slice(1, 3);
    expect(paths).toHaveLength(2);
    paths.forEach((path, index) => renameSync(path, join(top, `aside-${index}`)));
  };

  test.each([
    ["with the workspace's own ledger", null],
    ["with a ledger in a folder of its own", "evidence"],
  ])("%s refuse the next run, whose help says what to move aside", async (_, name) => {
    const place = await makeWorkspace("desk");
    const folder = name === null ? null : join(top, name);
    valueOf(await write(place, 2, { folder }));
    remove("keys");
    const refused = await openedBy(place, folder);
    if (refused.ok) throw new Error("a ledger without its key was opened");
    expect(refused.fault.code).toBe("LEDGER_NO_KEY");
    const help = refused.fault.help ?? "";
    expect(help).toContain(
      `put \`${join(state, "keys", `workspace.${place.workspace}`)}\` back from a backup`,
    );
    expect(existsSync(join(state, "keys"))).toBe(false);

    moveAside(help);
    valueOf(await write(place, 2, { folder }));
    const said = await verify(place, ...(folder === null ? [] : ["--dir", folder]));
    expect([said.code, said.err]).toEqual([0, ""]);
    expect(said.out).toContain("Level: since local anchor");
  });

  test("are missed by `audit verify` as long as logs are left", async () => {
    const place = await makeWorkspace("desk");
    await written(place);
    remove("keys", "anchors");
    const said = await verify(place);
    expect(said.code).toBe(1);
    expect(said.out).toContain("✗ workspace key is missing");
  });

  test("of a workspace alone: what is moved aside takes the keys of its logs with it", async () => {
    const place = await makeWorkspace("desk");
    const log = await written(place);
    remove(`keys/workspace.${place.workspace}`);
    const refused = await openedBy(place);
    const help = refused.ok ? "" : (refused.fault.help ?? "");
    expect(help).toContain("`writer.<log>`");
    moveAside(help);
    remove(`keys/writer.${log}`);
    await written(place);
    expect((await verify(place)).code).toBe(0);
  });

  test("of one of two workspaces that share a folder are no matter of the other", async () => {
    const [here, there] = [await makeWorkspace("here"), await makeWorkspace("there")];
    const folder = join(top, "evidence");
    const logs: LogId[] = [];
    for (const place of [there, here, there, here]) logs.push(valueOf(await write(place, 2, { folder })));
    expect(logs.slice(2)).toEqual(logs.slice(0, 2));
    remove(`keys/workspace.${there.workspace}`);
    expect(valueOf(await write(here, 2, { folder }))).toBe(logs[1]);
    expect(await write(there, 2, { folder })).toMatchObject({ fault: { code: "LEDGER_NO_KEY" } });
  });

  test("of nobody here: a newcomer writes beside the logs of others", async () => {
    const [here, there] = [await makeWorkspace("here"), await makeWorkspace("there")];
    const folder = join(top, "evidence");
    valueOf(await write(there, 2, { folder }));
    remove("keys", "anchors");
    const opened = await openedBy(here, folder);
    expect(opened).toMatchObject({ ok: true });
    valueOf(await valueOf(opened).writable.close());
  });
});

describe("a key file that is damaged", () => {
  const helpOf = async (place: Place): Promise<string> => {
    const refused = await write(place, 1);
    return refused.ok ? "" : `${refused.fault.message}: ${refused.fault.help ?? ""}`;
  };

  test("is a workspace's: moved aside it makes the next run say what goes with it", async () => {
    const place = await makeWorkspace("desk");
    await written(place);
    const name = `keys/workspace.${place.workspace}`;
    truncateSync(join(state, name), 20);
    const help = await helpOf(place);
    expect(help).toContain("has 20 bytes instead of 32: put");
    expect(help).toContain(`\`${name}\` back from a backup of the state folder; without one move it aside`);
    expect((await verify(place)).err).toContain("move it aside");
    remove(name);
    expect(await helpOf(place)).toContain("the key of the workspace is gone");
  });

  test("is a log's: moved aside it leaves the log as it is, and another begins", async () => {
    const place = await makeWorkspace("desk");
    const log = await written(place);
    truncateSync(join(state, `keys/writer.${log}`), 20);
    expect(await helpOf(place)).toContain("without one move it aside: the log stays as it is");
    remove(`keys/writer.${log}`);
    expect(await written(place)).not.toBe(log);
    expect((await verify(place)).code).toBe(0);
  });
});

describe("a state folder that is not there", () => {
  test.each([
    ["list", 0, "Nothing has been recorded in this workspace yet."],
    ["show", 2, "no run or entry has this id in this workspace"],
    ["verify", 0, "No log lies in this workspace, so there is nothing to verify."],
  ] as const)("is not made by `audit %s`", async (verb, code, words) => {
    const said = await audit(verb, { folder: top });
    expect(said.code).toBe(code);
    expect(`${said.out}${said.err}`).toContain(words);
    expect(existsSync(state)).toBe(false);
  });

  test("has no ledger of a name for programs", async () => {
    expect(JSON.parse((await verify({ folder: top }, "--json")).out)).toMatchObject({ directory: null });
  });
});

describe("a workspace whose identity was removed", () => {
  /** Writes a log, removes the identity and gives the ledger's folder. */
  const lose = async (): Promise<{ readonly place: Place; readonly ledger: string }> => {
    const place = await makeWorkspace("desk");
    await written(place);
    remove("workspaces");
    return { place, ledger: join(state, "ledgers", place.workspace) };
  };

  test.each(["list", "show", "verify"] as const)("is not one without a past to `audit %s`", async (verb) => {
    const { place, ledger } = await lose();
    const said = await audit(verb, place);
    expect([said.code, said.out]).toEqual([3, ""]);
    expect(said.err).toContain("this workspace has no ledger, but 1 in");
    expect(said.err).toContain(`writ audit list --dir ${ledger}`);
    expect(existsSync(join(state, "workspaces"))).toBe(false);
  });

  test("is restored by what the help says to write", async () => {
    const { place } = await lose();
    const [, text = "", file = ""] = / write (\{.*\}) into `([^`]+)`/.exec((await verify(place)).err) ?? [];
    mkdirSync(join(state, "workspaces"));
    writeFileSync(file, text);
    const said = await verify(place);
    expect([said.code, said.err]).toEqual([0, ""]);
    expect(said.out).toContain("since local anchor");
  });

  test.each(["list", "verify"] as const)("stays told about by `audit %s` once it is new", async (verb) => {
    const { ledger } = await lose();
    const place = await makeWorkspace("desk");
    await written(place);
    const said = await audit(verb, place);
    expect(said.code).toBe(0);
    expect(said.err).toBe(
      `1 ledger in the state folder belongs to no known workspace; look at what was recorded with\n  writ audit verify --dir ${ledger}`,
    );
    expect((await audit(verb, place, "--json")).err).toBe("");
    expect(JSON.parse((await verify(place, "--json")).out)).toMatchObject({ unclaimed: [ledger] });
  });

  test("is told about although its own ledger is not whole", async () => {
    const { ledger } = await lose();
    const place = await makeWorkspace("desk");
    await written(place);
    remove(`anchors/${place.workspace}`);
    const said = await verify(place);
    expect(said.code).toBe(1);
    expect(said.err).toContain(ledger);
  });

  test("has a ledger that is held against its own key and anchors, wherever it is looked at from", async () => {
    const { ledger } = await lose();
    const said = await verify({ folder: top }, "--dir", ledger);
    expect([said.code, said.err]).toEqual([0, ""]);
    expect(said.out).toContain("Level: since local anchor");
    expect(existsSync(join(state, "workspaces"))).toBe(false);
  });
});
