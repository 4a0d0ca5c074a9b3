import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { columnsOf } from "#cli/width.ts";
import type { FakeEngine } from "#test/kit/fake-engine.ts";
import { startFakeEngine } from "#test/kit/fake-engine.ts";
import type { Desk, DeskOptions } from "#test/spine/desk.ts";
import { createDesk } from "#test/spine/desk.ts";

const KEY = "sk-doctor-5f2c90aa71";
const SMUGGLED = "20.10\u001b[2J\u202e";

let desk: Desk;
let engine: FakeEngine;
let hung: FakeEngine;
beforeAll(async () => {
  desk = createDesk(null);
  engine = await startFakeEngine({ version: SMUGGLED, runtimes: ["runc"], images: ["mine"] });
  hung = await startFakeEngine(null);
});
afterAll(async () => {
  desk.dispose();
  await engine.close();
  await hung.close();
});

interface Found {
  readonly id: string;
  readonly state: string;
  readonly says: string;
  readonly remedy: { readonly what: string; readonly command: string | null } | null;
  readonly facts: Readonly<Record<string, unknown>>;
}

interface Report {
  readonly ready: boolean | null;
  readonly auto: unknown;
  readonly strongest: string | null;
  readonly findings: readonly Found[];
}

const doctor = async (line: readonly string[], options: DeskOptions = {}): Promise<Report> => {
  const said = await desk.writ(["doctor", "--json", ...line], options);
  expect(said.err).toEqual([]);
  return JSON.parse(said.out.join("\n")) as Report;
};

const part = (report: Report, id: string): Found => {
  const found = report.findings.find((one) => one.id === id);
  if (found === undefined) throw new Error(`nothing about ${id}`);
  return found;
};

describe("a machine without an engine", () => {
  let report: Report;
  beforeAll(async () => {
    report = await doctor([]);
  });

  test("has every part, each once", () => {
    expect(report.findings.map(({ id }) => id)).toEqual([
      "node",
      "platform",
      "state",
      "workspace",
      "host",
      "engine",
      "image",
      "tier.gvisor",
      "tier.docker",
      "tier.wasm",
      "models",
    ]);
  });

  test("can run only what names the embedded tier, whose limits were tried", () => {
    expect(report).toMatchObject({ ready: false, auto: null, strongest: "wasm" });
    const wasm = part(report, "tier.wasm");
    expect(wasm.state).toBe("ok");
    expect(JSON.stringify(wasm.facts)).toContain('"memory"');
  });

  test("says how to get one", () => {
    expect(part(report, "engine")).toMatchObject({ state: "absent" });
    expect(part(report, "engine").remedy).not.toBeNull();
    expect(part(report, "tier.docker")).toMatchObject({ state: "absent", facts: { usable: false } });
  });

  test("has no state folder afterwards either: nothing was tried that needs one", () => {
    expect(existsSync(desk.state)).toBe(false);
  });
});

describe("an engine", () => {
  const named = (host: string): DeskOptions => ({
    variables: { DOCKER_HOST: host, WRIT_SANDBOX_IMAGE: "mine" },
  });

  test("is told by what it says of itself, made visible, and nothing is tried unless asked for", async () => {
    const report = await doctor(["--no-probe"], named(engine.host));
    expect(report).toMatchObject({ ready: null, auto: null, strongest: null });
    expect(part(report, "engine").says).toContain("20.10\\e[2J\\u{202e}");
    expect(part(report, "image")).toMatchObject({ state: "ok", says: "mine" });
    expect(["tier.docker", "tier.wasm"].map((id) => part(report, id).state)).toEqual(["untried", "untried"]);
    const { out } = await desk.writ(["doctor", "--no-probe"], named(engine.host));
    expect(out.join("\n")).not.toContain("\u001b");
  });

  test.each([7, null, { a: 1 }])("that says %j as its version is shown without one", async (version) => {
    const odd = await startFakeEngine({ version, runtimes: [], images: [] });
    try {
      expect(part(await doctor(["--no-probe"], named(odd.host)), "engine").says).toContain("Docker Engine");
    } finally {
      await odd.close();
    }
  });

  test("without gVisor says how it gets it", async () => {
    const gvisor = part(await doctor(["--no-probe"], named(engine.host)), "tier.gvisor");
    expect(gvisor.says).toContain("gVisor");
    expect(gvisor.remedy).not.toBeNull();
  });

  test("that fails its trials is refused with the reason", async () => {
    const report = await doctor([], named(engine.host));
    expect(report).toMatchObject({ ready: false, strongest: "wasm" });
    expect(part(report, "tier.docker").state).toBe("wrong");
  });

  test("that takes connections and never answers is given up on", async () => {
    const report = await doctor(["--no-probe"], named(hung.host));
    expect(part(report, "engine")).toMatchObject({ state: "wrong" });
    expect(part(report, "engine").says).toContain("did not answer within");
    expect(report.ready).toBe(false);
    await expect.poll(() => hung.connections()).toBe(0);
  });

  test("that does not answer is not waited for by somebody who cancels", async () => {
    const cancel = new AbortController();
    const said = desk.writ(["doctor"], { ...named(hung.host), signal: cancel.signal });
    await expect.poll(() => hung.connections()).toBeGreaterThan(0);
    cancel.abort();
    expect((await said).code).toBe(130);
  });

  test.each([
    ["ssh://me:hunter2@host", "ssh"],
    ["tcp://10.0.0.1:2375", "network"],
    ["\u001b]0;owned\u0007", "no socket of this machine"],
  ])("named as %j is refused, and the value is not repeated", async (host, why) => {
    const report = await doctor(["--no-probe"], { variables: { DOCKER_HOST: host } });
    expect(part(report, "engine")).toMatchObject({ state: "wrong" });
    expect(part(report, "engine").says).toContain(why);
    expect(JSON.stringify(report)).not.toContain("hunter2");
    expect(JSON.stringify(report)).not.toContain("owned");
  });
});

describe("models", () => {
  const endpoints = (report: Report): unknown => part(report, "models").facts["endpoints"];

  test("are listed with their origin and whether there is a key, which is never shown", async () => {
    const variables = { WRIT_MODEL_URL: "https://models.example.com/v1", WRIT_MODEL_KEY: KEY };
    const report = await doctor(["--no-probe"], { variables });
    expect(endpoints(report)).toEqual([
      { name: "openai", origin: "https://models.example.com", needsKey: true, hasKey: true },
    ]);
    const { out } = await desk.writ(["doctor", "--no-probe"], { variables });
    expect(out.join("\n")).toContain("https://models.example.com, with a key");
    for (const text of [JSON.stringify(report), out.join("\n")]) {
      expect(text).not.toContain(KEY);
      expect(text).not.toContain(KEY.slice(0, 9));
    }
  });

  test("on this machine need none", async () => {
    const report = await doctor(["--no-probe"], { variables: { WRIT_MODEL_URL: "http://127.0.0.1:9/v1" } });
    expect(endpoints(report)).toEqual([
      { name: "openai", origin: "http://127.0.0.1:9", needsKey: false, hasKey: false },
    ]);
  });

  test("whose settings cannot be read say why", async () => {
    const config = join(desk.workspace, "config");
    mkdirSync(join(config, "writ"), { recursive: true });
    writeFileSync(join(config, "writ", "models.json"), "{");
    const report = await doctor(["--no-probe"], { variables: { XDG_CONFIG_HOME: config } });
    expect(part(report, "models").state).toBe("wrong");
  });
});

test("a workspace that was run in is known, and one whose identity is damaged or whose key is gone is in the way", async () => {
  const other = createDesk("release-notes");
  try {
    const [model, file] = ["scripted:model.json", "agents/release-notes.symbi"];
    const consent = await other.powers(file, model);
    const line = ["run", file, "--model", model, "--input", "version=1", "--consent", consent];
    expect((await other.writ(line)).code).toBe(0);
    const workspace = async (): Promise<Found> => {
      const { out } = await other.writ(["doctor", "--no-probe", "--json"]);
      return part(JSON.parse(out.join("\n")) as Report, "workspace");
    };
    expect(await workspace()).toMatchObject({ state: "ok", facts: { key: true } });
    for (const name of readdirSync(join(other.state, "keys")).filter((key) => key.startsWith("workspace."))) {
      rmSync(join(other.state, "keys", name));
    }
    const lost = await workspace();
    expect(lost).toMatchObject({ state: "wrong" });
    expect(lost.remedy?.what).toContain("put `");
    // A ledger folder that cannot be listed may hold logs: the key may be lost then too.
    rmSync(join(other.state, "ledgers"), { recursive: true });
    writeFileSync(join(other.state, "ledgers"), "");
    expect(await workspace()).toMatchObject({ state: "wrong" });
    const [identity = ""] = readdirSync(join(other.state, "workspaces"));
    writeFileSync(join(other.state, "workspaces", identity), "{");
    expect((await workspace()).says).toContain("damaged");
  } finally {
    other.dispose();
  }
});

test("a state folder that cannot be made is in the way of every agent", async () => {
  const other = createDesk(null);
  try {
    writeFileSync(other.state, "");
    const { code, out } = await other.writ(["doctor", "--no-probe"]);
    expect(code).toBe(1);
    expect(out.at(-1)).toBe("No agent can run here until what is marked ✗ is mended.");
  } finally {
    other.dispose();
  }
});

test.each([20, 40, 80, 120])(
  "fits into %i columns, except for what is there to be copied",
  async (columns) => {
    const { out } = await desk.writ(["doctor", "--no-probe"], { columns });
    const commands = (await doctor(["--no-probe"])).findings.flatMap(({ remedy }) => remedy?.command ?? []);
    const long = out.filter((line) => columnsOf(line) > columns && !commands.includes(line.trim()));
    expect(long).toEqual([]);
  },
);
