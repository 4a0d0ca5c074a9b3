import { describe, expect, test } from "vitest";

import type { DocumentTests } from "#apitest/plan-tests.ts";
import { API_TEST_AGENTS, type ApiTestAgent } from "#protocol/api-test.ts";
import { verifies } from "#test/kit/verifies.ts";
import { BUGS } from "../../examples/orders-api/server.ts";
import { planOf } from "./kit.ts";
import { ordersDocument, runAt, withOrders } from "./orders-server.ts";

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
