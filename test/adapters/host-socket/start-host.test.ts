import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { HostPlace } from "#adapters/host-socket/place.ts";
import { hostPlace } from "#adapters/host-socket/place.ts";
import { makeFolders } from "#adapters/host-socket/private-files.ts";
import { startHost } from "#adapters/host-socket/start-host.ts";

let root: string;
let place: HostPlace;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "writ-start-"));
  const found = hostPlace("w", {
    platform: "linux",
    uid: process.getuid?.(),
    variables: { XDG_RUNTIME_DIR: root },
  });
  if (!found.ok) throw new Error(found.fault.message);
  place = found.value;
  await makeFolders(place);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Runs a program as a host is run, to its end. */
const run = async (program: string): Promise<number | null | string> => {
  const started = await startHost(place, {
    command: [process.execPath, "-e", program],
    cwd: root,
    variables: { PATH: process.env["PATH"], WRIT_STATE: "/s", OPENAI_API_KEY: "sk" },
  });
  return started.ok ? started.value.exited : started.fault.code;
};

const log = (): string => readFileSync(place.log, "utf8");

test("a host says what it says into a file that is its user's alone, behind what was said before", async () => {
  expect(await run("console.log('one'); console.error('two'); process.exit(3)")).toBe(3);
  expect(await run("console.log('three')")).toBe(0);
  expect(log()).toBe("one\ntwo\nthree\n");
  expect(lstatSync(place.log).mode & 0o777).toBe(0o600);
});

test("what this host said is told apart from what others said before it", async () => {
  await run("console.log('one')");
  const command = [process.execPath, "-e", "console.log('t'.repeat(5000))"] as const;
  const started = await startHost(place, { command, cwd: root, variables: {} });
  if (!started.ok) throw new Error(started.fault.message);
  await started.value.exited;
  expect(started.value.said()).toBe("t".repeat(4096));
  rmSync(place.log);
  expect(started.value.said()).toBe("");
});

test("a log that is long begins anew", async () => {
  writeFileSync(place.log, "x".repeat(256 * 1024 + 1), { mode: 0o600 });
  expect(await run("console.log('new')")).toBe(0);
  expect(log()).toBe("new\n");
});

test("a log that is a link is not followed", async () => {
  symlinkSync(join(root, "elsewhere"), place.log);
  expect(await run("console.log('new')")).toBe("SOCKET_UNREADABLE");
});

test("a host has a session of its own, the given folder, no input and the allowed names alone", async () => {
  const program = `
    const { env } = process;
    const session = require("node:fs").readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ")[3];
    console.log(JSON.stringify([Object.keys(env).sort(), process.cwd(), Number(session) === process.pid]));
    process.stdin.on("end", () => console.log("end")).resume();
  `;
  expect(await run(program)).toBe(0);
  expect(log()).toBe(`${JSON.stringify([["PATH", "WRIT_STATE"], root, true])}\nend\n`);
});

test("a program that does not exist is a fault", async () => {
  const started = await startHost(place, { command: [join(root, "none")], cwd: root, variables: {} });
  expect(started).toMatchObject({ ok: false, fault: { code: "SOCKET_UNREADABLE" } });
});
