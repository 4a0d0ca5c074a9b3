import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { verifies } from "#test/kit/verifies.ts";

import { engineSocket, needsEngine } from "./kit.ts";

/* `writ run` as a person starts it, with a shell in a container. */

const program = join(import.meta.dirname, "../../runtime/cli/start.ts");

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

const writ = (
  socket: string,
  ...args: readonly string[]
): { code: number | null; out: string; err: string } => {
  const done = spawnSync(process.execPath, [program, ...args, "--model", "scripted:model.json"], {
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
