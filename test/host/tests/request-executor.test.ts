import { once } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { SendCase } from "#apitest/run/request-door.ts";
import { RequestExecutor } from "#host/tests/request-executor.ts";
import { isPathOf, policyPath, sentPath } from "#host/tests/request-paths.ts";
import { RECORD_LIMITS_DEFAULT, RequestRecords } from "#host/tests/request-records.ts";
import { throwIfAborted } from "#kernel/abort.ts";
import type { JsonObject } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Authorized, PreparedCall, Spend } from "#ports/executor.ts";
import type { ApiTestCase } from "#protocol/api-test.ts";
import { digest, never, planOf } from "#test/apitest/kit.ts";
import { anyCallId } from "#test/kit/call-ids.ts";
import { type ClockFake, createClockFake } from "#test/kit/clock-fake.ts";
import { createRunRecorderFake } from "#test/kit/run-recorder-fake.ts";

const RIGHT = Object.freeze({}) as unknown as Authorized<PreparedCall>;

const caseOf = async (): Promise<ApiTestCase> => {
  const { tests } = await planOf({
    "api.yaml": JSON.stringify({
      openapi: "3.1.0",
      paths: { "/things": { get: { responses: { "200": { description: "" } } } } },
    }),
  });
  const [first] = tests?.plan.cases ?? [];
  if (first === undefined) throw new Error("no case");
  return first;
};

const ANSWER = ok({ status: 200, headers: [], body: new Uint8Array(), elapsedMs: 1 });

const executorOf = (
  spend: Spend,
  { isAllowed = true, answer = () => Promise.resolve(ANSWER) }: Partial<World> = {},
) => {
  const sent: string[] = [];
  const recorder = createRunRecorderFake();
  const clock = createClockFake();
  let requests = 0;
  const ledger = {
    fault: undefined,
    batch: (
      _: unknown,
      { kind, first, records }: { kind: string; first: number; records: readonly unknown[] },
    ) =>
      ok({
        public: {
          kind,
          root: "0".repeat(64),
          count: records.length,
          first,
          last: first + records.length - 1,
        },
        content: [],
      }),
  };
  const records = new RequestRecords({ ledger, recorder, clock, cause: null });
  const executor = new RequestExecutor({
    transport: {
      origin: "http://127.0.0.1:8080",
      send: ({ method, target }, signal) => {
        sent.push(`${method} ${target}`);
        return answer((requests += 1), signal, clock);
      },
      close: () => Promise.resolve(),
    },
    records,
    digest,
    spend,
  });
  const execute = () =>
    executor.execute(RIGHT, {
      callId: anyCallId(),
      timeoutMs: 60_000,
      signal: never(),
      wouldAllow: (calls) => Promise.resolve(calls.map(() => isAllowed)),
      onOutput: () => undefined,
    });
  return { executor, execute, sent, recorder, records };
};

interface World {
  readonly isAllowed: boolean;
  /** What comes of a request, the first being number 1. */
  readonly answer: (request: number, signal: AbortSignal, clock: ClockFake) => Promise<typeof ANSWER>;
}

const call = (given: JsonObject): PreparedCall => ({
  tool: "test_requests",
  arguments: given,
  resource: { type: "Host", id: "http://127.0.0.1:8080", attributes: {} },
  labels: [],
  preview: null,
  details: {},
});

const spends =
  (given: JsonObject): Spend =>
  () =>
    Promise.resolve(ok(call(given)));

const OPERATION = { method: "GET", target: "/things", requestsMax: 3 };

describe("the executor of requests", () => {
  test("sends nothing without a right", async () => {
    const { executor, execute, sent } = executorOf(() =>
      Promise.resolve(failed(fault("GATE_CAPABILITY_REUSED", "used before"))),
    );
    let worked = false;
    executor.expect(() => Promise.resolve(void (worked = true)));
    expect(await execute()).toMatchObject({ ok: false, fault: { code: "TOOL_NOT_AUTHORIZED" } });
    expect([worked, sent]).toEqual([false, []]);
  });

  test("sends as many requests as the right says, also to many that ask at once", async () => {
    const testCase = await caseOf();
    const { executor, execute, sent, recorder } = executorOf(spends(OPERATION));
    const answers: string[] = [];
    executor.expect(async (send) => {
      const all = await Promise.all(Array.from({ length: 10 }, () => send(testCase, never())));
      for (const each of all) answers.push(typeof each === "string" ? each : "sent");
    });
    expect(await execute()).toMatchObject({ ok: true, value: { value: { requests: 3, end: "done" } } });
    expect(sent).toHaveLength(3);
    expect(answers.toSorted()).toEqual([
      ...Array.from({ length: 3 }, () => "sent"),
      ...Array.from({ length: 7 }, () => "spent"),
    ]);
    expect(recorder.ofType("batch.recorded").map((entry) => entry.public["count"])).toEqual([3]);
    expect(executor.requests).toBe(3);
  });

  test("is of no use when the work is over, and does the work of one call once", async () => {
    const testCase = await caseOf();
    const { executor, execute, sent } = executorOf(spends(OPERATION));
    let kept: SendCase | undefined;
    executor.expect((send) => Promise.resolve(void (kept = send)));
    await execute();
    expect(await kept?.(testCase, never())).toBe("spent");
    expect(await execute()).toMatchObject({ ok: false, fault: { code: "TOOL_UNAVAILABLE" } });
    expect(sent).toEqual([]);
  });

  test("cuts short what waits for an answer when the ledger refuses, though nobody asks for room", async () => {
    const testCase = await caseOf();
    const hung = { ...testCase, id: "hung" };
    const { executor, execute, sent, recorder, records } = executorOf(spends(OPERATION), {
      answer: async (request, signal, clock) => {
        if (request === 2) await once(signal, "abort");
        throwIfAborted(signal);
        // The record of the third comes so late that those which wait are written.
        if (request === 3) await clock.advance(RECORD_LIMITS_DEFAULT.batchMsMax);
        return ANSWER;
      },
    });
    recorder.failAt(0);
    executor.expect(async (send, signal) => {
      await send(testCase, signal);
      await Promise.all([send(hung, signal), send(testCase, signal)]);
    });
    expect(await execute()).toMatchObject({ ok: false, fault: { code: "TOOL_OUTCOME_UNKNOWN" } });
    expect([sent.length, executor.requests, records.requestsRecorded]).toEqual([3, 3, 0]);
    expect(records.refused).toMatchObject({ code: "LEDGER_DISK_FULL" });
    expect([records.isRecorded(testCase.id), records.isRecorded("hung")]).toEqual([false, false]);
  });

  test.each([
    ["another method", { request: { method: "DELETE" } }],
    ["another path", { request: { target: "/other" } }],
    ["a path below", { request: { target: "/things/1" } }],
    ["dots", { request: { target: "/x/../things" } }],
    ["another origin", { request: { target: "//elsewhere/things" } }],
    ["a whole URL", { request: { target: "http://elsewhere/things" } }],
  ])(
    "does not send a request with %s than what was decided, whatever its case is called",
    async (_, change) => {
      const testCase = await caseOf();
      const { executor, execute, sent } = executorOf(spends(OPERATION));
      const answers: unknown[] = [];
      const other = { ...testCase, request: { ...testCase.request, ...change.request } };
      executor.expect(async (send) => void answers.push(await send(other, never())));
      await execute();
      expect([answers, sent]).toEqual([["denied"], []]);
    },
  );

  test("a path with a parameter's value is sent only where the policies would allow it", async () => {
    const testCase = await caseOf();
    for (const isAllowed of [true, false]) {
      const operation = { ...OPERATION, target: "/{name}" };
      const { executor, execute, sent } = executorOf(spends(operation), { isAllowed });
      executor.expect(async (send) => void (await send(testCase, never())));
      await execute();
      expect(sent).toEqual(isAllowed ? ["GET /things"] : []);
    }
  });

  test.each([
    [{ method: "GET", target: "/a/../b", requestsMax: 1 }],
    [{ method: "GET", target: "/a/%2e/b", requestsMax: 1 }],
    [{ method: "get", target: "/a", requestsMax: 1 }],
    [{ method: "GET", target: "/a" }],
  ])("prepares nothing of %j", async (given) => {
    const { executor } = executorOf(spends(OPERATION));
    expect(await executor.prepare(given)).toMatchObject({ ok: false });
  });
});

describe("paths", () => {
  test.each([
    ["/things", "/things", true],
    ["/things", "/things/", false],
    ["/things/{id}", "/things/1", true],
    ["/things/{id}", "/things/", false],
    ["/things/{id}", "/things/1/2", false],
    ["/{a}{b}", "/x", false],
    ["/{a}{b}", "/xy", true],
    ["/{a}-{b}.json", "/x-y.json", true],
    ["/{a}-{b}.json", "/x-.json", false],
    ["/{a}-{b}", "/-x-y", true],
    ["/{a}.{b}", "/..", false],
    ["/v1/{a}", "/v1/%2F", true],
    ["/a.b", "/axb", false],
  ])("%s and %s: %s", (target, path, expected) => {
    expect(isPathOf(target, path)).toBe(expected);
  });

  test("a path made of values is of its operation, and no template takes long to compare", () => {
    const piece = fc.stringMatching(/^[a-z.-]{0,4}$/);
    const value = fc.stringMatching(/^[a-z0-9%.-]{1,6}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, value), { minLength: 1, maxLength: 6 }), piece, (parts, last) => {
        const target = `/${parts.map(([literal], index) => `${literal}{p${index}}`).join("")}${last}`;
        const path = `/${parts.map(([literal, text]) => `${literal}${text}`).join("")}${last}`;
        expect(isPathOf(target, path)).toBe(true);
      }),
    );
    expect(isPathOf(`/${"{a}a".repeat(5_000)}`, `/${"a".repeat(200_000)}b`)).toBe(false);
  });

  test.each([
    ["/orders/{orderId}", "/orders/%7BorderId%7D"],
    ["/a/./b", undefined],
    ["/a\\b", undefined],
    ["no-slash", undefined],
  ])("rules see %s as %s", (target, expected) => {
    expect(policyPath(target)).toBe(expected);
  });

  test.each([
    ["/a?x=/../b", "/a"],
    ["/a#b", undefined],
    ["//a/b", "//a/b"],
  ])("what is sent to %s goes to %s", (target, expected) => {
    expect(sentPath(target)).toBe(expected);
  });
});
