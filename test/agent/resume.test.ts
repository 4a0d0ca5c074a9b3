import { describe, expect, test } from "vitest";

import { byCodeUnits } from "#kernel/canonical-json.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Act } from "#test/kit/tool-fake.ts";
import { SOAK } from "#test/kit/cases.ts";
import { approvalBy, digestOf, stepUp } from "#test/kit/decisions.ts";
import { verifies } from "#test/kit/verifies.ts";

import type { Remains, Resumed, Resumption, WorldPlan, WorldRun } from "./world.ts";
import {
  calls,
  ended,
  expectReplay,
  interrupted,
  pastOf,
  resumeIn,
  runIn,
  says,
  start,
  trace,
} from "./world.ts";

const wrote: Act = {
  k: "result",
  result: { changes: [{ path: "a.md", kind: "created", digest: digestOf("c"), sizeBytes: 1 }] },
};

/** Runs with every kind of entry between which a host can die. */
const PLANS: Readonly<Record<string, WorldPlan>> = {
  "a loop that reads, writes and publishes": {
    turns: [
      {
        toolCalls: [
          { tool: "read_file", arguments: { path: "a" } },
          { tool: "list_files", arguments: {} },
        ],
      },
      calls("write_file", { path: "a.md", content: "x" }),
      { text: "Now.", toolCalls: [{ tool: "publish_file", arguments: { path: "a.md" } }] },
      says("done"),
    ],
    tools: { write_file: { act: wrote }, publish_file: { act: { k: "result" } } },
  },
  "a body with a loop in it, whose file is published at the end": {
    body: `
      let first = read_file("a");
      write_file("a.md", first);
      let said = reason("You take notes.", topic).response;
      publish_file("a.md");
      return said;
    `,
    turns: [calls("list_files"), says("done")],
    tools: { read_file: { act: { k: "result", result: { value: "tides" } } }, write_file: { act: wrote } },
  },
  "a call that a person has to agree to": {
    turns: [calls("publish_file", { path: "a.md" }), says("done")],
    decisions: { publish_file: stepUp(approvalBy()) },
    answers: [{ k: "approves", by: "ada" }],
  },
};

const cutAt = (run: WorldRun, length: number): Remains => {
  const { recorder } = run;
  return interrupted({
    run: recorder.run,
    scope: recorder.scope,
    entries: recorder.entries.slice(0, length),
  });
};

const resumed = async (plan: WorldPlan, remains: Remains, how?: Resumption): Promise<Resumed> => {
  const after = await resumeIn(plan, remains, how);
  if (!after.ok) throw new Error(`${after.fault.code}: ${after.fault.message}`);
  return after.value;
};

const intents = ({ entries }: Remains): readonly string[] =>
  entries.flatMap(({ type, public: fields }) =>
    type === "action.intended" && typeof fields["tool"] === "string" ? [fields["tool"]] : [],
  );

const executedIn = ({ tools }: Pick<WorldRun, "tools">): readonly string[] =>
  Object.values(tools).flatMap(({ executed }) => executed.map(({ tool }) => tool));

const count = (all: readonly string[], tool: string): number => all.filter((one) => one === tool).length;

const cuts = async (): Promise<readonly (readonly [string, WorldPlan, WorldRun, number])[]> => {
  const all: (readonly [string, WorldPlan, WorldRun, number])[] = [];
  for (const [name, plan] of Object.entries(PLANS)) {
    const whole = await runIn(plan);
    expect(whole.report.end.outcome, name).toBe("completed");
    for (let length = 1; length < whole.recorder.entries.length; length += 1)
      all.push([`${name}: ${length} entries`, plan, whole, length]);
  }
  return all;
};

const CUTS = await cuts();

describe("killed behind any entry and resumed", () => {
  test.each(CUTS)("%s", async (_name, plan, whole, length) => {
    verifies("agent.journal.durable", "agent.beyond.resume");
    const remains = cutAt(whole, length);
    const after = await resumed(plan, remains, { answer: "happened" });
    expect(after.report.end).toEqual(whole.report.end);
    // What a person says of a call stands where its result would, and is read by the model.
    if (after.asked.length === 0) expect(after.report.usage).toEqual(whole.report.usage);
    expectReplay(plan, after);
    // What may do harm is done once in all: by the host that died, or by the one that goes on.
    const harmful = count(executedIn(whole), "publish_file");
    const before = count(intents(remains), "publish_file");
    expect(before + count(executedIn(after), "publish_file")).toBe(harmful);
    // A person is asked exactly where an intent of that kind has no outcome.
    const open = pastOf(remains).open.actions.filter(({ entry }) => entry.public["tool"] === "publish_file");
    expect(after.asked.map(({ tool }) => tool)).toEqual(open.map(() => "publish_file"));
    // What does no harm is done again only where it has no outcome.
    for (const tool of ["read_file", "list_files", "write_file"]) {
      const lost = pastOf(remains).open.actions.filter(({ entry }) => entry.public["tool"] === tool).length;
      const done = count(intents(remains), tool) - lost;
      expect(done + count(executedIn(after), tool)).toBe(count(executedIn(whole), tool));
    }
  });

  test.each(CUTS)("and again at every place of the resumption: %s", async (_name, plan, whole, length) => {
    // A host that dies while it resumes is what is most easily wrong, and one cut of it costs little.
    const once = await resumed(plan, cutAt(whole, length));
    const { recorder } = once;
    const added = recorder.entries.length - length - 1;
    const places = SOAK
      ? Array.from({ length: added }, (_, place) => place)
      : [1, 2, 3, Math.floor(added / 2), added - 1];
    for (const more of new Set(places)) {
      if (more < 1 || more >= added) continue;
      const again = cutAt(once, length + 1 + more);
      const twice = await resumed(plan, again);
      expect(twice.report.end).toEqual(whole.report.end);
      expect(twice.report.usage.iterations).toBe(whole.report.usage.iterations);
    }
  });

  test("every pair on record has both halves then, and the end stands once and last", async () => {
    for (const [, plan, whole, length] of CUTS) {
      const { recorder } = await resumed(plan, cutAt(whole, length));
      ended(recorder);
      const callIds = (...types: readonly string[]): readonly string[] =>
        recorder.entries
          .filter(({ type }) => types.includes(type))
          .map(({ public: fields }) => fields["callId"] as string)
          .sort(byCodeUnits);
      const intended = callIds("action.intended");
      expect(callIds("action.completed", "effect.unknown")).toEqual(expect.arrayContaining([...intended]));
      expect(callIds("model.answered", "model.failed")).toEqual(callIds("model.requested"));
      expect(callIds("approval.answered")).toEqual(callIds("approval.asked"));
      expect(recorder.ofType("run.resumed")).toHaveLength(1);
    }
  });
});

describe("an effect that nobody saw the end of", () => {
  const plan = PLANS["a loop that reads, writes and publishes"] as WorldPlan;

  /** Killed just behind the intent to publish. */
  const lost = async (): Promise<Remains> => {
    const whole = await runIn(plan);
    const at = whole.recorder.entries.findIndex(
      ({ type, public: fields }) => type === "action.intended" && fields["tool"] === "publish_file",
    );
    return cutAt(whole, at + 1);
  };

  test("is shown to a person with what it was about", async () => {
    verifies("gate.beyond.unknown-effects");
    const { asked } = await resumed(plan, await lost());
    expect(asked).toEqual([
      { callId: expect.any(String), tool: "publish_file", arguments: { path: "a.md" }, preview: null },
    ]);
  });

  test.each([
    ["happened", 0, "completed", "EFFECT_HAPPENED"],
    ["absent", 1, "completed", "EFFECT_ABSENT"],
    ["end", 0, "cancelled", "CANCEL"],
  ] as const)("that %s is done %i times more, and the run is %s", async (answer, times, outcome, act) => {
    const after = await resumed(plan, await lost(), { answer });
    expect(count(executedIn(after), "publish_file")).toBe(times);
    expect(after.report.end.outcome).toBe(outcome);
    expect(after.recorder.ofType("effect.unknown").map(({ public: fields }) => fields)).toEqual([
      expect.objectContaining({ tool: "publish_file", code: "HOST_DIED" }),
    ]);
    const told = after.recorder.ofType("person.intervened").map(({ public: fields }) => fields["act"]);
    expect(told).toEqual([act]);
    expectReplay(plan, after);
  });

  test("is asked about again after the next kill when nobody had answered", async () => {
    const first = await resumed(plan, await lost());
    const at = first.recorder.entries.findIndex(({ type }) => type === "person.intervened");
    const second = await resumed(plan, cutAt(first, at), { answer: "absent" });
    expect(second.asked.map(({ tool }) => tool)).toEqual(["publish_file"]);
    expect(count(executedIn(second), "publish_file")).toBe(1);
    expect(second.recorder.ofType("effect.unknown")).toHaveLength(1);
  });
});

describe("what a run has used", () => {
  test("of its time goes on counting, and what lay between does not", async () => {
    const plan: WorldPlan = {
      turns: [calls("read_file", { path: "a" }), calls("list_files"), says("done")],
      tools: {
        read_file: { act: { k: "result", afterMs: 400 } },
        list_files: { act: { k: "result", afterMs: 400 } },
      },
      limits: { wallMsMax: 700 },
    };
    const whole = await runIn({ ...plan, limits: {} });
    const at = whole.recorder.entries.findIndex(({ type }) => type === "action.completed");
    const { recorder } = whole;
    const entries = recorder.entries.slice(0, at + 1);
    const run = start(plan);
    await run.world.clock.drive(run.running);
    // The limit is the run's from its start, so it is that run that is cut.
    const limited = run.world.recorder;
    const remains = interrupted({ ...limited, entries: limited.entries.slice(0, entries.length) });
    const after = await resumed(plan, remains);
    expect(after.report.end).toMatchObject({ outcome: "limited", reason: "WALL_TIME" });
    expect(after.report.wallMs).toBeGreaterThanOrEqual(700);
    expect(after.report.toolMs).toBeGreaterThanOrEqual(400);
  });

  test("of its turns goes on counting", async () => {
    const plan: WorldPlan = {
      turns: [calls("read_file", { path: "a" }), calls("list_files"), says("done")],
      limits: { iterationsMax: 2 },
    };
    const whole = await runIn(plan);
    const at = whole.recorder.entries.findIndex(({ type }) => type === "action.completed");
    const after = await resumed(plan, cutAt(whole, at + 1));
    expect(after.report.end).toMatchObject({ outcome: "limited", reason: "ITERATIONS" });
  });

  test("of its calls goes on counting", async () => {
    const plan: WorldPlan = {
      turns: [calls("read_file", { path: "a" }), calls("list_files"), says("done")],
      gateLimits: { callsMax: 1 },
    };
    const whole = await runIn(plan);
    const at = whole.recorder.entries.findIndex(
      ({ type, public: fields }) => type === "action.completed" && fields["action"] === "tool_call",
    );
    const after = await resumed(plan, cutAt(whole, at + 1));
    expect(trace(after.recorder)).toContain("action.completed tool_call denied CALLS_EXHAUSTED");
  });
});

describe("a run does not go on", () => {
  const plan = PLANS["a loop that reads, writes and publishes"] as WorldPlan;
  const remains = async (): Promise<Remains> => cutAt(await runIn(plan), 8);

  test.each<[string, Partial<JsonObject>, string]>([
    ["agent file", { source: digestOf("9") }, "the agent file"],
    ["spec", { spec: digestOf("9") }, "what this release reads"],
    ["policies", { policies: digestOf("9") }, "the policies"],
    ["tools", { tools: digestOf("9") }, "the tools"],
    ["limits", { configuration: digestOf("9") }, "the limits"],
    ["engine", { semantics: 99 }, "the engine"],
    // Its bodies completed with answers that were cut off.
    ["engine of before", { semantics: 1 }, "the engine"],
    ["tier", { tier: "gvisor" }, "the sandbox tier"],
    ["model", { model: "scripted:other" }, "the model"],
    ["powers", { powers: digestOf("9") }, "what the agent may do"],
  ])("on another %s than it began with", async (_what, began, told) => {
    const { entries, ...rest } = await remains();
    const changed = entries.map((entry) =>
      entry.type === "run.started"
        ? { ...entry, public: { ...entry.public, ...(began as JsonObject) } }
        : entry,
    );
    const after = await resumeIn(plan, { ...rest, entries: changed });
    expect(after).toMatchObject({
      ok: false,
      fault: { code: "RESUME_CHANGED", message: expect.stringContaining(told) },
    });
  });

  test("from a journal that leads elsewhere than it stated", async () => {
    const { entries, ...rest } = cutAt(await runIn(plan), 20);
    const changed = entries.map((entry) =>
      entry.type === "model.answered" && entry.entry.input === 1
        ? { ...entry, content: JSON.parse(JSON.stringify(entry.content).replace("read_file", "list_files")) }
        : entry,
    );
    const after = await resumeIn(plan, { ...rest, entries: changed });
    expect(after).toMatchObject({ ok: false, fault: { code: "REPLAY_DIVERGED" } });
  });

  test("where another host went on with it: nothing is done then", async () => {
    const cut = await remains();
    const after = await resumeIn(plan, cut, { isAlone: false });
    expect(after).toMatchObject({ ok: false, fault: { code: "RESUME_SUPERSEDED" } });
  });
});
