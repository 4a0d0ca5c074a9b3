import { createServer } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";

import { connectEngine } from "#adapters/docker/engine.ts";

/* An engine that takes every connection and never says a word. */

const folder = mkdtempSync(join(tmpdir(), "writ-hung-"));
const socketPath = join(folder, "docker.sock");
const open = new Set<Socket>();
const server = createServer((socket) => {
  open.add(socket);
  socket.once("close", () => open.delete(socket));
  socket.on("error", () => undefined);
  socket.resume();
});
beforeAll(() => new Promise<void>((resolve) => server.listen(socketPath, resolve)));
afterAll(async () => {
  for (const socket of open) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

test("is given up on after its time, and its connections are closed, so that the process can end", async () => {
  const facts = await connectEngine(socketPath).facts(200);
  expect(facts).toEqual({
    ok: false,
    fault: { status: null, why: "it did not answer within 200 ms" },
  });
  await expect.poll(() => open.size).toBe(0);
});
