import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createEngineCalls } from "#adapters/docker/engine-call.ts";
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

const SOON = { callMsMax: 30_000, lookMs: 20, answerMsMax: 50 };

test("is given up on in the midst of a call as soon as it does not even say that it is there", async () => {
  const removed = await connectEngine(engine.socket, SOON).remove("writ-1");
  expect(removed).toMatchObject({ ok: false, fault: { status: null, isSilent: true } });
  await expect.poll(() => engine.connections()).toBe(0);
});

test("leaves no question open whether it is there, once its call is over", async () => {
  const limits = { callMsMax: 200, lookMs: 20, answerMsMax: 30_000 };
  const removed = await connectEngine(engine.socket, limits).remove("writ-1");
  expect(removed).toMatchObject({ ok: false, fault: { why: "it did not answer within 200 ms" } });
  await expect.poll(() => engine.connections()).toBe(0);
});

const never = <T>(): Promise<T> => new Promise(() => undefined);

describe("whoever waits for long", () => {
  const limits = { callMsMax: 30_000, lookMs: 5, answerMsMax: 20 };
  const there = (): Promise<string> => Promise.resolve("OK");
  const gone = (): Promise<never> => Promise.reject(new Error("refused"));

  test("hears of an engine that leaves two questions in a row unanswered, and of none that answers every other one", async () => {
    const says = [there, never, there, never, gone, never, never];
    let asked = 0;
    const calls = createEngineCalls(() => (says[(asked += 1) - 1] ?? there)(), limits);
    expect(await calls.silence(new AbortController().signal)).toEqual({
      status: null,
      why: "it takes calls and has not said for 1 s that it is there",
      isSilent: true,
    });
    expect(asked).toBe(says.length);
  });

  test("asks no more once it is over", async () => {
    const over = new AbortController();
    let asked = 0;
    const calls = createEngineCalls(() => {
      asked += 1;
      over.abort();
      return never();
    }, limits);
    const heard = calls.silence(over.signal).then(() => "silence");
    const later = new Promise((resolve) => setTimeout(resolve, 200, "nothing"));
    expect(await Promise.race([heard, later])).toBe("nothing");
    expect(asked).toBe(1);
  });
});

describe("a call that takes its time", () => {
  /** Settles when it has been asked that often whether it is there. */
  const asksUntil = (times: number, ping: () => Promise<unknown>) => {
    let done: (said: string) => void = () => undefined;
    const said = new Promise<string>((resolve) => (done = resolve));
    let asked = 0;
    const calls = createEngineCalls(() => {
      asked += 1;
      if (asked === times) done("done");
      return ping();
    }, SOON);
    return { calls, said };
  };

  test("goes on as long as the engine says that it is there", async () => {
    const { calls, said } = asksUntil(4, async () => "OK");
    expect(await calls.bounded(() => said)).toEqual({ ok: true, value: "done" });
  });

  test("goes on where the engine takes no more connections, until it has ended what it has", async () => {
    const { calls, said } = asksUntil(4, () => Promise.reject(new Error("refused")));
    expect(await calls.bounded(() => said)).toEqual({ ok: true, value: "done" });
    expect(await calls.answers()).toBe(false);
  });

  test("is told when nobody waits for it any more", async () => {
    const { calls } = asksUntil(1, never);
    let late: AbortSignal | undefined;
    const said = await calls.bounded((signal) => {
      late = signal;
      return never();
    });
    expect(said).toMatchObject({ ok: false, fault: { isSilent: true } });
    expect(late?.aborted).toBe(true);
  });

  test("has a limit whatever the engine says of itself, which is no silence", async () => {
    const { calls } = asksUntil(100, async () => "OK");
    const said = await calls.bounded(never, 200);
    expect(said).toEqual({ ok: false, fault: { status: null, why: "it did not answer within 200 ms" } });
  });
});
