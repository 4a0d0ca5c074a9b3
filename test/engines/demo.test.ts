import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { DEMO_STEPS, demoSteps, startDemo } from "#test/kit/demo.ts";
import { createDesk } from "#test/spine/desk.ts";

import { engineSocket, needsEngine } from "./kit.ts";

/* What a newcomer meets where there is an engine of containers. */

const host = `unix://${engineSocket ?? "/no/engine"}`;

describe("`npm run demo`", () => {
  needsEngine();
  const scratch = mkdtempSync(join(tmpdir(), "writ-demo-engine-"));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test("takes the strongest tier of the engine and goes through all its steps on it", async () => {
    const { code, output } = await startDemo({ DOCKER_HOST: host, TMPDIR: scratch }).ended;
    expect(code, output).toBe(0);
    expect(demoSteps(output)).toEqual(DEMO_STEPS);
    const [, tier = ""] = /Sandbox: (gvisor|docker), the strongest/.exec(output) ?? [];
    expect(output).toMatch(new RegExp(`sandbox {3}${tier}: asked for by name`));
    expect(output).toContain('value: {"fix":2,"improvement":1}');
  });
});

describe("`writ doctor`", () => {
  needsEngine();
  const desk = createDesk(null);
  afterAll(() => desk.dispose());
  let report: {
    readonly ready: boolean;
    readonly auto: { readonly tier: string };
    readonly strongest: string;
    readonly findings: readonly { readonly id: string; readonly state: string; readonly details: string[] }[];
  };
  let code: number;
  beforeAll(async () => {
    if (engineSocket === null) return;
    const said = await desk.writ(["doctor", "--json"], { variables: { DOCKER_HOST: host } });
    code = said.code;
    report = JSON.parse(said.out.join("\n")) as typeof report;
  });

  test("tries each tier and says what an agent would get", () => {
    expect([code, report.ready]).toEqual([0, true]);
    expect(report.auto.tier).toBe(report.strongest);
    const docker = report.findings.find(({ id }) => id === "tier.docker");
    expect(docker?.state).toBe("ok");
    expect(docker?.details.join()).toMatch(/memory, processes, deadline/);
  });

  test("finds the image that the trials made", () => {
    const image = report.findings.find(({ id }) => id === "image");
    expect(image?.state).toBe("ok");
  });
});
