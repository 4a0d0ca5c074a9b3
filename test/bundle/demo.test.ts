import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { DEMO_STEPS, demoSteps, startDemo } from "#test/kit/demo.ts";
import { verifies } from "#test/kit/verifies.ts";

/* `npm run demo` on a machine without an engine, with its output in a pipe. */

const BARE = { DOCKER_HOST: "unix:///no/engine" };

describe("the demo on a bare machine", () => {
  let output: string;
  let code: number | null;
  beforeAll(async () => {
    ({ output, code } = await startDemo(BARE).ended);
  });
  afterAll(() => {
    const [, workspace] = /^(\/\S+)\/workspace$/m.exec(output) ?? [];
    if (workspace !== undefined) rmSync(workspace, { recursive: true, force: true });
  });

  test("goes through all its steps", () => {
    verifies("sandbox.beyond.wasm-tier");
    expect(code, output).toBe(0);
    expect(demoSteps(output)).toEqual(DEMO_STEPS);
  });

  test("says which sandbox it takes, why, and what a stronger one needs", () => {
    expect(output).toMatch(/Sandbox: wasm, the strongest that passed its trials here/);
    expect(output.replaceAll(/\s+/g, " ")).toContain(
      "A stronger one needs more: engine /no/engine, which DOCKER_HOST names, is not there",
    );
    expect(output).toMatch(/sandbox {3}wasm: asked for by name/);
  });

  test("shows a denial with its rule, a changed file, the chain whole and the chain changed", () => {
    expect(output).toMatch(/read_file private\/reporters\.csv +DENIED/);
    expect(output).toMatch(/agents\/release-notes\.symbi:\d+:\d+ \(file layer/);
    expect(output).toContain("+## 2.4.0");
    expect(output).toContain("Nothing was changed.");
    expect(output).toContain("This is not the ledger that was written");
  });

  test("shows the bug of the example's server with its line for curl, and stops the server", async () => {
    expect(output).toMatch(/failure server-error openapi\.yaml:\d+:\d+/);
    const [line = "", origin = ""] = /^ *curl .*'(http:\/\/127\.0\.0\.1:\d+)\/orders'$/m.exec(output) ?? [];
    expect(line).toContain('"quantity":1000');
    await expect(fetch(origin)).rejects.toThrow("fetch failed");
  });

  test("leaves its lines uncoloured in a pipe", () => {
    expect(output).not.toContain("\u001b[");
  });
});

describe("the demo that is interrupted", () => {
  const scratch = mkdtempSync(join(tmpdir(), "writ-demo-test-"));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test.each(["2. The run", "5. Tests of an API"])(
    "in step %s ends everything that it started",
    async (step) => {
      const demo = startDemo({ ...BARE, TMPDIR: scratch });
      await expect.poll(() => demo.output(), { timeout: 100_000, interval: 20 }).toContain(`── ${step}`);
      demo.child.kill("SIGINT");
      const { code, output } = await demo.ended;
      expect(code, output).toBe(130);
      expect(output).toContain("interrupted");
      expect(readdirSync(scratch)).toEqual([]);
      expect(processesThatMention(scratch)).toEqual([]);
    },
  );
});

/** Command lines and working folders of every process, where the system shows them. */
const processesThatMention = (text: string): readonly string[] =>
  !existsSync("/proc/self/environ")
    ? []
    : readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
        .filter((name) => {
          try {
            const environment = readFileSync(join("/proc", name, "environ"), "utf8");
            return environment.includes(`TMPDIR=${text}`);
          } catch {
            return false;
          }
        });

test("the example's README names the command that this is", () => {
  const manifest = JSON.parse(
    readFileSync(join(dirname(import.meta.dirname), "..", "package.json"), "utf8"),
  ) as { scripts: Record<string, string> };
  expect(manifest.scripts["demo"]).toBe("node examples/demo.ts");
});
