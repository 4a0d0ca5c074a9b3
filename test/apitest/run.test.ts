import { afterEach, describe, expect, test, vi } from "vitest";

import { systemClock } from "#adapters/clock/system-clock.ts";
import type { RequestDoor, Sending } from "#apitest/run/request-door.ts";
import { runCases } from "#apitest/run/run-cases.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { Sender } from "#apitest/run/sender.ts";
import { bodyDocument, document, never, planOf } from "./kit.ts";
import { RUN_OPTIONS, runAt, SHOWN, testerOf } from "./orders-server.ts";
import { createServers, manyTests, thingsTests } from "./thing-servers.ts";

describe("a run", () => {
  const servers = createServers();
  const { serve } = servers;
  afterEach(() => servers.close());

  test("never sends more requests than its budget, and says so", async () => {
    let received = 0;
    const origin = await serve((_, response) => {
      received += 1;
      response.writeHead(500).end();
    });
    const report = await runAt(await thingsTests(), origin, { requestsMax: 3 });
    expect(report).toMatchObject({ ok: true, value: { requests: 3, ended: "budget" } });
    expect(received).toBe(3);
  });

  test("ends when nobody listens", async () => {
    expect(await runAt(await thingsTests(), "http://127.0.0.1:1")).toMatchObject({
      ok: false,
      fault: { code: "APITEST_UNREACHABLE" },
    });
  });

  test("takes what cannot be sent for neither sent nor silence", async () => {
    const tests = await thingsTests();
    let asked = 0;
    const ONE_BY_ONE = { requestsMax: 1, concurrencyMax: 1 };
    const door: RequestDoor = {
      origin: "http://127.0.0.1:1",
      requests: 0,
      requestsRecorded: 0,
      isRecorded: () => false,
      async pass(_, work, signal) {
        await work(() => {
          asked += 1;
          return Promise.resolve(failed(fault("HTTP_UNSENDABLE", "no such request")));
        }, signal);
        return ok({ k: "passed" });
      },
    };
    const ports = { tester: testerOf(tests), door, clock: systemClock, hide: SHOWN };
    const report = await runCases(tests.plan, ports, { ...RUN_OPTIONS, ...ONE_BY_ONE }, never());
    // More of them than silences that would end a run, and than the budget of requests.
    expect(asked).toBe(tests.plan.cases.length);
    expect(asked).toBeGreaterThan(8);
    expect(report).toMatchObject({
      ok: true,
      value: {
        ended: "completed",
        casesSent: 0,
        failures: [],
        notSent: [{ why: "unsendable", cases: asked, message: "such a request cannot be sent as it stands" }],
        operations: [{ sent: 0 }],
      },
    });
  });

  test("ends when a server falls silent", async () => {
    const origin = await serve(() => undefined);
    const tests = await manyTests();
    const report = await runAt(
      tests,
      origin,
      { concurrencyMax: 8 },
      { headersTimeoutMs: 60, wholeTimeoutMs: 200 },
    );
    expect(report).toMatchObject({ ok: true, value: { ended: "silent" } });
    if (report.ok) expect(report.value.failures.map(({ check }) => check)).toEqual(["answered"]);
  });

  test("is through where the last cases of all had no answer, and nothing was left to send", async () => {
    let received = 0;
    const tests = await thingsTests();
    const answered = tests.plan.cases.length - 8;
    const origin = await serve((request, response) => {
      received += 1;
      if (received <= answered) request.resume().on("end", () => response.writeHead(200).end());
      else request.destroy();
    });
    const report = await runAt(tests, origin, { concurrencyMax: 1, shrinkRequestsMax: 0 });
    if (!report.ok) throw new Error(report.fault.message);
    expect(report.value).toMatchObject({ ended: "completed", casesSent: tests.plan.cases.length });
    expect(report.value.failures.map(({ check }) => check)).toContain("answered");
  });

  test("goes on where a server sends what is no HTTP, and says what is wrong with it", async () => {
    const origin = await serve((request) => request.socket.end("HTTP/1.1 200 OK\r\nA b: c\r\n\r\n"));
    const tests = await thingsTests();
    const report = await runAt(tests, origin);
    if (!report.ok) throw new Error(report.fault.message);
    expect(report.value).toMatchObject({ ended: "completed", casesSent: tests.plan.cases.length });
    expect(report.value.failures.map(({ message }) => message)).toEqual([
      "there was no answer: what the server sent is not HTTP/1.1: invalid header token",
    ]);
  });

  test("sends a request again whose connection broke, once", async () => {
    let received = 0;
    const origin = await serve((request, response) => {
      received += 1;
      if (received === 1) request.destroy();
      else response.writeHead(200).end();
    });
    const report = await runAt(await thingsTests(), origin, { concurrencyMax: 1 });
    if (report.ok) expect(report.value.failures.some(({ check }) => check === "answered")).toBe(false);
    expect(report).toMatchObject({ ok: true, value: { ended: "completed" } });
  });

  test("says `twice` only of what was sent twice", async () => {
    const origin = await serve((request) => request.socket.end("this is no HTTP\r\n\r\n"));
    const once = await runAt(await thingsTests(), origin);
    if (!once.ok) throw new Error(once.fault.message);
    expect(once.value.failures[0]?.message).toMatch(/^there was no answer: /);
    const dropped = await serve((request) => request.destroy());
    const twice = await runAt(await thingsTests(), dropped);
    if (!twice.ok) throw new Error(twice.fault.message);
    expect(twice.value.failures[0]?.message).toMatch(/^there was no answer, twice: /);
  });

  test("keeps what it found when an answer cannot be judged, and ends", async () => {
    const origin = await serve((_, response) => response.writeHead(500).end());
    const tests = await thingsTests();
    let judged = 0;
    const judge = tests.judge.bind(tests);
    vi.spyOn(tests, "judge").mockImplementation((id, answer) =>
      (judged += 1) <= 2 ? judge(id, answer) : undefined,
    );
    const report = await runAt(tests, origin, { concurrencyMax: 1 });
    expect(report).toMatchObject({
      ok: true,
      value: {
        ended: "unjudged",
        casesSent: 3,
        unjudged: { method: "POST", path: "/things", message: "no such case" },
      },
    });
    if (report.ok) expect(report.value.failures.map(({ check }) => check)).toContain("server-error");
  });

  test("does not follow a redirect", async () => {
    const asked: string[] = [];
    const origin = await serve((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(302, { location: "/elsewhere" }).end();
    });
    await runAt(await thingsTests(), origin);
    expect(asked.filter((url) => url !== "/things")).toEqual([]);
  });

  test("proves nothing by refusals where no valid request is taken", async () => {
    const origin = await serve((_, response) => response.writeHead(403).end());
    const report = await runAt(await thingsTests(), origin);
    if (!report.ok) throw new Error(report.fault.message);
    const [operation] = report.value.operations;
    expect(operation?.asExpected).toBe(0);
    expect(operation?.notJudged).toBeGreaterThan(3);
  });

  test.each([404, 401, 403, 429, 503])(
    "says of an operation whose valid requests are all answered %i that none was taken",
    async (status) => {
      const origin = await serve((_, response) => response.writeHead(status).end());
      const tests = await thingsTests();
      const report = await runAt(tests, origin);
      if (!report.ok) throw new Error(report.fault.message);
      const valid = tests.plan.cases.filter(({ expectation }) => expectation === "accepted").length;
      expect(report.value.operations).toMatchObject([
        { asExpected: 0, validTaken: 0, validUntaken: [{ status, count: valid }] },
      ]);
    },
  );

  test("takes a documented redirect for what was promised, and an undocumented one for nothing", async () => {
    const origin = await serve((_, response) => response.writeHead(302, { location: "/x" }).end());
    const taken = async (status: string): Promise<number | undefined> => {
      const responses = { [status]: { description: "" } };
      const { tests } = await planOf({ "api.yaml": document({ responses }) });
      if (tests === null) throw new Error("no tests");
      const report = await runAt(tests, origin);
      return report.ok ? report.value.operations[0]?.validTaken : undefined;
    };
    expect([await taken("302"), await taken("200")]).toEqual([1, 0]);
  });

  test("an operation that takes none of its valid requests is a failure, one refusal among many a warning", async () => {
    const all = await runAt(await thingsTests(), await serve((_, response) => response.writeHead(400).end()));
    if (all.ok) expect(all.value.failures.map(({ check }) => check)).toContain("valid-accepted");
    let count = 0;
    const origin = await serve((request, response) => {
      count += 1;
      const isOdd = count === 2;
      request.resume();
      request.on("end", () => response.writeHead(isOdd ? 400 : 200).end());
    });
    const { tests } = await planOf(
      { "api.yaml": bodyDocument({ type: "string" }) },
      { agents: ["functional-positive"] },
    );
    expect(tests).not.toBeNull();
    if (tests === null) return;
    const one = await runAt(tests, origin, { concurrencyMax: 1 });
    if (one.ok) expect(one.value.failures.map(({ check }) => check)).toEqual([]);
  });

  test("ends at once when it is aborted", async () => {
    const origin = await serve(() => undefined);
    const abort = new AbortController();
    const running = runAt(await thingsTests(), origin, {}, {}, abort.signal);
    setTimeout(() => abort.abort(), 30);
    expect(await running).toMatchObject({ ok: true, value: { ended: "interrupted", casesSent: 0 } });
  });

  test("keeps what it found before it was aborted, and claims nothing of what it did not try", async () => {
    const abort = new AbortController();
    let received = 0;
    const origin = await serve((_, response) => {
      received += 1;
      // The valid request is refused, and so is what breaks a rule: after all of them it would be a failure.
      if (received <= 3) response.writeHead(received === 2 ? 500 : 400).end();
      else abort.abort();
    });
    const tests = await thingsTests();
    const report = await runAt(tests, origin, { concurrencyMax: 1 }, {}, abort.signal);
    if (!report.ok) throw new Error(report.fault.message);
    expect(report.value).toMatchObject({ ended: "interrupted", casesSent: 3, requests: 4 });
    const found = report.value.failures;
    expect(found.map(({ check }) => check)).not.toContain("valid-accepted");
    const crash = found.find(({ check }) => check === "server-error");
    expect(crash?.curl).toContain(`${origin}/things`);
    expect(received).toBe(4);
  });

  test("keeps requests apart in time as its rate says", async () => {
    const sleeps: number[] = [];
    const clock = { monotonicMs: () => 1000, sleep: (ms: number) => Promise.resolve(void sleeps.push(ms)) };
    const sender = new Sender(clock, { requestsMax: 4, requestsPerSecondMax: 200 });
    const [testCase] = (await thingsTests()).plan.cases;
    if (testCase === undefined) throw new Error("no case");
    let asked = 0;
    const send = (): Promise<"denied"> => Promise.resolve("denied");
    const answer = (): Promise<Sending> => {
      asked += 1;
      return Promise.resolve(failed(fault("HTTP_CUT_OFF", "")));
    };
    for (let count = 0; count < 6; count += 1) await sender.send(answer, testCase, never());
    expect(await sender.send(answer, testCase, never())).toBe("spent");
    expect(asked).toBe(4);
    // What was not let out was not sent.
    const other = new Sender(clock, { requestsMax: 4, requestsPerSecondMax: null });
    expect([await other.send(send, testCase, never()), other.left]).toEqual(["denied", 4]);
    // The clock of this test stands still, so each has to wait for all before it.
    expect([sender.left, sleeps]).toEqual([0, [5, 10, 15]]);
  });
});
