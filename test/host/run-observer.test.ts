import { expect, test } from "vitest";

import { heldObserver, observedRecorder } from "#host/run-observer.ts";
import type { RunObserver } from "#host/run-observer.ts";
import type { EntryDraft } from "#ports/run-recorder.ts";
import { createRunRecorderFake } from "#test/kit/run-recorder-fake.ts";

const DRAFT: EntryDraft = {
  type: "body.advanced",
  cause: null,
  public: { statement: 0, steps: 1 },
  content: {},
  feeds: true,
};

const LIVE = ["output.printed", { level: null, text: "hello" }] as const;

test("a watcher sees what is durable and nothing that the ledger refused", async () => {
  const recorder = createRunRecorderFake();
  recorder.failAt(1);
  const seen: string[] = [];
  const watcher: RunObserver = {
    entry: ({ type, entry }) => void seen.push(`${type} ${entry.runSeq}`),
    live: (type) => void seen.push(type),
  };
  const observed = observedRecorder(recorder, watcher, (error) => void seen.push(String(error)));
  await observed.record(DRAFT);
  observed.live(...LIVE);
  expect((await observed.record(DRAFT)).ok).toBe(false);
  expect(seen).toEqual(["body.advanced 0", "output.printed"]);
});

test("a watcher that breaks keeps nothing from the record, and is shown the next event all the same", async () => {
  const recorder = createRunRecorderFake();
  const thrown: unknown[] = [];
  const breaks = (): never => {
    throw new Error("the view broke");
  };
  const observed = observedRecorder(recorder, { entry: breaks, live: breaks }, (error) => thrown.push(error));
  expect((await observed.record(DRAFT)).ok).toBe(true);
  observed.live(...LIVE);
  expect((await observed.record(DRAFT)).ok).toBe(true);
  expect([recorder.entries.length, recorder.lives.length]).toEqual([2, 1]);
  expect(thrown.map(String)).toEqual(Array(3).fill("Error: the view broke"));
});

test("a watcher that is held sees nothing before it may, and then all of it in its order", async () => {
  const seen: string[] = [];
  const held = heldObserver({
    entry: ({ type }) => void seen.push(type),
    live: (type) => void seen.push(type),
  });
  const observed = observedRecorder(createRunRecorderFake(), held, (error) => void seen.push(String(error)));
  await observed.record(DRAFT);
  observed.live(...LIVE);
  expect(seen).toEqual([]);
  held.release((error) => void seen.push(String(error)));
  expect(seen).toEqual(["body.advanced", "output.printed"]);
  await observed.record(DRAFT);
  expect(seen).toEqual(["body.advanced", "output.printed", "body.advanced"]);
});

test("a watcher that breaks when it is let see keeps whoever lets it from nothing", async () => {
  const thrown: unknown[] = [];
  const breaks = (): never => {
    throw new Error("the view broke");
  };
  const held = heldObserver({ entry: breaks, live: breaks });
  const observed = observedRecorder(createRunRecorderFake(), held, (error) => thrown.push(error));
  await observed.record(DRAFT);
  observed.live(...LIVE);
  held.release((error) => thrown.push(error));
  expect(thrown.map(String)).toEqual(Array(2).fill("Error: the view broke"));
});
