import { execFile, execFileSync } from "node:child_process";
import { createServer, type Server } from "node:http";
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server as NetServer,
  type Socket,
} from "node:net";
import { promisify } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";

import type { DocumentTests } from "#apitest/plan-tests.ts";
import { curlLine } from "#apitest/run/curl.ts";
import { systemClock } from "#adapters/clock/system-clock.ts";
import type { RequestDoor, Sending } from "#apitest/run/request-door.ts";
import { runCases } from "#apitest/run/run-cases.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { Sender } from "#apitest/run/sender.ts";
import { encodePart } from "#apitest/wire/encode.ts";
import { secretRemover } from "#kernel/without-secret.ts";
import { API_TEST_AGENTS, type ApiRequest, type ApiTestAgent } from "#protocol/api-test.ts";
import { verifies } from "#test/kit/verifies.ts";
import { BUGS } from "../../examples/orders-api/server.ts";
import { bodyDocument, document, never, planOf } from "./kit.ts";
import { ordersDocument, RUN_OPTIONS, runAt, SHOWN, testerOf, withOrders } from "./orders-server.ts";

const ordersTests = async (seed = 1): Promise<DocumentTests> => {
  const { tests, problems } = await planOf({ "api.yaml": ordersDocument }, { seed });
  expect(problems).toEqual([]);
  if (tests === null) throw new Error("no tests");
  return tests;
};

describe("a server that does what its document says", () => {
  test.each([1, 2, 3, 4, 5])("is accused of nothing, with seed %i", async (seed) => {
    const tests = await ordersTests(seed);
    const report = await withOrders(undefined, (origin) => runAt(tests, origin, { seed }));
    expect(report).toMatchObject({ ok: true, value: { failures: [], warnings: [], ended: "completed" } });
    if (!report.ok) return;
    expect(report.value.casesSent).toBe(tests.plan.cases.length);
    const left = report.value.operations.map(
      ({ sent, asExpected, notJudged }) => sent - asExpected - notJudged,
    );
    expect(left).toEqual([0, 0, 0, 0, 0]);
  });
});

describe("a server with one bug", () => {
  const QUANTITY_TYPE = "api.yaml#/components/schemas/Order/properties/quantity/type quantity type";

  /** The causes that each bug has, and the smallest request for the first. */
  const EXPECTED: Readonly<
    Record<(typeof BUGS)[number], { readonly causes: readonly string[]; readonly smallest: RegExp }>
  > = {
    "crash-at-maximum": {
      causes: ["server-error POST /orders 500 body /components/schemas/Order/properties/quantity"],
      smallest: /^\{"item":".","quantity":1000\}$/,
    },
    "takes-too-little": {
      causes: ["invalid-rejected POST /orders body /quantity minimum"],
      smallest: /^\{"item":".","quantity":0\}$/,
    },
    "refuses-maximum": {
      causes: ["valid-accepted POST /orders body  maximum"],
      smallest: /^\{"item":".","quantity":1000\}$/,
    },
    "wrong-type": {
      causes: [
        `response-schema GET /orders 200 ${QUANTITY_TYPE}`,
        `response-schema POST /orders 201 ${QUANTITY_TYPE}`,
        `response-schema GET /orders/{orderId} 200 ${QUANTITY_TYPE}`,
      ],
      smallest: /^$/,
    },
    "undocumented-status": {
      causes: ["status-documented POST /orders 202"],
      smallest: /^\{"item":".","quantity":1\}$/,
    },
    "wrong-content-type": {
      causes: [
        "content-type GET /orders 200 text/plain",
        "content-type GET /orders/{orderId} 200 text/plain",
        "content-type POST /quotes 200 text/plain",
      ],
      smallest: /^$/,
    },
  };

  test.each(BUGS)("%s is found, once a cause, in the smallest request, whatever the seed", async (bug) => {
    verifies("apitest.beyond.shrunk-failures");
    for (const seed of [1, 2]) {
      const tests = await ordersTests(seed);
      const report = await withOrders(bug, (origin) => runAt(tests, origin, { seed }));
      if (!report.ok) throw new Error(report.fault.message);
      expect(report.value.failures.map(({ cause }) => cause)).toEqual(EXPECTED[bug].causes);
      expect(report.value.failures[0]?.example.request.body ?? "").toMatch(EXPECTED[bug].smallest);
      expect(report.value.failures.every(({ reproduced }) => reproduced === true)).toBe(true);
    }
  });

  /** Which agent finds which class of bug by itself. */
  const FOUND_BY: Readonly<Record<(typeof BUGS)[number], readonly ApiTestAgent[]>> = {
    "crash-at-maximum": ["functional-positive"],
    "refuses-maximum": ["functional-positive"],
    "takes-too-little": ["functional-negative"],
    "wrong-type": ["functional-positive"],
    "undocumented-status": ["functional-positive"],
    "wrong-content-type": ["functional-positive"],
  };

  test.each(BUGS)("%s is found by the agent whose class it is", async (bug) => {
    verifies("apitest.agent.functional-positive", "apitest.agent.functional-negative");
    const found: ApiTestAgent[] = [];
    for (const agent of API_TEST_AGENTS) {
      const { tests } = await planOf({ "api.yaml": ordersDocument }, { agents: [agent] });
      if (tests === null) throw new Error("no tests");
      const report = await withOrders(bug, (origin) => runAt(tests, origin));
      if (!report.ok) throw new Error(report.fault.message);
      if (report.value.failures.length > 0) found.push(agent);
    }
    expect(found).toEqual(FOUND_BY[bug]);
  });

  test("is shown by the line for curl alone", async () => {
    const tests = await ordersTests();
    await withOrders("crash-at-maximum", async (origin) => {
      const report = await runAt(tests, origin);
      const line = report.ok ? (report.value.failures[0]?.curl ?? "") : "";
      expect(line).toContain(`--data-raw '{"item":"`);
      expect(line).toContain(`,"quantity":1000}' '${origin}/orders'`);
    });
  });
});

describe("a run", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  const serve = async (handler: Parameters<typeof createServer>[1]): Promise<string> => {
    const server = createServer(handler ?? (() => undefined));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const thingsTests = async (): Promise<DocumentTests> => {
    const { tests } = await planOf({
      "api.yaml": bodyDocument({ type: "integer", minimum: 1, maximum: 50 }),
    });
    if (tests === null) throw new Error("no tests");
    return tests;
  };

  /** More cases than silences that end a run and requests that may be under way then. */
  const manyTests = async (): Promise<DocumentTests> => {
    const parameters = ["a", "b", "c", "d"].map((name) => ({
      name,
      in: "query",
      schema: { type: "integer", minimum: 1, maximum: 50 },
    }));
    const { tests } = await planOf({ "api.yaml": document({ parameters }) });
    if (tests === null) throw new Error("no tests");
    expect(tests.plan.cases.length).toBeGreaterThan(24);
    return tests;
  };

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

  describe("with a server that never comes to an end", () => {
    const listening = new Set<NetServer>();
    const sockets = new Set<Socket>();
    afterEach(() => {
      for (const socket of sockets) socket.destroy();
      for (const server of listening) server.close();
      sockets.clear();
      listening.clear();
    });

    /** A bare socket that does this with each connection, however long it may stay. */
    const bare = async (act: (socket: Socket) => void): Promise<string> => {
      const server = createNetServer({ pauseOnConnect: true }, (socket) => {
        sockets.add(socket);
        socket.on("error", () => undefined);
        act(socket);
      });
      listening.add(server);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    /** Says something once a request is there, and then the next drop for ever. */
    const dripping = (first: string, drop: string) => (socket: Socket) => {
      socket.resume();
      socket.once("data", () => {
        socket.write(first);
        const drops = setInterval(() => socket.write(drop), 20);
        socket.on("close", () => clearInterval(drops));
      });
    };

    test.each<[string, string, (socket: Socket) => void]>([
      ["drips one header", "no headers of an answer came", dripping("HTTP/1.1 200 OK\r\nA: ", "x")],
      ["drips headers", "no headers of an answer came", dripping("HTTP/1.1 200 OK\r\n", "A: b\r\n")],
      ["drips its body", "no whole answer came", dripping("HTTP/1.1 200 OK\r\n\r\n", "x")],
      [
        "sends 1xx for ever",
        "no headers of an answer came",
        dripping("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
      ],
      ["sends 100 for ever", "no headers of an answer came", dripping("", "HTTP/1.1 100 Continue\r\n\r\n")],
      ["never reads the request", "no headers of an answer came", () => undefined],
    ])("that %s the run ends, and says that %s", async (_, why, act) => {
      const tests = await manyTests();
      const isBody = why.startsWith("no whole");
      const [headersTimeoutMs, wholeTimeoutMs] = isBody ? [60_000, 400] : [150, 60_000];
      const limits = { headersTimeoutMs, bodyTimeoutMs: 60_000, wholeTimeoutMs };
      const report = await runAt(tests, await bare(act), { concurrencyMax: 8 }, limits);
      if (!report.ok) throw new Error(report.fault.message);
      expect(report.value).toMatchObject({ ended: "silent", warnings: [] });
      expect(report.value.failures.map(({ check }) => check)).toEqual(["answered"]);
      expect(report.value.failures[0]?.message).toContain(`there was no answer, twice: ${why}`);
      expect(report.value.operations).toMatchObject([{ asExpected: 0, notJudged: 0 }]);
    });
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

  describe("where the server breaks down", () => {
    const integer = { type: "integer", minimum: 1, maximum: 5 };
    const text = { type: "string", minLength: 3, maxLength: 5 };
    const parameters = [
      { name: "ck", in: "cookie", schema: integer },
      { name: "page_token", in: "query", schema: integer },
      { name: "Idempotency-Key", in: "header", schema: text },
      ...["a", "b", "c"].map((name) => ({ name, in: "query", schema: integer })),
    ];
    /** What was sent in each part. */
    type Sent = Readonly<Record<string, string | undefined>>;

    /** Runs against a server that breaks down at what `isBroken` says, and refuses what is no value from 1 to 5. */
    const runWith = async (isBroken: (sent: Sent) => boolean) => {
      const answer = (sent: Sent): number => {
        const { key, ...others } = sent;
        const numbers = Object.values(others).every((each) => each === undefined || /^[1-5]$/.test(each));
        const isValid = numbers && (key === undefined || (key.length >= 3 && key.length <= 5));
        return isBroken(sent) ? 500 : isValid ? 200 : 400;
      };
      const origin = await serve(({ url, headers }, response) => {
        const query = new URL(url ?? "", "http://h").searchParams;
        const names = ["page_token", "a", "b", "c"];
        const sent: Sent = {
          ck: /ck=([^;]*)/.exec(headers.cookie ?? "")?.[1],
          key: headers["idempotency-key"] as string | undefined,
          ...Object.fromEntries(names.map((name) => [name, query.get(name) ?? undefined])),
        };
        response.writeHead(answer(sent)).end();
      });
      const responses = { "200": { description: "" }, "400": { description: "" } };
      const { tests } = await planOf({ "api.yaml": document({ parameters, responses }) });
      if (tests === null) throw new Error("no tests");
      const report = await runAt(tests, origin);
      if (!report.ok) throw new Error(report.fault.message);
      return report.value.failures;
    };

    test("three bugs in three parts are three entries, each with a line for curl that shows it", async () => {
      const failures = await runWith(
        ({ ck, page_token, key }) => ck === "5" || page_token === "5" || key?.length === 5,
      );
      expect(failures.flatMap(({ parts }) => parts).toSorted()).toEqual([
        "cookie ck",
        "header Idempotency-Key",
        "query page_token",
      ]);
      expect(failures).toHaveLength(3);
      for (const { curl } of failures) {
        const { stdout } = await promisify(execFile)("/bin/sh", ["-c", curl]);
        expect(stdout, curl).toContain("HTTP/1.1 500");
      }
    });

    test("one that the plainest request shows is one, whatever else is sent", async () => {
      const failures = await runWith(() => true);
      expect(failures).toMatchObject([{ cause: "server-error GET /things 500", status: 500 }]);
      expect(failures[0]?.example.isPlainest).toBe(true);
    });

    test("one that values of many parts show is one, and names them", async () => {
      const isNumber = (each: string | undefined): boolean => each === undefined || /^\d+$/.test(each);
      const failures = await runWith(
        ({ ck, page_token, a, b, c }) => ![ck, page_token, a, b, c].every(isNumber),
      );
      expect(failures).toHaveLength(1);
      expect(failures[0]).toMatchObject({ cause: "server-error GET /things 500", reproduced: true });
      expect(failures[0]?.parts.toSorted()).toEqual([
        "cookie ck",
        "query a",
        "query b",
        "query c",
        "query page_token",
      ]);
    });

    test("one that comes to the same smallest request by two ways is one", async () => {
      // Also the fullest request has it.
      const failures = await runWith(({ ck }) => ck !== undefined && /^[1-5]$/.test(ck));
      expect(failures).toMatchObject([{ cause: "server-error GET /things 500 cookie ck" }]);
    });
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

describe("the line for curl", () => {
  const request = (change: Partial<ApiRequest>): ApiRequest => ({
    method: "POST",
    target: "/a",
    headers: [],
    body: null,
    ...change,
  });

  test("a shell reads back exactly the words that were meant", () => {
    const nasty = `'; rm -rf / #$(id)\`id\`"\\ !\n\t&& é😀`;
    const line = curlLine(
      "http://h",
      request({ body: nasty, headers: [["x-a", "it's $HOME"]], target: "/a?b=%27" }),
      SHOWN,
    );
    const words = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" })
      .split("\0")
      .slice(0, -1);
    expect(words).toEqual([
      "curl",
      "--silent",
      "--show-error",
      "--include",
      "--globoff",
      "--path-as-is",
      "--request",
      "POST",
      "--header",
      "x-a: it's $HOME",
      "--data-raw",
      nasty,
      "http://h/a?b=%27",
    ]);
  });

  test("shows values that were made, whatever their names say, and none that has a credential", () => {
    const hide = secretRemover(["s3cret-key-77", encodePart("s3cret/key=77")]);
    const made = request({
      headers: [
        ["x-api-key", "made"],
        ["cookie", "session=5; token="],
        ["x-empty", ""],
      ],
      target: "/a?access_token=5&flag&b=1",
    });
    const line = curlLine("http://h", made, hide);
    for (const word of ["'x-api-key: made'", "'cookie: session=5; token='", "'x-empty;'"]) {
      expect(line).toContain(` --header ${word}`);
    }
    expect(line).toContain("/a?access_token=5&flag&b=1'");
    const known = request({
      headers: [
        ["x-plain", "Bearer s3cret-key-77"],
        ["cookie", "a=1; b=s3cret-key-77"],
      ],
      target: `/a?c=${encodePart("s3cret/key=77")}&d=1`,
    });
    const hidden = curlLine("http://h", known, hide);
    expect(hidden).not.toContain("s3cret");
    expect(hidden).toContain(`'x-plain: REDACTED' --header 'cookie: a=1; b=REDACTED'`);
    expect(hidden).toContain("/a?c=REDACTED&d=1'");
  });
});
