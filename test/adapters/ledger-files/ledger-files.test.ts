import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { statSync, symlinkSync, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { createAnchorFiles } from "#adapters/ledger-files/anchor-files.ts";
import { createLedgerFiles } from "#adapters/ledger-files/ledger-files.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { LogId } from "#kernel/ids.ts";
import type { LedgerStore, LogHold } from "#ports/ledger.ts";
import { anchorStoreContract, ledgerStoreContract } from "#test/contracts/ledger-store.ts";
import { createFakeDisk } from "#test/kit/ledger-store-fake.ts";

const top = mkdtempSync(join(tmpdir(), "writ-ledger-"));
afterAll(() => {
  rmSync(top, { recursive: true, force: true });
});
let folders = 0;
const freshFolder = (): string => {
  folders += 1;
  return join(top, String(folders));
};

ledgerStoreContract("files", async () => {
  const folder = freshFolder();
  return { store: createLedgerFiles(folder), reopen: () => createLedgerFiles(folder) };
});
ledgerStoreContract("the fake", async () => {
  const disk = createFakeDisk();
  return { store: disk.process().store, reopen: () => disk.process().store };
});
anchorStoreContract("files", async () => createAnchorFiles(freshFolder()));
anchorStoreContract("the fake", async () => createFakeDisk().process().anchors);

const LOG = "01890000-0000-7000-8000-000000000001" as LogId;
const LINES = "000001.jsonl";

const holds: LogHold[] = [];
const held = async (store: LedgerStore): Promise<LogHold> => {
  const hold = await store.acquire(LOG, { create: true });
  if (!hold.ok) throw new Error(hold.fault.message);
  holds.push(hold.value);
  return hold.value;
};
afterEach(async () => {
  for (const hold of holds.splice(0)) await hold.release();
});

/** The user that owns nothing. */
const NOBODY = 65_534;

describe("files of a ledger", () => {
  test("belong to this user alone", async () => {
    const folder = freshFolder();
    const hold = await held(createLedgerFiles(folder));
    await hold.append(LINES, utf8("a"));
    await hold.create("artefacts/a.b", utf8("a"));
    await hold.setAside(LINES, 0, "000001.jsonl.0-1.aside");
    const modes = ["", LOG, `${LOG}/artefacts`].map((path) => statSync(join(folder, path)).mode & 0o777);
    expect(modes).toEqual([0o700, 0o700, 0o700]);
    for (const file of [LINES, "artefacts/a.b", "000001.jsonl.0-1.aside"]) {
      expect(statSync(join(folder, LOG, file)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(join(folder, `${LOG}.lock`)).mode & 0o777).toBe(0o600);
  });

  test("nothing but the lock stands beside the logs, and no temporary file in them", async () => {
    const folder = freshFolder();
    const hold = await held(createLedgerFiles(folder));
    await hold.create("artefacts/a.b", utf8("a"));
    await hold.release();
    expect(readdirSync(folder).sort()).toEqual([LOG, `${LOG}.lock`]);
    expect(readdirSync(join(folder, LOG, "artefacts"))).toEqual(["a.b"]);
  });

  test("a link or a pipe in the place of a segment is not followed", async () => {
    const folder = freshFolder();
    const store = createLedgerFiles(folder);
    const hold = await held(store);
    const elsewhere = join(top, "elsewhere");
    writeFileSync(elsewhere, "precious");
    symlinkSync(elsewhere, join(folder, LOG, LINES));
    expect(await store.files(LOG)).toEqual({ ok: true, value: [] });
    expect(await store.read(LOG, LINES, 0, 10)).toMatchObject({ fault: { code: "LEDGER_UNREADABLE" } });
    expect(await hold.append(LINES, utf8("x"))).toMatchObject({ fault: { code: "LEDGER_READ_ONLY" } });
    expect(readFileSync(elsewhere, "utf8")).toBe("precious");
  });

  test("a lock that is no lock is a fault that says what to do", async () => {
    const folder = freshFolder();
    mkdirSync(folder);
    writeFileSync(
      join(folder, `${LOG}.lock`),
      "not a database, and long enough to be read as one".repeat(100),
    );
    expect(await createLedgerFiles(folder).acquire(LOG, { create: true })).toMatchObject({
      fault: { code: "LEDGER_UNREADABLE", help: expect.stringContaining(".lock") },
    });
  });

  test("a lock that the disk has no room for is not said to be in the way", () => {
    const folder = freshFolder();
    mkdirSync(join(folder, LOG), { recursive: true });
    const take = `
      import { createLedgerFiles } from "#adapters/ledger-files/ledger-files.ts";
      const taken = await createLedgerFiles(process.argv[1]).acquire("${LOG}", { create: true });
      console.log(JSON.stringify(taken));
    `;
    const shell = `trap '' XFSZ; ulimit -f 0; exec "$@"`;
    const node = [process.execPath, "--input-type=module-typescript", "-e", take, folder];
    const said = execFileSync("sh", ["-c", shell, "sh", ...node], {
      cwd: new URL("../../../", import.meta.url),
      encoding: "utf8",
      timeout: 30_000,
    });
    expect(JSON.parse(said)).toMatchObject({
      ok: false,
      fault: {
        message: expect.stringContaining("cannot be taken: disk I/O error"),
        help: expect.stringMatching(/^see that the disk has room/),
      },
    });
  }, 60_000);

  test.each([
    ["a pipe, on which one would wait for ever", (path: string) => execFileSync("mkfifo", [path])],
    ["a link", (path: string) => symlinkSync(`${path}.elsewhere`, path)],
    ["a folder", (path: string) => mkdirSync(path)],
  ])(
    "%s in the place of a lock is no lock",
    (_, make) => {
      const folder = freshFolder();
      mkdirSync(join(folder, LOG), { recursive: true });
      make(join(folder, `${LOG}.lock`));
      const look = `
      import { createLedgerFiles } from "#adapters/ledger-files/ledger-files.ts";
      const store = createLedgerFiles(process.argv[1]);
      const taken = await store.acquire("${LOG}", { create: true });
      console.log(JSON.stringify([await store.isHeld("${LOG}"), taken.ok ? null : taken.fault.help]));
    `;
      const said = execFileSync(process.execPath, ["--input-type=module-typescript", "-e", look, folder], {
        cwd: new URL("../../../", import.meta.url),
        encoding: "utf8",
        timeout: 30_000,
      });
      expect(JSON.parse(said)).toEqual([false, expect.stringContaining(".lock")]);
      expect(readdirSync(folder).sort()).toEqual([LOG, `${LOG}.lock`]);
    },
    60_000,
  );

  test("a file in the place of the folder is a fault, not an exception", async () => {
    const folder = freshFolder();
    writeFileSync(folder, "");
    const store = createLedgerFiles(folder);
    expect(await store.logs()).toMatchObject({ fault: { code: "LEDGER_UNREADABLE" } });
    expect(await store.acquire(LOG, { create: true })).toMatchObject({ ok: false });
  });

  test("a log whose folder cannot be made leaves no lock behind", async () => {
    const folder = freshFolder();
    mkdirSync(folder);
    // As a disk without room does it, but for the reason.
    writeFileSync(join(folder, LOG), "");
    expect(await createLedgerFiles(folder).acquire(LOG, { create: true })).toMatchObject({ ok: false });
    expect(readdirSync(folder)).toEqual([LOG]);
  });

  test("a folder that this user cannot write is read-only", async () => {
    const folder = freshFolder();
    mkdirSync(folder, { mode: 0o500 });
    // Permissions do not bind root, so it asks as somebody whom they do.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      expect(await createLedgerFiles(folder).acquire(LOG, { create: true })).toMatchObject({
        fault: { code: "LEDGER_READ_ONLY" },
      });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
    chmodSync(folder, 0o700);
  });

  test.each(["../x", "/etc/passwd", "a/../b", "", ".hidden", "artefacts/../../x", "artefacts/a/b"])(
    "`%s` is no file of a log",
    async (file) => {
      const store = createLedgerFiles(freshFolder());
      await expect(store.read(LOG, file, 0, 1)).rejects.toMatchObject({ code: "KERNEL_INVARIANT" });
    },
  );
});

describe("a disk that writes little or fails", () => {
  /** Every opened file writes through `write` instead; all else is real. */
  const diskWhere = (
    write: (original: FileHandle["write"], buffer: Uint8Array, offset: number, length: number) => unknown,
  ): ((path: string, flags: number, mode: number) => Promise<FileHandle>) => {
    return async (path, flags, mode) => {
      const file = await open(path, flags, mode);
      const original = file.write.bind(file);
      file.write = ((buffer: Uint8Array, offset: number, length: number) =>
        write(original, buffer, offset, length)) as FileHandle["write"];
      return file;
    };
  };
  const failing = (code: string): (() => never) => {
    return () => {
      throw Object.assign(new Error("refused"), { code });
    };
  };

  test("short writes are continued", async () => {
    const store = createLedgerFiles(
      freshFolder(),
      diskWhere((write, buffer, offset, length) => write(buffer, offset, Math.min(3, length))),
    );
    const hold = await held(store);
    await hold.append(LINES, utf8("several short writes"));
    await hold.create("artefacts/a.b", utf8("and again"));
    expect(await store.read(LOG, LINES, 0, 99)).toEqual({ ok: true, value: utf8("several short writes") });
    expect(await store.read(LOG, "artefacts/a.b", 0, 99)).toEqual({ ok: true, value: utf8("and again") });
  });

  test("a disk that takes no byte is full, not an endless loop", async () => {
    const disk = diskWhere(() => ({ bytesWritten: 0 }));
    const hold = await held(createLedgerFiles(freshFolder(), disk));
    expect(await hold.append(LINES, utf8("a"))).toMatchObject({ fault: { code: "LEDGER_DISK_FULL" } });
  });

  test.each([
    ["ENOSPC", "LEDGER_DISK_FULL"],
    ["EDQUOT", "LEDGER_DISK_FULL"],
    ["EFBIG", "LEDGER_DISK_FULL"],
    ["EROFS", "LEDGER_READ_ONLY"],
    ["EACCES", "LEDGER_READ_ONLY"],
    ["EIO", "LEDGER_UNREADABLE"],
  ])("%s is %s", async (code, expected) => {
    const folder = freshFolder();
    const hold = await held(createLedgerFiles(folder, diskWhere(failing(code))));
    const refused = { ok: false, fault: { code: expected } };
    expect(await hold.append(LINES, utf8("a"))).toMatchObject(refused);
    expect(await hold.create("artefacts/a.b", utf8("a"))).toMatchObject(refused);
    expect(readdirSync(join(folder, LOG, "artefacts"))).toEqual([]);
    const anchors = createAnchorFiles(freshFolder(), diskWhere(failing(code)));
    expect(await anchors.replace(LOG, utf8("note"))).toMatchObject(refused);
  });

  test("a file that cannot be closed is not set aside, and that is a fault", async () => {
    const closing = async (path: string, flags: number, mode: number): Promise<FileHandle> => {
      const file = await open(path, flags, mode);
      const close = file.close.bind(file);
      file.close = () => close().then(failing("EIO"));
      return file;
    };
    const hold = await held(createLedgerFiles(freshFolder(), closing));
    await hold.append(LINES, utf8("a\nb"));
    expect(await hold.setAside(LINES, 2, "000001.jsonl.1-1.aside")).toMatchObject({
      ok: false,
      fault: { code: "LEDGER_UNREADABLE" },
    });
  });

  test("a device that is always full says so", async () => {
    const full = async (path: string, flags: number, mode: number): Promise<FileHandle> =>
      path.endsWith(LINES) ? open("/dev/full", "a") : open(path, flags, mode);
    const hold = await held(createLedgerFiles(freshFolder(), full));
    expect(await hold.append(LINES, utf8("a"))).toMatchObject({ fault: { code: "LEDGER_DISK_FULL" } });
  });

  test("an anchor that could not be written leaves the old one", async () => {
    const folder = freshFolder();
    const anchors = createAnchorFiles(folder);
    await anchors.replace(LOG, utf8("old"));
    await createAnchorFiles(folder, diskWhere(failing("ENOSPC"))).replace(LOG, utf8("new"));
    expect(await anchors.read(LOG)).toEqual({ ok: true, value: utf8("old") });
  });
});

describe("a hold belongs to a living process", () => {
  const holder = `
    import { createLedgerFiles } from "#adapters/ledger-files/ledger-files.ts";
    const hold = await createLedgerFiles(process.argv[1]).acquire("${LOG}", { create: true });
    console.log(hold.ok ? "held" : hold.fault.code);
    setInterval(() => {}, 1000);
  `;
  const startHolder = async (folder: string): Promise<{ said: string; kill: () => Promise<void> }> => {
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", holder, folder], {
      cwd: new URL("../../../", import.meta.url),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [chunk] = (await once(child.stdout, "data")) as [Buffer];
    return {
      said: chunk.toString().trim(),
      kill: async () => {
        child.kill("SIGKILL");
        await once(child, "exit");
      },
    };
  };

  test("another process cannot take what one holds, until it is killed", async () => {
    const folder = freshFolder();
    const store = createLedgerFiles(folder);
    const child = await startHolder(folder);
    expect(child.said).toBe("held");
    expect(await store.isHeld(LOG)).toBe(true);
    expect(await store.acquire(LOG, { create: true })).toMatchObject({ fault: { code: "LEDGER_HELD" } });
    const second = await startHolder(folder);
    expect(second.said).toBe("LEDGER_HELD");
    await second.kill();
    await child.kill();
    expect(await store.isHeld(LOG)).toBe(false);
    expect(await store.acquire(LOG, { create: true })).toMatchObject({ ok: true });
  });
});
