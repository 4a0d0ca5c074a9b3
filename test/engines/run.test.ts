import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { SandboxSession } from "#ports/sandbox.ts";
import { WASM_LIMITS_DEFAULT } from "#sandbox/profile.ts";
import { builtWrit } from "#test/kit/built-writ.ts";
import { everyFile } from "#test/kit/sandbox-fake.ts";
import { verifies } from "#test/kit/verifies.ts";

import {
  containerRunning,
  containersWith,
  engineCall,
  engineSocket,
  needsEngine,
  newOwner,
  ownerIn,
  providersOf,
  systemDeps,
  waitingAfter,
} from "./kit.ts";

/* `writ run` as a person starts it, with a shell in a container. */

const program = join(await builtWrit(), "cli.js");

const AGENT = `agent notes(topic: String) {
    capabilities = ["read_file", "write_file", "publish_file", "shell", "run_javascript"]
    policy desk {
        allow: [read_file, shell, run_javascript]
        allow: write_file(path) if path.starts_with("notes/")
        allow: publish_file(path) if path.starts_with("notes/")
    }
    with sandbox = "docker", timeout = 2.minutes {
        return reason("You take notes.", topic).response;
    }
}
`;

const call = (text: string, tool: string, args: Readonly<Record<string, string>>) => ({
  text,
  toolCalls: [{ tool, arguments: args }],
});
const SCRIPT = {
  turns: [
    call("I write.", "shell", { command: "mkdir -p notes && echo moon >notes/tides.md" }),
    call("I look.", "run_javascript", { code: "files.read('notes/tides.md').trim()" }),
    call("I write where I may not.", "shell", { command: "echo x >elsewhere" }),
    { text: "Done." },
  ],
};

const home = mkdtempSync(join(tmpdir(), "writ-engines-"));
const workspace = join(home, "workspace");
beforeAll(() => {
  mkdirSync(join(workspace, "policies"), { recursive: true });
  writeFileSync(join(workspace, "notes.symbi"), AGENT);
  writeFileSync(join(workspace, "model.json"), JSON.stringify(SCRIPT));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const writ = (socket: string, ...args: readonly string[]): ReturnType<typeof plainly> =>
  plainly(socket, ...args, "--model", "scripted:model.json");

const plainly = (
  socket: string,
  ...args: readonly string[]
): { code: number | null; out: string; err: string } => {
  const done = spawnSync(process.execPath, [program, ...args], {
    cwd: workspace,
    encoding: "utf8",
    timeout: 110_000,
    env: { PATH: process.env["PATH"], WRIT_STATE: join(home, "state"), DOCKER_HOST: `unix://${socket}` },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
};

const consented = (socket: string, ...args: readonly string[]): ReturnType<typeof writ> => {
  const powers = writ(socket, "check", "notes.symbi", "--powers", ...args);
  const digest = /\b[0-9a-f]{64}\b/.exec(powers.out)?.[0] ?? "none";
  return writ(socket, "run", "notes.symbi", "--input", "topic=tides", "--consent", digest, ...args);
};

describe("an agent whose file asks for containers", () => {
  needsEngine();
  const socket = engineSocket ?? "";

  test("runs on the strongest tier that is there, and says which and why first", () => {
    verifies("card.sandbox.docker-or-gvisor", "sandbox.gvisor.default", "language.sandbox-tier");
    const run = consented(socket);
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(run.out).toMatch(
      /sandbox +(?:gvisor|docker): the strongest tier here; agent notes demands at least docker/,
    );
    expect(run.out).toContain('value: "moon"');
    expect(run.out).toContain("none of its changes were kept");
    expect(readFileSync(join(workspace, "notes/tides.md"), "utf8")).toBe("moon\n");
    expect(existsSync(join(workspace, "elsewhere"))).toBe(false);
  });

  test("runs on the tier that a person names", () => {
    rmSync(join(workspace, "notes"), { recursive: true, force: true });
    const run = consented(socket, "--sandbox", "docker");
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(run.out).toContain("docker: asked for by name");
    expect(readFileSync(join(workspace, "notes/tides.md"), "utf8")).toBe("moon\n");
  });
});

describe("a run that is killed with `kill -9`", () => {
  needsEngine();
  const socket = engineSocket ?? "";

  /** Starts the agent with these turns, and kills it once `sleep 1` runs in its container, whose id it gives. */
  const killedIn = async (owner: string, turns: readonly unknown[]): Promise<string> => {
    writeFileSync(join(workspace, "model.json"), JSON.stringify({ turns }));
    const powers = writ(socket, "check", "notes.symbi", "--powers", "--sandbox", "docker");
    const digest = /\b[0-9a-f]{64}\b/.exec(powers.out)?.[0] ?? "none";
    const args = ["run", "notes.symbi", "--input", "topic=tides", "--consent", digest, "--sandbox", "docker"];
    const running = spawn(process.execPath, [program, ...args, "--model", "scripted:model.json"], {
      cwd: workspace,
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: process.env["PATH"], WRIT_STATE: state, DOCKER_HOST: `unix://${socket}` },
    });
    running.stdout.resume();
    const gone = new Promise((resolve) => running.once("exit", resolve));
    const id = await containerRunning(owner, "sleep 1");
    running.kill("SIGKILL");
    await gone;
    return id;
  };

  const state = join(home, "state");
  test("goes on with the files that its programs had made, in a container of its own", async () => {
    verifies("agent.beyond.resume");
    rmSync(join(workspace, "notes"), { recursive: true, force: true });
    const owner = await ownerIn(state);
    await killedIn(owner, [
      call("I write.", "shell", { command: "mkdir -p notes && echo moon >notes/tides.md" }),
      call("I take my time.", "shell", {
        command: "sleep 1; sleep 1; sleep 1; cp notes/tides.md notes/day.md",
      }),
      { text: "Done." },
    ]);
    expect(existsSync(join(workspace, "notes"))).toBe(false);
    const listed = plainly(socket, "ps", "--json");
    const { run, state: stands } = JSON.parse(listed.out.trim()) as { run: string; state: string };
    expect(stands).toBe("interrupted");
    const resumed = plainly(socket, "run", "--resume", run);
    expect(resumed).toMatchObject({ code: 0, err: "" });
    expect(readFileSync(join(workspace, "notes/tides.md"), "utf8")).toBe("moon\n");
    expect(readFileSync(join(workspace, "notes/day.md"), "utf8")).toBe("moon\n");
    const verified = plainly(socket, "audit", "verify");
    expect(verified).toMatchObject({ code: 0, err: "" });
    // Its lease lives, and it was taken away all the same: two programs of one run never run beside each other.
    expect(await containersWith(`dev.writ.owner=${owner}`)).toEqual([]);
  });

  /** Ids of runs that `writ ps` calls interrupted. */
  const interrupted = (): readonly string[] =>
    plainly(socket, "ps", "--json")
      .out.trim()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as { readonly run: string; readonly state: string })
      .flatMap(({ run, state: stands }) => (stands === "interrupted" ? [run] : []));

  test("and stopped leaves no program: it is gone when that is said, and nothing else is", async () => {
    verifies("sandbox.orchestrator");
    const owner = await ownerIn(state);
    const loop = [call("I wait.", "shell", { command: "while :; do sleep 1; done" }), { text: "Done." }];
    const first = await killedIn(owner, loop);
    const [run = ""] = interrupted();
    expect(await containersWith(`dev.writ.run=${run}`)).toEqual([first]);
    const bystander = await withLabels(owner, newOwner(), run);
    expect(plainly(socket, "stop", run)).toMatchObject({ code: 0, err: "" });
    const left = await containersWith(`dev.writ.test=bystander`);
    expect(left.toSorted()).toEqual(bystander.toSorted());
    expect(await containersWith(`dev.writ.owner=${owner}`)).not.toContain(first);
    for (const id of bystander) await engineCall("DELETE", `/containers/${id}?force=1`);
  });

  /** Containers that are not of this run: of the same owner and another run, and of another owner who names this one. */
  const withLabels = async (owner: string, other: string, run: string): Promise<readonly string[]> => {
    const [image = ""] = await imagesOf(owner);
    const made: string[] = [];
    for (const labels of [
      { "dev.writ.owner": owner, "dev.writ.run": "018bcfe5-6800-7000-8000-00000000000a" },
      { "dev.writ.owner": owner },
      { "dev.writ.owner": other, "dev.writ.run": run },
    ]) {
      const { body } = await engineCall("POST", "/containers/create", {
        Image: image,
        Cmd: ["/bin/sh"],
        Labels: { "dev.writ.test": "bystander", ...labels },
      });
      made.push((body as { readonly Id: string }).Id);
    }
    return made;
  };

  const imagesOf = async (owner: string): Promise<readonly string[]> => {
    const filters = encodeURIComponent(JSON.stringify({ label: [`dev.writ.image-owner=${owner}`] }));
    const { body } = await engineCall("GET", `/images/json?filters=${filters}`);
    return (body as readonly { readonly Id: string }[]).map(({ Id }) => Id);
  };

  test("and stopped while nobody reaches the engine is over, and that its program may still run is said", async () => {
    const owner = await ownerIn(state);
    const loop = [call("I wait.", "shell", { command: "while :; do sleep 1; done" }), { text: "Done." }];
    const left = await killedIn(owner, loop);
    const [run = ""] = interrupted();
    const stopped = plainly(join(home, "nowhere.sock"), "stop", run);
    expect(stopped).toMatchObject({ code: 3, out: "" });
    expect(stopped.err).toMatch(/the run is over, but its containers could not be removed/);
    expect(stopped.err).toMatch(/may still run, and is ended at the latest 4 minutes after it began/);
    expect(stopped.err).toContain(`docker ps --filter label=dev.writ.run=${run}`);
    expect(interrupted()).toEqual([]);
    expect(plainly(socket, "stop", run)).toMatchObject({ code: 0 });
    await engineCall("DELETE", `/containers/${left}?force=1`);
  });

  test("leaves a container that stays while its lease lives, and is swept when that is over, alone", async () => {
    verifies("sandbox.orchestrator");
    const owner = await ownerIn(state);
    const neighbour = newOwner();
    const left = await killedIn(owner, [
      call("I wait.", "shell", { command: "while :; do sleep 1; done" }),
      { text: "Done." },
    ]);

    // Whoever comes while the lease lives takes nothing of anybody.
    const theirs = await openAt(neighbour, 0);
    const waiting = await waitingAfter(neighbour, (onOutput) =>
      theirs.exec(
        { kind: "shell", command: "echo on; sleep 1" },
        { ...everyFile, timeoutMs: 60_000, signal: never(), onOutput },
      ),
    );
    await (await openAt(owner, 0)).close();
    expect(await containersWith(`dev.writ.owner=${owner}`, "running")).toEqual([left]);
    await (await openAt(owner, LEASE_OVER_MS)).close();
    expect(await containersWith(`dev.writ.owner=${owner}`)).toEqual([]);
    expect(await containersWith(`dev.writ.owner=${neighbour}`, "running")).toEqual([waiting]);
    await theirs.close();
  });

  /** Longer than any lease of a program. */
  const LEASE_OVER_MS = 86_400_000;
  const never = (): AbortSignal => new AbortController().signal;

  /** A session of who comes later, by a clock that says so. */
  const openAt = async (owner: string, laterMs: number): Promise<SandboxSession> => {
    const clock = { ...systemDeps.clock, wallMs: () => systemDeps.clock.wallMs() + laterMs };
    const request = { files: [], limits: WASM_LIMITS_DEFAULT };
    const opened = await providersOf(owner, {}, { ...systemDeps, clock }).docker.open(request, never());
    if (!opened.ok) throw new Error(opened.fault.message);
    return opened.value;
  };
});

test("a tier that is missing is exit code 3, with how to get it", () => {
  const run = writ("/no/engine", "run", "notes.symbi", "--input", "topic=tides");
  expect(run.code).toBe(3);
  expect(run.err).toContain("no Docker Engine can be used");
  expect(run.err.replaceAll(/\s+/g, " ")).toContain("apt install docker.io");
});

test("a floor is not gone below, whoever asks", () => {
  const run = writ("/no/engine", "run", "notes.symbi", "--input", "topic=tides", "--sandbox", "wasm");
  expect(run.code).toBe(3);
  expect(run.err.replaceAll(/\s+/g, " ")).toContain("demands at least docker");
});
