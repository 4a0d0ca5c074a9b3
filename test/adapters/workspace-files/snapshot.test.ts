import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { listPaths } from "#adapters/workspace-files/list-paths.ts";
import { takeSnapshot } from "#adapters/workspace-files/snapshot.ts";
import { SNAPSHOT_BYTES_MAX, SNAPSHOT_FILES_MAX } from "#ports/workspace-files.ts";
import { verifies } from "#test/kit/verifies.ts";

import { TestFolder } from "./kit.ts";

let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(() => folder.remove());

const taken = async (): Promise<readonly string[]> =>
  (await folder.snapshot()).files.map((file) => file.path);
const leftOut = async (): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries((await folder.snapshot()).leftOut.map(({ path, why }) => [path, why]));

describe("a folder outside git", () => {
  test("gives all files but dot-files", async () => {
    folder.write("a.txt", "a");
    folder.write("deep/er/b.txt", "b");
    folder.write(".hidden", "h");
    folder.write(".config/c.txt", "c");
    folder.write("deep/.secret/d.txt", "d");
    expect(await taken()).toEqual(["a.txt", "deep/er/b.txt"]);
  });

  test("says which files are programs", async () => {
    folder.write("run.sh", "#!/bin/sh\n", 0o755);
    folder.write("text", "", 0o644);
    const { files } = await folder.snapshot();
    expect(files.map((file) => [file.path, file.executable])).toEqual([
      ["run.sh", true],
      ["text", false],
    ]);
  });

  test("leaves out what is no file, and would never end", async () => {
    const server = createServer().listen(folder.at("socket"));
    await once(server, "listening");
    expect(await taken()).toEqual([]);
    expect(await leftOut()).toEqual({ socket: "it is neither a file nor a folder" });
    server.close();
  });

  test("says of names that are not UTF-8 that they are left out, of files and of folders", async () => {
    folder.write("a.txt", "a");
    const bad = (name: string): Buffer =>
      Buffer.concat([Buffer.from(`${folder.path}/${name}`), Buffer.of(0xff)]);
    writeFileSync(bad("file"), "x");
    mkdirSync(bad("folder"));
    writeFileSync(Buffer.concat([bad("folder"), Buffer.from("/below")]), "x");
    expect(await taken()).toEqual(["a.txt"]);
    expect(await leftOut()).toEqual({
      "file\ufffd": "its name is not UTF-8",
      "folder\ufffd": "its name is not UTF-8",
    });
  });

  test.runIf(existsSync("/proc/sys/kernel/random/boot_id"))(
    "may have files of which the system does not say how long they are",
    async () => {
      const root = "/proc/sys/kernel/random";
      const listed = [{ path: "boot_id", readable: true }];
      const snapshot = await takeSnapshot(root, listed, new AbortController().signal);
      const text = readFileSync(join(root, "boot_id"), "utf8");
      expect(snapshot.ok && snapshot.value.files.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
        text,
      ]);
    },
  );

  test("of which a part cannot be read is a fault that names that part, and says what to do", async () => {
    folder.write("open/a.txt", "a");
    const closed = "open/clo\u001b[2Jsed";
    mkdirSync(folder.at(closed), { mode: 0o000 });
    // Nothing is closed to root, so who lists is somebody else.
    chmodSync(folder.path, 0o755);
    const program = `
      import { listPaths } from "#adapters/workspace-files/list-paths.ts";
      if (process.getuid() === 0) {
        process.setgroups([]);
        process.setgid(65534);
        process.setuid(65534);
      }
      console.log(JSON.stringify(await listPaths(process.argv[1], {}, new AbortController().signal)));
    `;
    const said = execFileSync(
      process.execPath,
      ["--input-type=module-typescript", "-e", program, folder.path],
      { cwd: new URL("../../../", import.meta.url), encoding: "utf8" },
    );
    chmodSync(folder.at(closed), 0o755);
    expect(JSON.parse(said)).toMatchObject({
      ok: false,
      fault: {
        code: "WORKSPACE_UNREADABLE",
        message: "the workspace's folder `open/clo\\e[2Jsed` cannot be read (EACCES)",
        help: "make the folder readable for you, or move it out of the workspace",
      },
    });
  });

  test("may be empty", async () => expect(await taken()).toEqual([]));

  test("that is not there is a fault", async () => {
    const workspace = folder.workspace();
    folder.remove();
    expect(await workspace.snapshot(new AbortController().signal)).toMatchObject({
      ok: false,
      fault: { code: "WORKSPACE_UNREADABLE" },
    });
  });
});

describe("a git repository", () => {
  beforeEach(() => folder.git("init", "-q"));

  test("gives what git tracks or does not ignore, dot-files too", async () => {
    folder.write(".gitignore", "ignored/\n*.log\n");
    folder.write(".github/workflows/ci.yml", "on: push\n");
    folder.write("tracked.txt", "1");
    folder.write("forced.log", "2");
    folder.git("add", ".");
    folder.git("add", "--force", "forced.log");
    folder.write("untracked.txt", "3");
    folder.write("other.log", "4");
    folder.write("ignored/x", "5");
    expect(await taken()).toEqual([
      ".github/workflows/ci.yml",
      ".gitignore",
      "forced.log",
      "tracked.txt",
      "untracked.txt",
    ]);
  });

  test("gives files as they stand, not as they were committed, and not those that are gone", async () => {
    folder.write("changed", "old");
    folder.write("gone", "x");
    folder.git("add", ".");
    folder.git("commit", "-q", "-m", "one");
    folder.write("changed", "new");
    rmSync(folder.at("gone"));
    const { files, leftOut } = await folder.snapshot();
    expect(files.map((file) => [file.path, Buffer.from(file.bytes).toString()])).toEqual([
      ["changed", "new"],
    ]);
    expect(leftOut).toEqual([]);
  });

  test("may be above the workspace", async () => {
    folder.write(".gitignore", "ignored\n");
    folder.write("sub/a", "1");
    folder.write("sub/ignored", "2");
    folder.write("beside", "3");
    const below = new TestFolder();
    Object.defineProperty(below, "path", { value: folder.at("sub") });
    expect((await below.snapshot()).files.map((file) => file.path)).toEqual(["a"]);
  });

  test("lists a file in conflict once", async () => {
    folder.write("file", "base\n");
    folder.git("add", ".");
    folder.git("commit", "-q", "-m", "base");
    folder.git("checkout", "-q", "-b", "side");
    folder.write("file", "side\n");
    folder.git("commit", "-qam", "side");
    folder.git("checkout", "-q", "-");
    folder.write("file", "main\n");
    folder.git("commit", "-qam", "main");
    expect(() => folder.git("merge", "-q", "side")).toThrow("Command failed");
    expect(await taken()).toEqual(["file"]);
  });

  test("leaves out repositories inside it", async () => {
    folder.write("inner/file", "x");
    execFileSync("git", ["init", "-q", folder.at("inner")]);
    execFileSync("git", [
      "-C",
      folder.at("inner"),
      "-c",
      "user.name=T",
      "-c",
      "user.email=t@localhost",
      "commit",
      "-q",
      "--allow-empty",
      "-m",
      "x",
    ]);
    expect(await taken()).toEqual([]);
    expect(Object.keys(await leftOut())).toEqual(["inner/"]);
    folder.git("add", "inner");
    expect(await taken()).toEqual([]);
    expect(await leftOut()).toEqual({ inner: "it is a folder" });
  });

  test("with no git on this machine is a fault, since what is ignored may be secret", async () => {
    const taken = await folder.workspace({}, { PATH: "/nowhere" }).snapshot(new AbortController().signal);
    expect(taken).toMatchObject({
      ok: false,
      fault: { code: "WORKSPACE_UNREADABLE", help: expect.stringContaining("install git") },
    });
  });

  test.each([
    ["ends without a word", "exit 7", "it ended with code 7"],
    ["does not answer", "exec sleep 60", "it did not answer within 200 ms"],
  ])("whose git %s is a fault that says so", async (_, script, why) => {
    const bin = mkdtempSync(join(folder.home, "bin-"));
    writeFileSync(join(bin, "git"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const environment = { PATH: `${bin}:${process.env["PATH"] ?? ""}` };
    const listed = await listPaths(folder.path, environment, new AbortController().signal, { gitMsMax: 200 });
    expect(listed).toMatchObject({
      ok: false,
      fault: { code: "WORKSPACE_UNREADABLE", message: expect.stringContaining(why) },
    });
  });

  test("of more names than are looked at is too large", async () => {
    const blob = "0".repeat(39);
    const index = Array.from({ length: 200_001 }, (_, file) => `100644 ${blob}1 0\tf${file}\n`).join("");
    execFileSync("git", ["update-index", "--index-info"], { cwd: folder.path, input: index });
    expect(await folder.workspace().snapshot(new AbortController().signal)).toMatchObject({
      ok: false,
      fault: { code: "WORKSPACE_TOO_LARGE", message: expect.stringContaining("more than 200000 files") },
    });
  });

  test("that git cannot read is a fault that says what git said", async () => {
    writeFileSync(folder.at(".git/config"), "[core\n");
    const taken = await folder.workspace().snapshot(new AbortController().signal);
    expect(taken).toMatchObject({
      ok: false,
      fault: { code: "WORKSPACE_UNREADABLE", message: expect.stringContaining("bad config") },
    });
  });

  test.runIf(process.getuid?.() === 0)(
    "of another user is refused as git refuses it, with what to do",
    async () => {
      execFileSync("chown", ["-R", "65534", folder.path]);
      const taken = await folder.workspace().snapshot(new AbortController().signal);
      expect(taken).toMatchObject({
        ok: false,
        fault: { code: "WORKSPACE_UNREADABLE", help: expect.stringContaining("safe.directory") },
      });
    },
  );

  test("cannot have a program started by its own settings", async () => {
    const mark = folder.at("mark");
    const program = join(folder.home, "program");
    writeFileSync(program, `#!/bin/sh\ntouch '${mark}'\n`, { mode: 0o755 });
    folder.write("a", "1");
    for (const name of [
      "core.fsmonitor",
      "core.pager",
      "core.editor",
      "core.sshCommand",
      "diff.external",
      "core.alternateRefsCommand",
    ]) {
      folder.git("config", name, program);
    }
    folder.git("config", "core.hooksPath", folder.home);
    // The trap works: git without our settings steps into it.
    folder.git("status", "--short");
    expect(existsSync(mark)).toBe(true);
    rmSync(mark);
    expect(await taken()).toEqual(["a"]);
    expect(existsSync(mark)).toBe(false);
  });

  test("is not the one that variables of the caller name", async () => {
    folder.write("a", "1");
    const other = new TestFolder();
    other.git("init", "-q");
    other.write("b", "2");
    const variables = { GIT_DIR: other.at(".git"), GIT_WORK_TREE: other.path };
    const taken = await folder.workspace({}, variables).snapshot(new AbortController().signal);
    expect(taken.ok && taken.value.files.map((file) => file.path)).toEqual(["a"]);
    other.remove();
  });
});

describe("what never enters a sandbox", () => {
  verifies("gate.beyond.secrets-stay-out");
  const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";

  beforeEach(() => {
    folder.git("init", "-q");
    folder.write("kept.txt", "kept");
  });

  test.each([
    ".env",
    ".env.production",
    ".ENV.local",
    ".envrc",
    "deploy/.env/file",
    "id_rsa",
    "keys/ID_ED25519",
    "server.key",
    "store.P12",
    ".npmrc",
    ".netrc",
    ".git-credentials",
    ".aws/credentials",
    ".ssh/config",
  ])("by its name: %s", async (path) => {
    folder.write(path, "x");
    folder.git("add", "--force", ".");
    expect(await taken()).toEqual(["kept.txt"]);
  });

  test.each([
    ["an OpenSSH key", "notes.txt", key],
    ["a PEM key behind text", "config.yaml", `key: |\n  -----BEGIN PRIVATE KEY-----\n`],
    ["an encrypted key", "a.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"],
    ["an RSA key in JSON", "account.json", `{"key": "-----BEGIN RSA PRIVATE KEY-----\\nMIIE"}`],
    ["a PGP key", "b.asc", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n"],
    ["a PuTTY key", "c.txt", "PuTTY-User-Key-File-3: ssh-ed25519\n"],
    [
      "a key behind bytes that are no text",
      "d.bin",
      Buffer.concat([Buffer.from([0xff, 0xfe, 0]), Buffer.from(key)]),
    ],
    [
      "a key behind ten megabytes",
      "e.bin",
      Buffer.concat([Buffer.alloc(10 * 1024 * 1024), Buffer.from(key)]),
    ],
  ])("by its content: %s", async (_, path, content) => {
    folder.write(path, content);
    expect(await taken()).toEqual(["kept.txt"]);
    expect(await leftOut()).toEqual({ [path]: "it holds a private key" });
  });

  test.each([
    ["a certificate", "cert.pem", "-----BEGIN CERTIFICATE-----\n"],
    ["a public key", "id_rsa.pub", "ssh-rsa AAAA\n"],
    ["words about keys", "keys.md", "BEGIN PRIVATE KEY is how a PEM file starts\n"],
    ["a file called environment", "environment.ts", "x"],
  ])("%s does", async (_, path, content) => {
    folder.write(path, content);
    expect(await taken()).toContain(path);
  });

  test("links, wherever they lead, and what is below one", async () => {
    const outside = mkdtempSync(join(tmpdir(), "writ-outside-"));
    writeFileSync(join(outside, "secret.txt"), "outside");
    symlinkSync(join(outside, "secret.txt"), folder.at("link.txt"));
    symlinkSync(outside, folder.at("folder"));
    symlinkSync("kept.txt", folder.at("inside.txt"));
    symlinkSync("/etc/passwd", folder.at("passwd"));
    expect(await taken()).toEqual(["kept.txt"]);
    expect(await leftOut()).toEqual({
      folder: "it is a symbolic link",
      "inside.txt": "it is a symbolic link",
      "link.txt": "it is a symbolic link",
      passwd: "it is a symbolic link",
    });
    rmSync(outside, { recursive: true });
  });

  test("what a tracked folder leads to since it became a link", async () => {
    folder.write("dir/a.txt", "a");
    folder.git("add", ".");
    const outside = mkdtempSync(join(tmpdir(), "writ-outside-"));
    writeFileSync(join(outside, "a.txt"), "outside");
    rmSync(folder.at("dir"), { recursive: true });
    symlinkSync(outside, folder.at("dir"));
    expect(await taken()).toEqual(["kept.txt"]);
    expect((await leftOut())["dir/a.txt"]).toBe("`dir` above it is a symbolic link");
    rmSync(outside, { recursive: true });
  });

  test("names that are no names of run files", async () => {
    folder.write("back\\slash", "x");
    folder.write("e\u0301", "x");
    folder.write("line\nfeed", "x");
    mkdirSync(Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from([0xff, 0xfe])]));
    writeFileSync(
      Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from([0xff, 0xfe]), Buffer.from("/x")]),
      "x",
    );
    expect(await taken()).toEqual(["kept.txt"]);
    const why = await leftOut();
    expect(Object.keys(why)).toEqual(["back\\slash", "e\u0301", "line\\nfeed", "\ufffd\ufffd/x"]);
    expect(why["\ufffd\ufffd/x"]).toBe("its name is not UTF-8");
  });

  test("what an interrupted publish left behind", async () => {
    folder.write(`.writ-${"0".repeat(32)}.tmp`, "half");
    expect(await taken()).toEqual(["kept.txt"]);
  });
});

describe("a workspace that is too large", () => {
  const fault = async (): Promise<string> => {
    const taken = await folder.workspace().snapshot(new AbortController().signal);
    return taken.ok ? "ok" : `${taken.fault.code}: ${taken.fault.message}`;
  };

  test("by bytes: the largest files are named, and nothing is read", async () => {
    folder.write("small", "x");
    folder.write("data/large.bin", "");
    truncateSync(folder.at("data/large.bin"), SNAPSHOT_BYTES_MAX);
    expect(await fault()).toBe(
      "WORKSPACE_TOO_LARGE: the workspace is too large for a run: its files have 64.0 MiB, at most 64.0 MiB are taken; " +
        "the largest are data/large.bin (64.0 MiB), small (0.0 MiB)",
    );
  });

  test("by files: the folders that have most of them are named", async () => {
    folder.write("modules/a", "");
    folder.write("b", "");
    // The same file over and over: to make so many takes longer than everything else here.
    const modules = Array.from({ length: SNAPSHOT_FILES_MAX }, () => ({ path: "modules/a", readable: true }));
    const listed = [...modules, { path: "b", readable: true }];
    expect(await takeSnapshot(folder.path, listed, new AbortController().signal)).toMatchObject({
      ok: false,
      fault: {
        code: "WORKSPACE_TOO_LARGE",
        message:
          "the workspace is too large for a run: it has 10001 files, at most 10000 are taken; " +
          "most are in modules/ (10000), the folder itself (1)",
      },
    });
  });

  test("just not: it is taken", async () => {
    folder.write("large.bin", "");
    truncateSync(folder.at("large.bin"), SNAPSHOT_BYTES_MAX);
    expect(await taken()).toEqual(["large.bin"]);
  });
});
