import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";

import type { JsonValue } from "#kernel/json.ts";
import { document, planOf } from "./kit.ts";
import { runAt } from "./orders-server.ts";

const LIMITS = { headersTimeoutMs: 60, wholeTimeoutMs: 200 };

describe("an operation that never answers", () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** Runs the tests of three operations, of which those whose path this matches are silent. */
  const runWith = async (silent: RegExp) => {
    const parameters: JsonValue = [
      { name: "q", in: "query", schema: { type: "integer", minimum: 1, maximum: 99 } },
      { name: "r", in: "query", schema: { enum: ["a", "b", "c", "d"] } },
    ];
    const operation = { get: { parameters, responses: { "2XX": {}, "4XX": {} } } };
    const text = JSON.stringify({
      openapi: "3.1.0",
      paths: { "/a": operation, "/b": operation, "/c": operation },
    });
    const { tests } = await planOf({ "api.yaml": text });
    if (tests === null) throw new Error("no tests");
    const server = createServer(({ url = "" }, response) => {
      if (!silent.test(url)) response.writeHead(200).end();
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const report = await runAt(tests, origin, { concurrencyMax: 8 }, LIMITS);
    if (!report.ok) throw new Error(report.fault.message);
    return report.value;
  };

  test("does not keep the others from being tested, and the cases that it lacks are said", async () => {
    const { ended, operations, notSent, failures, casesPlanned, casesSent } = await runWith(/^\/b/);
    expect(ended).toBe("completed");
    expect(operations[2]?.sent).toBe(casesPlanned / 3);
    expect(notSent).toMatchObject([{ path: "/b", why: "silent", cases: casesPlanned - casesSent }]);
    expect(notSent[0]?.message).toBe("8 cases of it, one after another, had no complete answer");
    expect(failures.filter(({ check }) => check === "answered")).toHaveLength(1);
  });

  test("ends the run where the next one does not answer either, or where it is the last", async () => {
    const two = await runWith(/^\/[ab]/);
    expect(two).toMatchObject({ ended: "silent", operations: [{}, { sent: 1 }, { sent: 0 }] });
    expect(await runWith(/^\/c/)).toMatchObject({ ended: "silent", notSent: [] });
  });
});

describe("an operation that answers a stream of events", () => {
  const planWith = async (content: JsonValue) => {
    const responses = { "200": { description: "", content }, "4XX": { description: "" } };
    const { tests } = await planOf({ "api.yaml": document({ responses }) });
    return tests?.plan;
  };

  test("is left out, as it need not end", async () => {
    expect(await planWith({ "text/event-stream": {} })).toMatchObject({
      cases: [],
      leftOut: [{ why: "what it answers is a stream of events, which need not end" }],
    });
  });

  test("is tested where it also answers something else", async () => {
    const plan = await planWith({ "text/event-stream": {}, "application/json": {} });
    expect(plan).toMatchObject({ cases: [{ isPlainest: true }], leftOut: [] });
  });
});
