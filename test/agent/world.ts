import { expect } from "vitest";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { scriptedModel } from "#adapters/models-scripted/index.ts";
import { readScript } from "#adapters/models-scripted/script.ts";
import type {
  EffectAnswer,
  LostEffect,
  PastEntry,
  RunPast,
  RunReport,
  RunRequest,
  RunSession,
} from "#agent/index.ts";
import type { JournalEntry } from "#agent/journal.ts";
import type { RunLimits } from "#agent/limits.ts";
import type { RunDeps } from "#agent/run-request.ts";
import {
  giveUpRun,
  planResume,
  readPast,
  replayRun,
  resumeAgent,
  runAgent,
  RUN_LIMITS_DEFAULT,
} from "#agent/index.ts";
import type { GateLimits } from "#gate/index.ts";
import { createGate, GATE_LIMITS_DEFAULT } from "#gate/index.ts";
import { utf8 } from "#kernel/bytes.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import { lowerSource } from "#language/lower/lower.ts";
import type { LanguageModel, ModelEvent, ModelRequest } from "#ports/language-model.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import { mayRun } from "#protocol/problem.ts";
import type { RunRecorder } from "#ports/run-recorder.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import type { Behaviour } from "#test/kit/approver-fake.ts";
import { createApproverFake } from "#test/kit/approver-fake.ts";
import type { ClockFake } from "#test/kit/clock-fake.ts";
import { createClockFake } from "#test/kit/clock-fake.ts";
import { allow, digestOf } from "#test/kit/decisions.ts";
import { createEntropyFake } from "#test/kit/entropy-fake.ts";
import type { Deciding } from "#test/kit/policy-decider-fake.ts";
import { createPolicyDeciderFake } from "#test/kit/policy-decider-fake.ts";
import type { RecordedDraft, RunRecorderFake } from "#test/kit/run-recorder-fake.ts";
import { createRunRecorderFake } from "#test/kit/run-recorder-fake.ts";
import type { ToolFake, ToolFakePlan } from "#test/kit/tool-fake.ts";
import { createToolFake } from "#test/kit/tool-fake.ts";

/** What a test says about its run; everything that it does not say is permissive and idle. */
export interface WorldPlan {
  /** The agent file; one with a body where `body` stands for its statements. */
  readonly source?: string;
  readonly body?: string;
  readonly agent?: string;
  readonly inputs?: JsonObject;
  /** Turns of a scripted model. */
  readonly turns?: readonly JsonObject[];
  /** Instead of `turns`: what the model does with a request. */
  readonly model?: (request: ModelRequest, signal: AbortSignal) => AsyncIterable<ModelEvent>;
  /** By tool or action; what is not named is allowed. */
  readonly decisions?: Readonly<Record<string, Deciding>>;
  readonly answers?: readonly Behaviour[];
  readonly tools?: Readonly<Record<string, ToolFakePlan>>;
  readonly offered?: readonly string[];
  readonly limits?: Partial<RunLimits>;
  readonly gateLimits?: Partial<GateLimits>;
  /** The sandbox refuses to open so. */
  readonly sessionFault?: Fault<string>;
  /** Happens while the session opens. */
  readonly opening?: (signal: AbortSignal) => Promise<void>;
  /** Happens while it closes. */
  readonly closing?: () => Promise<void>;
  /** Called with each entry before it is durable; may hold it up, or cancel the run. */
  readonly onRecord?: (type: string, world: World) => Promise<void> | void;
  readonly failAt?: number;
}

export interface World {
  readonly clock: ClockFake;
  readonly recorder: RunRecorderFake;
  readonly tools: Readonly<Record<string, ToolFake>>;
  /** Requests that the model got, in order. */
  readonly requests: readonly ModelRequest[];
  readonly sessions: { opened: number; closed: number };
  readonly cancel: AbortController;
}

export interface WorldRun extends World {
  readonly report: RunReport;
}

const SOURCE = `
metadata { description = "Answers questions." }
agent helper(topic: String) -> String {
    capabilities = ["list_files", "read_file", "write_file", "publish_file"]
    policy all { allow: [list_files, read_file, write_file, publish_file] }
}
`;

const withBody = (body: string): string => `
metadata { description = "Answers questions." }
agent helper(topic: String) -> String {
    capabilities = ["list_files", "read_file", "write_file", "publish_file"]
    policy all { allow: [list_files, read_file, write_file, publish_file] }
    with { ${body} }
}
`;

export const crypto = createNodeCrypto();

const knownSpecs = new Map<string, AgentSpec>();

export const lowered = (source: string): AgentSpec => {
  const known = knownSpecs.get(source);
  if (known !== undefined) return known;
  const { value, problems } = lowerSource(
    { path: "agents/helper.symbi", bytes: utf8(source) },
    { digest: (bytes) => sha256OfBytes(crypto.sha256(bytes)), tools: BUILTIN_TOOLS },
  );
  if (value === null || !mayRun(problems)) throw new Error(JSON.stringify(problems, null, 2));
  knownSpecs.set(source, value);
  return value;
};

/** Runs an agent in a world of fakes behind the real gate, and replays what it recorded. */
export const runIn = async (plan: WorldPlan = {}): Promise<WorldRun> => {
  const { world, running } = start(plan);
  const started = await world.clock.drive(running);
  if (!started.ok) throw new Error(started.fault.message);
  const run = { ...world, report: started.value };
  if (plan.failAt === undefined) expectReplay(plan, run);
  return run;
};

/** The world of a run that is under way. */
export const start = (
  plan: WorldPlan,
): { readonly world: World; readonly running: ReturnType<typeof runAgent> } => {
  const { world, deps } = worldOf(plan);
  return { world, running: runAgent(deps, requestOf(plan), world.cancel.signal) };
};

/** What of a killed run is left: the entries that were durable. */
export type Remains = Pick<RunRecorderFake, "run" | "scope" | "entries">;

/** The remains as the next opener of their log leaves them. */
export const interrupted = ({ run, scope, entries }: Remains): Remains => {
  const last = entries.at(-1)?.entry;
  if (last === undefined) throw new Error("nothing was recorded");
  const entropy = createEntropyFake(entries.length + 1_000);
  const { seq, log } = last.position;
  const entry: RecordedDraft = {
    type: "run.interrupted",
    cause: last.id,
    public: { found: "log-recovered", last: { log, seq, hash: "0".repeat(64) } },
    content: {},
    feeds: false,
    entry: {
      ...last,
      id: entropy.id<"entry">(last.wallMs),
      position: { log, seq: seq + 1 },
      runSeq: entries.length,
      input: null,
    },
  };
  return { run, scope, entries: [...entries, entry] };
};

const pastEntries = ({ entries }: Remains): readonly PastEntry[] =>
  entries.map(({ type, public: fields, content, labels = [], entry }): PastEntry => ({
    id: entry.id,
    type,
    runSeq: entry.runSeq,
    input: entry.input,
    labels,
    public: throughText(fields),
    content: throughText(content),
    monotonicMs: entry.wallMs,
  }));

export const pastOf = (remains: Remains): RunPast => {
  const past = readPast(pastEntries(remains));
  if (!past.ok) throw new Error(past.fault.message);
  return past.value;
};

/** How the person answers about effects that were lost, and whether another host was faster. */
export interface Resumption {
  readonly answer?: EffectAnswer["k"];
  readonly isAlone?: boolean;
}

export interface Resumed extends WorldRun {
  /** What the person was asked about. */
  readonly asked: readonly LostEffect[];
}

/** Goes on with a run that was interrupted, in a world that is new but for what is on record. */
export const resumeIn = async (
  plan: WorldPlan,
  remains: Remains,
  { answer = "happened", isAlone = true }: Resumption = {},
): Promise<Result<Resumed, Fault<string>>> => {
  const past = pastOf(remains);
  const asked: LostEffect[] = [];
  const { world, deps } = worldOf(
    { ...plan, ...(plan.turns && { turns: plan.turns.slice(past.answers.length) }) },
    remains,
  );
  const request = requestOf(plan);
  const planned = planResume(crypto, request, past);
  if (!planned.ok) return planned;
  const askEffect = async (effect: LostEffect): Promise<EffectAnswer> => {
    asked.push(effect);
    return { k: answer, by: "ada", surface: "terminal" };
  };
  const report = await world.clock.drive(
    resumeAgent(
      { ...deps, askEffect, isAlone: async () => ok(isAlone) },
      request,
      planned.value,
      world.cancel.signal,
    ),
  );
  return report.ok ? ok({ ...world, report: report.value, asked }) : report;
};

/** Ends a run that was interrupted for good, in a world that is new but for what is on record. */
export const giveUpIn = async (
  plan: WorldPlan,
  remains: Remains,
  { isAlone = true, isErased = false }: { readonly isAlone?: boolean; readonly isErased?: boolean } = {},
): Promise<Result<RunRecorderFake, Fault<string>>> => {
  const { recorder } = worldOf(plan, remains).world;
  const { spec, agent, offered, canceller } = requestOf(plan);
  const { started, interrupted: at } = pastOf(remains);
  const entries = pastEntries(remains);
  const given = await giveUpRun(
    { recorder, crypto, registry: BUILTIN_TOOLS, isAlone: async () => ok(isAlone) },
    {
      entries: isErased ? entries.map((entry) => ({ ...entry, content: {} })) : entries,
      started,
      interrupted: at,
      isWhole: !isErased,
      source: isErased ? null : { spec, agent, offered },
    },
    canceller,
  );
  return given.ok ? ok(recorder) : given;
};

const worldOf = (plan: WorldPlan, past?: Remains): { readonly world: World; readonly deps: RunDeps } => {
  const clock = createClockFake();
  /** Whoever goes on has other chance than whoever began. */
  const seed = past === undefined ? 0 : past.entries.length;
  const recorder = createRunRecorderFake({
    clock,
    entropy: createEntropyFake(99 + seed),
    ...(past && { past }),
  });
  if (plan.failAt !== undefined) recorder.failAt(plan.failAt);
  const tools: Record<string, ToolFake> = {};
  const requests: ModelRequest[] = [];
  const cancel = new AbortController();
  const world: World = { clock, recorder, tools, requests, sessions: { opened: 0, closed: 0 }, cancel };
  if (plan.onRecord !== undefined) {
    recorder.beforeRecord = async (draft) => {
      await plan.onRecord?.(draft.type, world);
    };
  }
  const openSession = async (
    request: { readonly recorder: RunRecorder; readonly run: Parameters<typeof createGate>[1] },
    signal: AbortSignal,
  ): Promise<Result<RunSession, Fault<string>>> => {
    await plan.opening?.(signal);
    if (plan.sessionFault !== undefined) return failed(plan.sessionFault);
    world.sessions.opened += 1;
    const gate = createGate(
      {
        policy: () => decider,
        recorder: request.recorder,
        approver: createApproverFake(plan.answers ?? []),
        model: noting(requests, modelOf(plan, clock)),
        crypto,
        entropy: createEntropyFake(1 + seed),
        clock,
        executors(spend) {
          for (const descriptor of BUILTIN_TOOLS) {
            tools[descriptor.name] = createToolFake(
              descriptor.name,
              spend,
              (ms, inner) => clock.sleep(ms, inner),
              { descriptor, ...plan.tools?.[descriptor.name] },
            );
          }
          return Object.values(tools);
        },
      },
      request.run,
    );
    return ok({
      gate,
      close: async () => {
        world.sessions.closed += 1;
        await plan.closing?.();
      },
    });
  };
  const decider = createPolicyDeciderFake({ ...everythingAllowed, ...plan.decisions });
  return { world, deps: { recorder, clock, crypto, entropy: createEntropyFake(5 + seed), openSession } };
};

const everythingAllowed: Readonly<Record<string, Deciding>> = Object.fromEntries(
  [...BUILTIN_TOOLS.map((tool) => tool.name), "respond", "model_call"].map((name) => [name, allow()]),
);

export const sourceOf = (plan: WorldPlan): string =>
  plan.source ?? (plan.body === undefined ? SOURCE : withBody(plan.body));

export const requestOf = (plan: WorldPlan): RunRequest => ({
  spec: lowered(sourceOf(plan)),
  sourceText: sourceOf(plan),
  agent: plan.agent ?? "helper",
  inputs: plan.inputs ?? { topic: "tea" },
  registry: BUILTIN_TOOLS,
  offered: plan.offered ?? ["list_files", "read_file", "write_file", "publish_file"],
  limits: { ...RUN_LIMITS_DEFAULT, ...plan.limits },
  gateLimits: { ...GATE_LIMITS_DEFAULT, ...plan.gateLimits },
  principal: { type: "Agent", id: "agents/helper.symbi#helper" },
  onBehalfOf: { kind: "user", id: "ada" },
  ancestors: [],
  tier: "wasm",
  facts: {
    tierWhy: "file",
    model: "scripted:test",
    policies: digestOf("1"),
    configuration: digestOf("2"),
    powers: digestOf("3"),
    startKey: null,
  },
  canceller: { by: "ada", surface: "terminal", how: () => "Ctrl-C" },
});

const modelOf = ({ turns = [], model }: WorldPlan, clock: ClockFake): LanguageModel => {
  if (model !== undefined) {
    return { id: "scripted:test", remote: false, stream: (request, { signal }) => model(request, signal) };
  }
  const script = readScript(JSON.stringify({ turns }));
  if (!script.ok) throw new Error(script.fault.message);
  return scriptedModel(script.value, { name: "test", clock });
};

const noting = (requests: ModelRequest[], model: LanguageModel): LanguageModel => ({
  id: model.id,
  remote: model.remote,
  stream(request, options) {
    requests.push(request);
    return model.stream(request, options);
  },
});

/** The entries that feed, as a replay reads them: through text, as from a ledger. */
export const journalOf = (recorder: RunRecorderFake): readonly JournalEntry[] =>
  recorder.entries
    .filter((entry) => entry.feeds)
    .map(({ type, public: fields, content, labels = [], entry }) => ({
      type,
      input: entry.input ?? -1,
      labels,
      public: throughText(fields),
      content: throughText(content),
    }));

const throughText = (value: JsonObject): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

/** A run replayed from its inputs states the digests that the run stated. */
export const expectReplay = (plan: WorldPlan, { recorder, report }: WorldRun): void => {
  const { spec, agent, registry, offered } = requestOf(plan);
  const replay = replayRun(crypto, { spec, agent, registry, offered }, journalOf(recorder));
  if (!replay.ok) throw new Error(replay.fault.message);
  const { digests, state } = replay.value;
  // A reason to end may come on record between an input and what that input led to.
  const isInterruption = ({ type, public: fields }: RecordedDraft): boolean =>
    type === "limit.reached" || fields["act"] === "CANCEL";
  let fed = 0;
  const stated: (readonly [string, unknown, unknown])[] = [];
  for (const entry of recorder.entries) {
    const { type, public: fields, feeds } = entry;
    if (type === "model.requested") stated.push([type, fields["state"], digests[fed - 1]]);
    if (type === "run.ended") stated.push([type, fields["state"], digests.at(-1)]);
    if (feeds && !isInterruption(entry)) fed += 1;
  }
  for (const [type, actual, replayed] of stated) expect(actual, type).toBe(replayed);
  if (report.isRecorded && report.bug === null) expect(stated.at(-1)?.[0]).toBe("run.ended");
  if (report.fault === null && report.bug === null) expect(state.end).toEqual(report.end);
};

/** The public fields of `run.ended`, which stands exactly once and last. */
export const ended = (recorder: RunRecorderFake): JsonObject => {
  const ends = recorder.ofType("run.ended");
  expect(ends).toHaveLength(1);
  expect(recorder.entries.at(-1)).toBe(ends[0]);
  return (ends[0] as RecordedDraft).public;
};

/** A turn in which the model calls one tool. */
export const calls = (tool: string, argumentsGiven: JsonValue = {}): JsonObject => ({
  toolCalls: [{ tool, arguments: argumentsGiven }],
});

export const says = (text: string): JsonObject => ({ text });

/** An entry's type and what distinguishes it, in one line. */
export const trace = (recorder: RunRecorderFake): readonly string[] =>
  recorder.entries.map(({ type, public: fields }) =>
    [type, ...["action", "act", "limit", "status", "code", "reason"].map((name) => fields[name])]
      .filter((part): part is string => typeof part === "string" && part !== "done")
      .join(" "),
  );
