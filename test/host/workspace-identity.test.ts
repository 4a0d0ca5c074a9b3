import { existsSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { newWorkspaceId } from "#host/compose/ids.ts";
import { findIdentity, identifyWorkspace, unclaimedLedgers } from "#host/workspace-identity.ts";
import { valueOf } from "#test/ledger/world.ts";

const FOLDER = "/some/folder";
const LOG = "018bcfe5-6800-7000-8000-000000000001";
const OLD = "018bcfe5-6800-7000-8000-00000000a11c";
const OTHER = "018bcfe5-6800-7000-8000-00000000b11c";

let root: string;
let state: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "writ-identity-")));
  state = join(root, "state");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const identify = (folder = FOLDER) => identifyWorkspace(folder, state, newWorkspaceId);
const shelf = (): readonly string[] => readdirSync(join(state, "workspaces"));
/** The file of the only workspace. */
const identityFile = (): string => join(state, "workspaces", shelf()[0] ?? "");
const ledger = (id: string, log = LOG): string => {
  mkdirSync(join(state, "ledgers", id, log), { recursive: true });
  return join(state, "ledgers", id);
};
const helpOf = async (): Promise<string> => {
  const refused = await identify();
  return refused.ok ? "" : (refused.fault.help ?? "");
};

describe("the workspace's identity", () => {
  test("is made once and stays, and differs between folders", async () => {
    const first = valueOf(await identify());
    expect(first.isNew).toBe(true);
    expect(valueOf(await identify())).toEqual({ ...first, isNew: false });
    expect(valueOf(await identify("/other/folder")).id).not.toBe(first.id);
  });

  test("is one also when several ask at the same moment", async () => {
    const answers = (await Promise.all(Array.from({ length: 8 }, () => identify()))).map(valueOf);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(shelf()).toHaveLength(1);
  });

  test("that is only looked for is not made, and neither is the state folder", async () => {
    expect(await findIdentity(FOLDER, state)).toEqual({ ok: true, value: null });
    expect(existsSync(state)).toBe(false);
    const { id } = valueOf(await identify());
    expect(await findIdentity(FOLDER, state)).toEqual({ ok: true, value: { id, folder: FOLDER } });
  });

  test("that cannot be read is said to be that, and where it is", async () => {
    await identify();
    const file = identityFile();
    rmSync(file);
    mkdirSync(file);
    expect(await identify()).toMatchObject({
      ok: false,
      fault: {
        code: "HOST_STATE_UNREADABLE",
        message: `the workspace's identity in \`${file}\` cannot be read (EISDIR)`,
        help: expect.stringContaining("WRIT_STATE"),
      },
    });
    expect(shelf()).toHaveLength(1);
  });

  test("needs a state folder that can be made", async () => {
    writeFileSync(state, "mine");
    expect(await identify()).toMatchObject({ ok: false, fault: { code: "HOST_STATE_READ_ONLY" } });
  });

  test.runIf(process.platform === "linux")("ends at once where nothing can ever be made", async () => {
    const refused = await identifyWorkspace(FOLDER, "/proc/x", newWorkspaceId);
    expect(refused).toMatchObject({
      fault: { code: "HOST_STATE_READ_ONLY", message: expect.stringContaining("(ENOENT)") },
    });
  });
});

describe("an identity that was damaged", () => {
  beforeEach(async () => {
    await identify();
    writeFileSync(identityFile(), '{"v":1,"id":"../../etc","path":"/some/folder"}');
  });

  test("is refused and not replaced", async () => {
    const before = readFileSync(identityFile(), "utf8");
    expect(await identify()).toMatchObject({ ok: false, fault: { code: "HOST_STATE_UNREADABLE" } });
    expect(readFileSync(identityFile(), "utf8")).toBe(before);
  });

  test("costs consents alone where no ledger waits for it", async () => {
    expect(await helpOf()).toBe(
      "put it back from a backup of the state folder; removing the file makes this a new workspace, with no consents and a ledger of its own",
    );
  });

  test("is restored by what its help says where one ledger belongs to nobody else", async () => {
    const path = ledger(OLD);
    const help = await helpOf();
    expect(help).toContain(`\`writ audit list --dir ${path}\` shows whether it is this workspace's`);
    const [, text = "", file = ""] = / write (\{.*\}) into `([^`]+)`/.exec(help) ?? [];
    writeFileSync(file, text);
    expect(valueOf(await identify())).toMatchObject({ id: OLD, isNew: false });
  });

  test("may be one of several ledgers'", async () => {
    ledger(OLD);
    ledger(OTHER);
    expect(await helpOf()).toContain(
      `\`writ audit list --dir ${state}/ledgers/<id>\` shows which one is this workspace's, if any; write {"v":1,"id":"<id>","path":"/some/folder"} into \`${identityFile()}\``,
    );
  });
});

describe("ledgers of no known workspace", () => {
  test("are those with a log whose workspace the state does not know", async () => {
    const { id } = valueOf(await identify());
    ledger(id);
    ledger(OTHER, "no-log");
    const old = ledger(OLD);
    expect(await unclaimedLedgers(state)).toEqual([old]);
    rmSync(join(state, "workspaces"), { recursive: true });
    expect(await unclaimedLedgers(state)).toEqual([old, join(state, "ledgers", id)].sort());
  });

  test("are none where there is no state folder, and none is made", async () => {
    expect(await unclaimedLedgers(state)).toEqual([]);
    expect(existsSync(state)).toBe(false);
  });
});
