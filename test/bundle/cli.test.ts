import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtWrit } from "#test/kit/built-writ.ts";
import { hostsOf, killHosts } from "#test/kit/hosts.ts";
import { oldestNode, oldestNodeVersion } from "#test/kit/oldest-node.ts";

/**
 * Runs what `npm run build` makes, from a copy far from `node_modules`: whatever the bundle forgot to bring is
 * missing here, as it would be for a user.
 */
const top = fileURLToPath(new URL("../../", import.meta.url));
const manifest = JSON.parse(readFileSync(join(top, "package.json"), "utf8")) as {
  version: string;
  engines: { node: string };
};

let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "writ-bundle-"));
  cpSync(await builtWrit(), join(home, "dist"), { recursive: true });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

test("the oldest Node that is tested is the one that the manifest promises", () => {
  expect(oldestNodeVersion()).toMatch(new RegExp(`^v${manifest.engines.node.replace(">=", "")}\\.`));
});

test("the command can be started by its name", () => {
  const file = join(home, "dist/cli.js");
  expect(statSync(file).mode & 0o777).toBe(0o755);
  expect(readFileSync(file, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
});

describe.each([
  ["the Node of development", process.execPath],
  ["the oldest Node", oldestNode],
])("on %s", (which, node) => {
  const place = (): string => join(home, which.replaceAll(" ", "-"));
  const writ = (...args: readonly string[]): { code: number | null; out: string; err: string } => {
    const done = spawnSync(node, [join(home, "dist/cli.js"), ...args], {
      cwd: place(),
      encoding: "utf8",
      timeout: 60_000,
      env: {
        WRIT_STATE: join(home, `${which} state`),
        XDG_RUNTIME_DIR: home,
        DOCKER_HOST: "unix:///no/engine",
      },
    });
    return { code: done.status, out: done.stdout, err: done.stderr };
  };
  beforeAll(() => cpSync(join(top, "examples/release-notes"), place(), { recursive: true }));

  afterAll(() => killHosts(place()));

  test("it says its version", () => {
    expect(writ("--version")).toEqual({ code: 0, out: `${manifest.version}\n`, err: "" });
  });

  test("it does not know every command", () => {
    expect(writ("conjure")).toMatchObject({ code: 2, out: "" });
  });

  test("it makes tests of a document, and reaches no server that is not there", () => {
    cpSync(join(top, "examples/orders-api/openapi.yaml"), join(place(), "openapi.yaml"));
    const made = writ("test", "generate", "openapi.yaml", "--out", "orders.test.ts");
    expect(made).toMatchObject({ code: 0, err: "" });
    expect(readFileSync(join(place(), "orders.test.ts"), "utf8")).toContain('describe("POST /orders"');
    expect(writ("test", "run", "openapi.yaml", "--origin", "http://127.0.0.1:1")).toMatchObject({
      code: 3,
      out: "",
    });
  });

  test("it checks a file, runs it in the sandbox, and verifies what the run left", () => {
    const file = "agents/release-notes.symbi";
    const model = ["--model", "scripted:model.json"];
    const powers = writ("check", file, "--powers", ...model);
    expect(powers).toMatchObject({ code: 0, err: "" });
    const [digest = ""] = /\b[0-9a-f]{64}\b/.exec(powers.out) ?? [];
    expect(writ("run", file, "--input", "version=2.4.0", ...model, "--consent", digest)).toMatchObject({
      code: 0,
      err: "",
    });
    expect(readFileSync(join(place(), "RELEASE-NOTES.md"), "utf8")).toContain("## 2.4.0");
    expect(writ("audit", "verify")).toMatchObject({ code: 0, err: "" });
  });

  test("it starts a host, which runs what it is asked for while several clients come and go", () => {
    const file = "agents/release-notes.symbi";
    const model = ["--model", "scripted:model.json"];
    // Agreed to above, which is remembered.
    const started = writ("run", file, "--input", "version=2.5.0", ...model, "--detach", "--json");
    expect(started).toMatchObject({ code: 0, err: "" });
    const { run } = JSON.parse(started.out) as { run: string };
    expect(hostsOf(place())).toHaveLength(1);
    expect(writ("ps", "--all").out).toContain(run.slice(-8));
    expect(writ("stop", run)).toMatchObject({ code: 0, err: "" });
    expect(writ("ps")).toMatchObject({ code: 0, out: "No run goes on here.\n" });
  });
});
