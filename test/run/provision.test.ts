import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/*
 * What `npm test` says and does before it tests, on a machine that has none of the programs: the PATH leads
 * to nothing but a shell and to stand-ins for what installs, which only say how they were called.
 */

const folder = mkdtempSync(join(tmpdir(), "writ-provision-"));
beforeAll(() => {
  symlinkSync("/bin/sh", join(folder, "sh"));
  for (const name of ["apt-get", "npm"]) {
    writeFileSync(join(folder, name), `#!/bin/sh\necho "called: ${name} $*" >&2\n`);
    chmodSync(join(folder, name), 0o755);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Everything that it said, in order, as this user. */
const provision = (uid: number, variables: Readonly<Record<string, string>> = {}): readonly string[] => {
  const said = join(folder, "said");
  const file = openSync(said, "w");
  const as = `data:text/javascript,process.getuid = () => ${uid}`;
  const program = join(import.meta.dirname, "provision.ts");
  const { status } = spawnSync(process.execPath, ["--import", as, program], {
    env: { PATH: folder, ...variables },
    stdio: ["ignore", file, file],
    timeout: 60_000,
  });
  closeSync(file);
  expect(status).toBe(0);
  return readFileSync(said, "utf8").trim().split("\n");
};

const PACKAGES = "docker.io, runsc, busybox-static, iptables";
const isDebian = existsSync("/etc/debian_version");
const calls = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => line.startsWith("called: apt-get"));

describe("root on Debian", () => {
  test("is told first what is installed and what is started with it; then it is installed", () => {
    const lines = provision(0);
    if (!isDebian) {
      expect(lines).toContain(`not installed, for want of Debian or of root: ${PACKAGES}`);
      return;
    }
    const said = lines.indexOf(`installing ${PACKAGES} with apt-get, for tests of containers`);
    expect(lines[said + 1]).toContain("start a Docker Engine of their own");
    expect(lines.slice(said + 2, said + 4)).toEqual([
      "called: apt-get -qq update",
      "called: apt-get -qq install -y --no-install-recommends docker.io runsc busybox-static iptables",
    ]);
  });

  test("who asks for it with WRIT_PROVISION=0 gets nothing installed", () => {
    const lines = provision(0, { WRIT_PROVISION: "0" });
    expect(lines[0]).toBe("nothing is installed, as WRIT_PROVISION=0 asks");
    expect(lines.filter((line) => line.startsWith("called:"))).toEqual([]);
  });
});

test("anybody else is told what is not installed, and nothing is", () => {
  const lines = provision(1000);
  expect(lines).toContain(`not installed, for want of Debian or of root: ${PACKAGES}`);
  expect(calls(lines)).toEqual([]);
});
