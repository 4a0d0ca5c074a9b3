import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";

import { killHosts } from "#test/kit/hosts.ts";
import { createDesk } from "#test/spine/desk.ts";

import { startWrit } from "./writ-process.ts";

/*
 * `writ` straight from its sources, as whoever works on it starts it: every thread and process that it needs
 * is found in the checkout. Other tests run what is built.
 */

const FILE = "agents/release-notes.symbi";
const MODEL = ["--model", "scripted:model.json"];
const program = join(import.meta.dirname, "../../runtime/cli/start.ts");

const desk = createDesk("release-notes");
afterAll(async () => {
  await killHosts(desk.workspace);
  desk.dispose();
});

const writ = async (...words: readonly string[]): Promise<string> => {
  const running = startWrit({ folder: desk.workspace, state: desk.state }, words, { program });
  const [code] = await running.ended;
  expect(code, running.text()).toBe(0);
  return running.out();
};

test("a checkout needs no build to check a file, to run it in a host, and to make tests of a document", async () => {
  const powers = await writ("check", FILE, "--powers", ...MODEL);
  const [digest = ""] = /\b[0-9a-f]{64}\b/.exec(powers) ?? [];
  await writ("run", FILE, "--input", "version=2.4.0", ...MODEL, "--consent", digest, "--detach");
  await vi.waitFor(
    () => {
      const ends = desk.entries().filter(({ type }) => type === "run.ended");
      expect(ends.map((end) => end.public["outcome"])).toEqual(["completed"]);
    },
    { timeout: 100_000, interval: 50 },
  );
  expect(desk.read("RELEASE-NOTES.md")).toContain("2.4.0");

  desk.write("openapi.yaml", readFileSync("examples/orders-api/openapi.yaml"));
  expect(await writ("test", "generate", "openapi.yaml")).toContain("/orders");
});
