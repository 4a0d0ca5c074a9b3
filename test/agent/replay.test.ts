import { describe, expect, test } from "vitest";
import type { JournalEntry } from "#agent/journal.ts";
import { replayRun } from "#agent/index.ts";
import type { WorldPlan } from "./world.ts";
import { calls, crypto, journalOf, requestOf, runIn, says } from "./world.ts";

const PLAN: WorldPlan = { turns: [calls("read_file", { path: "a" }), says("done")] };

const recorded = async (plan: WorldPlan = PLAN): Promise<readonly JournalEntry[]> =>
  journalOf((await runIn(plan)).recorder);

const replay = (entries: readonly JournalEntry[], plan: WorldPlan = PLAN) => {
  const { spec, agent, registry, offered } = requestOf(plan);
  return replayRun(crypto, { spec, agent, registry, offered }, entries);
};

const code = (outcome: ReturnType<typeof replay>): string => (outcome.ok ? "ok" : outcome.fault.code);

describe("a replay", () => {
  test("states a digest after every input, whatever order the entries come in", async () => {
    const entries = await recorded();
    const there = replay(entries);
    expect(there.ok && there.value.digests).toHaveLength(entries.length);
    expect(there.ok && new Set(there.value.digests).size).toBe(entries.length);
    expect(replay([...entries].reverse())).toEqual(there);
  });

  test("differs from the first input on that was changed", async () => {
    const entries = await recorded();
    const whole = replay(entries);
    const changed = replay(
      entries.map((entry) =>
        entry.type === "action.completed" && entry.public["action"] === "tool_call"
          ? { ...entry, content: JSON.parse(JSON.stringify(entry.content).replace("did it", "did not")) }
          : entry,
      ),
    );
    const same =
      whole.ok && changed.ok && whole.value.digests.map((digest, at) => digest === changed.value.digests[at]);
    expect(same).toEqual([true, true, false, false, false]);
  });

  test.each<[string, (entries: readonly JournalEntry[]) => readonly JournalEntry[], string]>([
    ["nothing", () => [], "REPLAY_INCOMPLETE"],
    ["no start", (entries) => entries.slice(1), "REPLAY_INCOMPLETE"],
    ["a gap", (entries) => entries.filter((_, at) => at !== 2), "REPLAY_INCOMPLETE"],
    ["an input twice", (entries) => [...entries, entries[1] as JournalEntry], "REPLAY_INCOMPLETE"],
    [
      "erased content",
      (entries) => entries.map((entry) => ({ ...entry, content: {} })),
      "JOURNAL_UNREADABLE",
    ],
    [
      "an erased answer",
      (entries) => entries.map((entry) => (entry.input === 1 ? { ...entry, content: {} } : entry)),
      "JOURNAL_UNREADABLE",
    ],
    [
      "limits that are none",
      (entries) =>
        entries.map((entry) =>
          entry.input === 0
            ? { ...entry, content: { ...entry.content, limits: { run: { iterationsMax: "9" } } } }
            : entry,
        ),
      "JOURNAL_UNREADABLE",
    ],
    [
      "an entry that is no input",
      (entries) =>
        entries.map((entry) => (entry.input === 2 ? { ...entry, type: "sandbox.opened" as const } : entry)),
      "JOURNAL_UNREADABLE",
    ],
    [
      "an answer that nobody asked for",
      (entries) => [...entries.slice(0, 2), { ...(entries[1] as JournalEntry), input: 2 }],
      "REPLAY_DIVERGED",
    ],
    [
      "a second start",
      (entries) => [...entries.slice(0, 1), { ...(entries[0] as JournalEntry), input: 1 }],
      "REPLAY_DIVERGED",
    ],
  ])("of %s is refused by name", async (_what, change, expected) => {
    expect(code(replay(change(await recorded())))).toBe(expected);
  });

  test("against another file diverges or leads to other states, and never throws", async () => {
    const entries = await recorded();
    const other = replay(entries, { body: 'return read_file("b");' });
    expect(code(other)).toBe("REPLAY_DIVERGED");
    expect(code(replay(entries, { agent: "nobody" }))).toBe("AGENT_UNKNOWN");
  });

  test("cannot be told from its digests without the run's key", async () => {
    const [first, second] = [await recorded(), await recorded()].map((entries, at) =>
      replay(
        entries.map((entry) =>
          entry.input === 0 && at === 1
            ? { ...entry, content: { ...entry.content, key: "ab".repeat(32) } }
            : entry,
        ),
      ),
    );
    expect(first?.ok && second?.ok && first.value.state).toEqual(second?.ok && second.value.state);
    expect(first?.ok && first.value.digests[0]).not.toBe(second?.ok && second.value.digests[0]);
  });
});
