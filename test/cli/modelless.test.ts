import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Desk } from "#test/spine/desk.ts";
import { createDesk } from "#test/spine/desk.ts";
import { killHosts } from "#test/kit/hosts.ts";

/* Agents that never ask a model run without one. */

const FILE = "copy.symbi";

const agent = (body: string): string => `
function unused() -> String { return "x"; }
agent copy(name: String) -> String {
    policy desk { allow: list_files }
    with sandbox = "wasm" { ${body} }
}
`;

let desk: Desk;
beforeAll(() => {
  desk = createDesk(null);
  desk.write(FILE, agent('let names = list_files(); return "done " + name;'));
});
afterAll(async () => {
  await killHosts(desk.workspace);
  desk.dispose();
});

const powers = async (): Promise<string> => {
  const { out, err } = await desk.writ(["check", FILE, "--powers"]);
  expect(err).toEqual([]);
  return /\b[0-9a-f]{64}\b/.exec(out.join("\n"))?.[0] ?? "";
};

describe("without --model", { timeout: 120_000 }, () => {
  test("an agent whose body asks none completes, and its record says that it had none", async () => {
    const ran = await desk.writ(["run", FILE, "--input", "name=x", "--consent", await powers()]);
    expect(ran.code, ran.err.join("\n")).toBe(0);
    expect(ran.out.join("\n")).toContain("done x");
    const started = desk.entries().find(({ type }) => type === "run.started");
    expect(started?.public["model"]).toBe("none");
    expect(desk.entries().map(({ type }) => type)).not.toContain("model.requested");
  });

  test("it runs in a host too", async () => {
    const ran = await desk.writ(["run", FILE, "--detach", "--input", "name=x", "--consent", await powers()]);
    expect(ran.code, ran.err.join("\n")).toBe(0);
  });

  test.each([
    ["its body does", agent('return reason("Say it.", name).response;')],
    [
      "a function of the file does",
      agent('return "x";').replace('return "x"; }', 'return reason("a", "b").response; }'),
    ],
    ["it has no body", "agent copy(name: String) { policy desk { allow: list_files } }"],
  ])("an agent that can ask one is refused: %s", async (_, text) => {
    desk.write("asks.symbi", text);
    for (const line of [
      ["run", "asks.symbi", "--input", "name=x"],
      ["run", "asks.symbi", "--input", "name=x", "--detach"],
      ["check", "asks.symbi", "--powers"],
    ]) {
      const said = await desk.writ(line);
      expect(said.err.join("\n")).toContain("no model is chosen");
      expect(said.code).toBe(2);
    }
  });
});
