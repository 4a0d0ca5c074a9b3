import { describe, expect, test } from "vitest";
import type { EntryDraft, RunRecorder } from "#ports/run-recorder.ts";
import type { EntryType } from "#protocol/run-event.ts";

/** What an implementation brings so that the suite can look behind it. */
export interface RunRecorderHarness {
  readonly recorder: RunRecorder;
  /** The run's entries on record so far, in their order. */
  readonly types: () => Promise<readonly EntryType[]>;
  /** Live events so far: the number of the entry that each stands behind, and its data's text. */
  readonly lives: () => readonly (readonly [after: number, text: string])[];
  /** From now on the ledger refuses. */
  readonly breakLedger: () => void;
}

const limit = (used: number): EntryDraft => ({
  type: "limit.reached",
  cause: null,
  public: { limit: "TOKENS", max: 10, used },
  content: {},
  feeds: true,
});

const closed: EntryDraft = {
  type: "sandbox.closed",
  cause: null,
  public: { tier: "wasm", reason: "ended" },
  content: {},
  feeds: false,
};

/** The behaviour that every RunRecorder has; `fresh` gives one of a run that has no entries yet. */
export const runRecorderContract = (name: string, fresh: () => Promise<RunRecorderHarness>): void => {
  describe(`${name} as a RunRecorder`, () => {
    test("numbers the run's entries, and those that feed the transition, from 0 without gaps", async () => {
      const { recorder, types } = await fresh();
      const entries = [];
      for (const draft of [limit(1), closed, limit(2), closed, limit(3)]) {
        const recorded = await recorder.record(draft);
        entries.push(recorded.ok ? [recorded.value.runSeq, recorded.value.input] : recorded.fault.code);
      }
      expect(entries).toEqual([
        [0, 0],
        [1, null],
        [2, 1],
        [3, null],
        [4, 2],
      ]);
      expect(await types()).toEqual(
        [limit(1), closed, limit(2), closed, limit(3)].map((draft) => draft.type),
      );
    });

    test("keeps the order of the calls when they do not wait for each other", async () => {
      const { recorder } = await fresh();
      const recorded = await Promise.all([1, 2, 3, 4, 5].map((used) => recorder.record(limit(used))));
      expect(recorded.map((one) => one.ok && one.value.input)).toEqual([0, 1, 2, 3, 4]);
    });

    test("gives each entry an id of its own", async () => {
      const { recorder } = await fresh();
      const recorded = await Promise.all([1, 2, 3].map((used) => recorder.record(limit(used))));
      expect(new Set(recorded.map((one) => one.ok && one.value.id)).size).toBe(3);
    });

    test("after a fault records nothing more and says the same each time", async () => {
      const harness = await fresh();
      await harness.recorder.record(closed);
      harness.breakLedger();
      const first = await harness.recorder.record(limit(1));
      expect(first).toMatchObject({ ok: false, fault: { code: expect.stringMatching(/^LEDGER_/) } });
      expect(await harness.recorder.record(closed)).toEqual(first);
      expect(await harness.types()).toEqual(["sandbox.closed"]);
    });

    test("places live events behind the entry that came before", async () => {
      const { recorder, lives } = await fresh();
      recorder.live("output.printed", { level: null, text: "a" });
      await recorder.record(closed);
      recorder.live("output.printed", { level: null, text: "b" });
      recorder.live("output.printed", { level: null, text: "c" });
      expect(lives()).toEqual([
        [-1, "a"],
        [0, "b"],
        [0, "c"],
      ]);
    });
  });
};
