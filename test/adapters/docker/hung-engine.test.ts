import { afterAll, beforeAll, expect, test } from "vitest";

import { connectEngine } from "#adapters/docker/engine.ts";
import type { FakeEngine } from "#test/kit/fake-engine.ts";
import { startFakeEngine } from "#test/kit/fake-engine.ts";

/* An engine that takes every connection and never says a word. */

let engine: FakeEngine;
beforeAll(async () => {
  engine = await startFakeEngine(null);
});
afterAll(() => engine.close());

test("is given up on after its time, and its connections are closed, so that the process can end", async () => {
  const facts = await connectEngine(engine.socket).facts(200);
  expect(facts).toEqual({ ok: false, fault: { status: null, why: "it did not answer within 200 ms" } });
  await expect.poll(() => engine.connections()).toBe(0);
});
