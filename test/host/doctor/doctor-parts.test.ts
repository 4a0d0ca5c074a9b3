import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { inspectEngine } from "#adapters/docker/inspect-engine.ts";
import { lockHolder } from "#adapters/host-socket/lock-holder.ts";
import { takeLock } from "#adapters/ledger-files/log-lock.ts";
import type { FindingId, FindingState } from "#host/doctor/finding.ts";
import { finding } from "#host/doctor/finding.ts";
import type { EngineLack, Machine } from "#host/doctor/machine.ts";
import { engineRemedy, gvisorRemedy, imageRemedy } from "#host/doctor/machine.ts";
import { tierFinding } from "#host/doctor/parts.ts";
import { judge } from "#host/doctor/report.ts";
import { stateFinding } from "#host/doctor/state-folder.ts";
import { exposureOf } from "#host/state-exposure.ts";
import { readOsRelease } from "#host/doctor/surroundings.ts";
import { within } from "#host/doctor/within.ts";
import { ok } from "#kernel/result.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import type { TierState } from "#sandbox/tier.ts";

const folder = mkdtempSync(join(tmpdir(), "writ-doctor-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bare: Machine = {
  platform: "linux",
  isDebian: true,
  isRoot: false,
  hasSystemd: true,
  hasDockerd: false,
  hasRunsc: false,
};

describe("what to do about an engine", () => {
  test.each<[EngineLack, Partial<Machine>, string | null]>([
    ["absent", {}, "sudo apt install docker.io busybox-static"],
    ["absent", { isRoot: true }, "apt install docker.io busybox-static"],
    ["absent", { hasDockerd: true }, "sudo systemctl start docker"],
    ["absent", { isDebian: false }, null],
    ["absent", { platform: "darwin", isDebian: false }, null],
    ["absent", { platform: "win32", isDebian: false }, null],
    ["closed", {}, 'sudo usermod -aG docker "$USER"'],
    ["dead", {}, "sudo systemctl start docker"],
    ["dead", { hasSystemd: false, isRoot: true }, "service docker start"],
    ["unanswered", {}, "sudo systemctl restart docker"],
  ])("that is %s on %o", (lack, more, command) => {
    const remedy = engineRemedy(lack, { ...bare, ...more });
    expect(remedy.command).toBe(command);
    expect(remedy.what).not.toBe("");
  });
});

describe("what to do about gVisor", () => {
  test.each<[Partial<Machine>, string | null]>([
    [{}, "sudo apt install runsc && sudo runsc install && sudo systemctl restart docker"],
    [{ isRoot: true, hasRunsc: true }, "runsc install && systemctl restart docker"],
    [{ isDebian: false }, "sudo runsc install && sudo systemctl restart docker"],
    [{ platform: "darwin", isDebian: false }, null],
  ])("on %o", (more, command) => {
    expect(gvisorRemedy({ ...bare, ...more }).command).toBe(command);
  });
});

describe("what to do about the image", () => {
  test.each<[Partial<Machine>, string | null]>([
    [{}, "sudo apt install busybox-static"],
    [{ isRoot: true }, "apt install busybox-static"],
    [{ isDebian: false }, null],
    [{ platform: "darwin", isDebian: false }, null],
  ])("on %o", (more, command) => {
    const remedy = imageRemedy({ ...bare, ...more });
    expect(remedy.command).toBe(command);
    expect(command !== null || remedy.what.includes("WRIT_SANDBOX_IMAGE")).toBe(true);
  });
});

test.each([
  ['PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\nID_LIKE=debian\n', "Ubuntu 24.04 LTS", ["ubuntu", "debian"]],
  ["ID='rocky'\nID_LIKE=\"rhel centos fedora\"", "", ["rocky", "rhel", "centos", "fedora"]],
  ["", "", ["", ""]],
])("a system says what it is: %j", (text, name, families) => {
  expect(readOsRelease(text)).toEqual({ name, families });
});

describe("whether an agent can run", () => {
  const usable = (...tiers: readonly SandboxTier[]): readonly TierState[] =>
    (["gvisor", "docker", "wasm"] as const).map((tier) =>
      tiers.includes(tier) ? { tier, usable: true } : { tier, usable: false, why: "no" },
    );
  const found = (id: FindingId, state: FindingState) => finding(id, state, "");
  test.each([
    ["both containers", usable("gvisor", "docker", "wasm"), [], true, "gvisor", "gvisor"],
    ["Docker alone", usable("docker", "wasm"), [], true, "docker", "docker"],
    ["the embedded tier alone", usable("wasm"), [], false, null, "wasm"],
    ["nothing", usable(), [], false, null, null],
    ["a state folder in the way", usable("docker"), [found("state", "wrong")], false, "docker", "docker"],
    ["a note", usable("docker"), [found("state", "note")], true, "docker", "docker"],
    ["nothing tried", null, [found("engine", "ok"), found("image", "ok")], null, null, null],
    ["nothing tried, and no engine", null, [found("engine", "absent")], false, null, null],
    ["nothing tried, and no image", null, [found("image", "wrong")], false, null, null],
  ] as const)("with %s", (_, tiers, findings, ready, auto, strongest) => {
    const report = judge(findings, tiers);
    expect([report.ready, report.auto?.tier ?? null, report.strongest]).toEqual([ready, auto, strongest]);
    expect(report.blocked).toBe(findings.some(({ id, state }) => id === "state" && state === "wrong"));
  });
});

test("a limit that nobody tried is told from those that were shown", () => {
  const limits = [
    { name: "memory", shown: "ended at 16 MiB" },
    { name: "processor", shown: "configured: one processor; not shown" },
  ];
  const { details } = tierFinding("docker", ok({ tier: "docker", engine: "E", limits }), null);
  expect(details).toEqual(["shown here to hold: memory, processor (configured, not shown)"]);
});

describe("a question", () => {
  const signal = new AbortController().signal;
  test("that is answered gives the answer", async () => {
    expect(await within(60_000, systemClock, signal, () => Promise.resolve(7))).toBe(7);
  });
  test("that is not answered in time is told so, and may tidy up first", async () => {
    const steps: string[] = [];
    const answer = await within(10, systemClock, signal, async (aborted) => {
      await new Promise<void>((resolve) => aborted.addEventListener("abort", () => resolve()));
      steps.push("tidied up");
    });
    expect(answer).toBeNull();
    expect(steps).toEqual(["tidied up"]);
  });
  test("that fails fails", async () => {
    await expect(within(60_000, systemClock, signal, () => Promise.reject(new Error("no")))).rejects.toThrow(
      "no",
    );
  });
  test("that is cancelled ends as cancelled", async () => {
    const cancel = new AbortController();
    const asked = within(60_000, systemClock, cancel.signal, async (aborted) => {
      await new Promise<void>((resolve) => aborted.addEventListener("abort", () => resolve()));
      return 7;
    });
    cancel.abort();
    await expect(asked).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  });
});

describe("the state folder", () => {
  const at = (name: string): string => join(folder, name);
  test("that is not there would be made, and is not made by looking", async () => {
    const found = await stateFinding(at("new/inner"));
    expect([found.state, found.facts["exists"]]).toEqual(["ok", false]);
    expect((await stateFinding(at("new"))).facts["exists"]).toBe(false);
  });
  test("that is this user's alone is as it should be", async () => {
    mkdirSync(at("own"), { mode: 0o700 });
    expect(await stateFinding(at("own"))).toMatchObject({ state: "ok", facts: { mode: "0700" } });
  });
  test("that is open to others is worth a look", async () => {
    mkdirSync(at("it's open"));
    chmodSync(at("it's open"), 0o755);
    const found = await stateFinding(at("it's open"));
    expect(found.state).toBe("note");
    expect(found.remedy?.command).toBe(`chmod 700 '${folder}/it'\\''s open'`);
  });
  test.each([
    ["the whole", ".", 0o777],
    ["the whole, by its group", ".", 0o770],
    ["its keys", "keys", 0o733],
    ["its consents", "consents", 0o702],
    ["its workspaces", "workspaces", 0o720],
  ])("that others can write is in the way: %s", async (_what, part, mode) => {
    const state = mkdtempSync(at("state-"));
    mkdirSync(join(state, part), { recursive: true });
    chmodSync(join(state, part), mode);
    const found = await stateFinding(state);
    expect(found.state).toBe("wrong");
    expect(found.says).toMatch(/can be written by others \(mode 07\d\d\)$/);
    expect(found.remedy?.command).toBe(`chmod 700 '${join(state, part)}'`);
  });
  test("that another user owns is exposed, whatever its mode, and one of this user's is not", async () => {
    const state = mkdtempSync(at("state-"));
    const mine = process.getuid?.() ?? 0;
    expect(await exposureOf(state, mine)).toBeNull();
    // Root can give it away, and owns what is nobody else's to mind.
    const owner = mine === 0 ? 4_711 : mine;
    if (mine === 0) {
      expect(await exposureOf(state, owner)).toBeNull();
      chownSync(state, owner, owner);
    }
    expect(await exposureOf(state, owner + 1)).toMatchObject({
      folder: state,
      why: `belongs to another user (${owner})`,
      command: `chown -R "$(id -u)" '${state}'`,
    });
  });
  test("that is a file, or below one, is in the way", async () => {
    writeFileSync(at("file"), "");
    expect((await stateFinding(at("file"))).state).toBe("wrong");
    expect((await stateFinding(at("file/inner"))).state).toBe("wrong");
  });
});

describe("for a user without rights", () => {
  test("the state folder is in the way and the socket is closed", async () => {
    const closed = mkdtempSync(join(tmpdir(), "writ-closed-"));
    const socket = join(closed, "sock");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    chmodSync(closed, 0o000);
    try {
      const program = fileURLToPath(new URL("look-as-nobody.ts", import.meta.url));
      const said = execFileSync(process.execPath, [program, join(closed, "state"), socket], {
        encoding: "utf8",
      });
      expect(JSON.parse(said)).toMatchObject({ engine: "closed", state: { state: "wrong" } });
    } finally {
      chmodSync(closed, 0o700);
      server.close();
      rmSync(closed, { recursive: true, force: true });
    }
  });
});

describe("the engine's socket", () => {
  const kind = async (host: string): Promise<string> => (await inspectEngine({ DOCKER_HOST: host }, 1_000)).k;
  test.each([
    ["ssh://me:secret@host", "refused"],
    ["tcp://127.0.0.1:2375", "refused"],
    ["\u001b[2Jgarbage", "refused"],
    ["unix:///no/such/socket", "absent"],
    ["unix:///etc/passwd/sock", "absent"],
    [`unix:///${"x".repeat(500)}`, "refused"],
  ])("%j is %s", async (host, expected) => {
    expect(await kind(host)).toBe(expected);
  });
  test("that nobody listens at any more is dead", async () => {
    const file = join(folder, "no-socket");
    writeFileSync(file, "");
    expect(await kind(`unix://${file}`)).toBe("dead");
  });
});

test("a lock's holder is the process that has it, where the system says so", async () => {
  const path = join(folder, "lock");
  const lock = await takeLock(path);
  if (lock === "held") throw new Error("nobody else has it");
  try {
    expect(await lockHolder(path)).toBe(process.platform === "linux" ? process.pid : null);
    expect(await lockHolder(join(folder, "none"))).toBeNull();
  } finally {
    lock.release();
  }
  expect(await lockHolder(path)).toBeNull();
});
