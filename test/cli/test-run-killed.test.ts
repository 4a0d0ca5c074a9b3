import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

import { ordersFolder, withOrders } from "#test/apitest/orders-server.ts";
import { recorded, serve, verified } from "#test/host/tests/rig.ts";

const start = fileURLToPath(new URL("../../runtime/cli/start.ts", import.meta.url));

let folder: string;
let state: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "writ-killed-"));
  state = join(folder, "state");
  mkdirSync(join(folder, "policies"));
  cpSync(join(ordersFolder, "openapi.yaml"), join(folder, "openapi.yaml"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `writ test run` in a process of its own. */
const writ = (origin: string) => started("test", "run", "openapi.yaml", "--origin", origin);

/** `writ` in a process of its own. */
const started = (...words: readonly string[]) => {
  const child = spawn(process.execPath, [start, ...words], {
    cwd: folder,
    env: { WRIT_STATE: state, HOME: folder, PATH: "/usr/bin:/bin" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => said.push(chunk));
  return { child, ended: once(child, "close"), text: () => Buffer.concat(said).toString("utf8") };
};

test("a run that was killed between its requests is on record as interrupted, and the ledger goes on", async () => {
  let arrived: () => void = () => undefined;
  const some = new Promise<void>((resolve) => (arrived = resolve));
  let count = 0;
  const server = await serve((_, response) => {
    count += 1;
    if (count === 5) arrived();
    setTimeout(() => response.writeHead(200).end(), 20);
  });
  const killed = writ(server.origin);
  await some;
  killed.child.kill("SIGKILL");
  await killed.ended;
  await server.close();

  const listed = started("ps", "--all");
  await listed.ended;
  expect(listed.text()).toMatch(/^[0-9a-f]{8} {2}interrupted .* tests of openapi\.yaml\n$/);

  const again = await withOrders(undefined, async (origin) => {
    const second = writ(origin);
    const [code] = (await second.ended) as [number];
    return { code, text: second.text() };
  });
  expect(again.text).toContain("was interrupted before it ended");
  // Tests are begun anew: nothing goes on with them.
  expect(again.text).toMatch(/`writ audit show [0-9a-f]{8}` shows which tests it sent/);
  expect(again.text).not.toContain("--resume");
  expect(again.text).toContain("nothing contradicts the document");
  expect(again.code).toBe(0);

  const at = { folder, state };
  const entries = (await recorded(at)).map(({ entry }) => entry);
  const [first, second] = entries.filter(({ type }) => type === "tests.started");
  const ofFirst = entries.filter(({ run }) => run?.id === first?.run?.id).map(({ type }) => type);
  // What it was about to do was on record before the first request.
  expect(ofFirst.slice(0, 3)).toEqual(["tests.started", "action.decided", "action.intended"]);
  expect(ofFirst.at(-1)).toBe("run.interrupted");
  expect(ofFirst).not.toContain("tests.ended");
  const ofSecond = entries.filter(({ run }) => run?.id === second?.run?.id).map(({ type }) => type);
  expect(ofSecond.at(-1)).toBe("tests.ended");
  expect((await verified(at)).faultsTotal).toBe(0);
});
