import { describe, expect, test } from "vitest";

import { replayRun } from "#agent/index.ts";

import type { WorldPlan } from "./world.ts";
import { calls, crypto, giveUpIn, interrupted, journalOf, requestOf, runIn, says } from "./world.ts";

const PLAN: WorldPlan = {
  turns: [calls("list_files"), calls("publish_file", { path: "a.md" }), says("done")],
  tools: { publish_file: { act: { k: "result" } } },
};

const whole = await runIn(PLAN);

const cutAt = (length: number) => {
  const { recorder } = whole;
  return interrupted({
    run: recorder.run,
    scope: recorder.scope,
    entries: recorder.entries.slice(0, length),
  });
};

const CUTS = whole.recorder.entries.slice(1).map((_, index) => index + 1);

const openPairs = (entries: readonly { readonly type: string; readonly public: object }[]) => {
  const ends = ["action.completed", "effect.unknown", "model.answered", "model.failed"];
  const callOf = (entry: object): unknown => (entry as { public: { callId?: unknown } }).public.callId;
  const closed = entries.filter(({ type }) => ends.includes(type)).map(callOf);
  return entries.filter(
    (entry) => /^(?:action\.intended|model\.requested)$/.test(entry.type) && !closed.includes(callOf(entry)),
  );
};

describe("a run that was killed behind any entry and is given up", () => {
  test.each(CUTS)("ends on record once, whole, in the state that it came to: %i entries", async (length) => {
    const given = await giveUpIn(PLAN, cutAt(length));
    if (!given.ok) throw new Error(given.fault.message);
    const { entries } = given.value;
    const ends = entries.filter(({ type }) => type === "run.ended");
    expect(ends).toEqual([entries.at(-1)]);
    const { spec, agent, registry, offered } = requestOf(PLAN);
    const replay = replayRun(crypto, { spec, agent, registry, offered }, journalOf(given.value));
    if (!replay.ok) throw new Error(replay.fault.message);
    const { state, digests } = replay.value;
    // It had come to its end already, of which only the record is missing.
    const isDone = length === whole.recorder.entries.length - 1;
    const end = isDone
      ? { outcome: "completed", reason: "COMPLETED" }
      : { outcome: "cancelled", reason: "CANCELLED" };
    expect(state.end).toMatchObject(end);
    expect(ends[0]?.public).toMatchObject({
      ...end,
      inputs: digests.length,
      state: digests.at(-1),
      inputTokens: state.usage.inputTokens,
      outputTokens: state.usage.outputTokens,
    });
    expect(openPairs(entries)).toEqual([]);
    expect(entries.map(({ type }) => type)).not.toContain("run.resumed");
  });

  test.each(CUTS)("ends the same way where nothing of its content is left: %i entries", async (length) => {
    const remains = cutAt(length);
    const given = await giveUpIn(PLAN, remains, { isErased: true });
    if (!given.ok) throw new Error(given.fault.message);
    const { entries } = given.value;
    const added = entries.slice(remains.entries.length);
    expect(added.map(({ content }) => content)).toEqual(added.map(() => ({})));
    expect(added.at(-1)).toMatchObject({ type: "run.ended", public: { outcome: "cancelled" } });
    expect(openPairs(entries)).toEqual([]);
  });
});

test("a run that another process took up at the same moment is not ended", async () => {
  const given = await giveUpIn(PLAN, cutAt(4), { isAlone: false });
  expect(given).toMatchObject({ ok: false, fault: { code: "RUN_SUPERSEDED" } });
});
