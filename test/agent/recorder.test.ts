import { describe, expect, test } from "vitest";
import { createRunRecorder } from "#agent/index.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Ledger, LedgerFault } from "#ports/ledger.ts";
import type { EntryDraft, RunRecorder } from "#ports/run-recorder.ts";
import type { LiveEvent, NewEntry, RecordedEntry } from "#protocol/run-event.ts";
import { runRecorderContract } from "#test/contracts/run-recorder.ts";
import { createEntropyFake } from "#test/kit/entropy-fake.ts";

interface Setting {
  readonly recorder: RunRecorder;
  readonly appended: readonly NewEntry[];
  readonly lives: readonly LiveEvent[];
  /** Lets the oldest append that waits become durable, or be refused. */
  readonly settle: (refusal?: LedgerFault["code"]) => void;
  /** From now on nothing waits: each append is durable at once, or refused. */
  readonly flow: (refusal?: LedgerFault["code"]) => void;
}

/** A recorder over a ledger whose appends wait until the test says so. */
const setting = (): Setting => {
  const entropy = createEntropyFake();
  const appended: NewEntry[] = [];
  const lives: LiveEvent[] = [];
  const waiting: ((refusal?: LedgerFault["code"]) => void)[] = [];
  let flowing: { readonly refusal: LedgerFault["code"] | undefined } | null = null;
  const log = entropy.id<"log">(0);
  const ledger: Ledger = {
    log,
    append(entry) {
      if (flowing?.refusal !== undefined) return Promise.resolve(failed(fault(flowing.refusal, "no")));
      const seq = appended.push(entry) - 1;
      if (flowing !== null) {
        return Promise.resolve(ok({ id: entropy.id<"entry">(seq), position: { log, seq }, wallMs: seq }));
      }
      return new Promise<Result<RecordedEntry, LedgerFault>>((resolve) => {
        waiting.push((refusal) =>
          resolve(
            refusal === undefined
              ? ok({ id: entropy.id<"entry">(seq), position: { log, seq }, wallMs: seq })
              : failed(fault(refusal, "no")),
          ),
        );
      });
    },
    openScope: () => Promise.resolve(ok(undefined)),
    close: () => Promise.resolve(ok(undefined)),
  };
  const recorder = createRunRecorder(
    { ledger, publish: (event) => lives.push(event) },
    {
      run: entropy.id<"run">(0),
      parent: null,
      scope: entropy.id<"scope">(0),
      principal: 'Agent::"a#b"',
      onBehalfOf: { kind: "user", id: "ada" },
    },
  );
  return {
    recorder,
    appended,
    lives,
    settle: (refusal) => waiting.shift()?.(refusal),
    flow(refusal) {
      flowing = { refusal };
    },
  };
};

const draft = (changes: Partial<EntryDraft> = {}): EntryDraft => ({
  type: "body.advanced",
  cause: null,
  public: { statement: 0, steps: 1 },
  content: {},
  feeds: true,
  ...changes,
});

runRecorderContract("a run's recorder over a ledger", async () => {
  const { recorder, appended, lives, flow } = setting();
  flow();
  return {
    recorder,
    types: () => Promise.resolve(appended.map((entry) => entry.type)),
    lives: () => lives.map(({ after, data }) => [after, data["text"] as string] as const),
    breakLedger: () => flow("LEDGER_DISK_FULL"),
  };
});

describe("a run's recorder", () => {
  test("numbers entries and inputs in the order in which they were handed over", async () => {
    const { recorder, appended, settle } = setting();
    const recording = [draft({ feeds: false }), draft(), draft({ feeds: false }), draft()].map((one) =>
      recorder.record(one),
    );
    [1, 2, 3, 4].forEach(() => settle());
    const recorded = await Promise.all(recording);
    expect(recorded.map((one) => one.ok && [one.value.runSeq, one.value.input])).toEqual([
      [0, null],
      [1, 0],
      [2, null],
      [3, 1],
    ]);
    expect(appended.map((entry) => [entry.run?.seq, entry.input])).toEqual([
      [0, null],
      [1, 0],
      [2, null],
      [3, 1],
    ]);
  });

  test("says whose run it is, sorts labels and seals content under the run's scope", async () => {
    const { recorder, appended, settle } = setting();
    const recording = recorder.record(
      draft({ labels: ["b", "a", "b"], content: { output: ["x"], more: 1 } }),
    );
    settle();
    await recording;
    expect(appended).toMatchObject([
      {
        type: "body.advanced",
        run: { id: recorder.run, seq: 0, parent: null },
        principal: 'Agent::"a#b"',
        onBehalfOf: { kind: "user", id: "ada" },
        labels: ["a", "b"],
        content: [
          { scope: recorder.scope, name: "output", value: ["x"] },
          { scope: recorder.scope, name: "more", value: 1 },
        ],
      },
    ]);
  });

  test("places live events behind the last durable entry, numbered from 0 there", async () => {
    const { recorder, lives, settle } = setting();
    recorder.live("host.noticed", { code: "A", text: "" });
    const first = recorder.record(draft());
    recorder.live("host.noticed", { code: "B", text: "" });
    settle();
    await first;
    recorder.live("host.noticed", { code: "C", text: "" });
    recorder.live("host.noticed", { code: "D", text: "" });
    expect(lives.map(({ data, after, ordinal }) => [data["code"], after, ordinal])).toEqual([
      ["A", -1, 0],
      ["B", -1, 1],
      ["C", 0, 0],
      ["D", 0, 1],
    ]);
    expect(lives[0]).toMatchObject({ v: 1, durability: "live", type: "host.noticed", run: recorder.run });
  });

  test("records nothing more after a refusal, and says the same each time", async () => {
    const { recorder, appended, settle } = setting();
    const first = recorder.record(draft());
    const second = recorder.record(draft());
    settle("LEDGER_DISK_FULL");
    settle("LEDGER_CLOSED");
    const codes = [await first, await second, await recorder.record(draft())].map(
      (one) => !one.ok && one.fault.code,
    );
    expect(codes).toEqual(["LEDGER_DISK_FULL", "LEDGER_DISK_FULL", "LEDGER_DISK_FULL"]);
    expect(appended).toHaveLength(2);
  });
});
