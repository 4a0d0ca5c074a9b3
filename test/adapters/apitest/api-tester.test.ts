import { afterEach, describe, expect, test } from "vitest";

import { createApiTester, type ApiTesterOptions } from "#adapters/apitest/create-api-tester.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { ApiTester, PlanInput } from "#ports/api-tester.ts";
import { API_TEST_AGENTS } from "#protocol/api-test.ts";
import { bodyDocument, document, never, planOf } from "#test/apitest/kit.ts";
import { createDocumentFilesFake } from "#test/kit/document-files-fake.ts";

const WORKER = new URL("../../../runtime/adapters/apitest/worker.ts", import.meta.url);

const opened: ApiTester[] = [];
const open = (
  texts: Readonly<Record<string, string>>,
  options: Partial<ApiTesterOptions> = {},
): ApiTester => {
  const tester = createApiTester({
    entry: WORKER,
    files: createDocumentFilesFake(texts),
    planTimeoutMs: 60_000,
    judgeTimeoutMs: 60_000,
    heapBytesMax: 512 * 1024 * 1024,
    ...options,
  });
  opened.push(tester);
  return tester;
};
afterEach(async () => {
  for (const tester of opened.splice(0)) await tester.close();
});

const INPUT: PlanInput = {
  file: "api.yaml",
  seed: 1,
  agents: API_TEST_AGENTS,
  casesMax: 10_000,
  casesPerOperationMax: 1000,
  credentials: [],
};

describe("the thread gives what this thread gives", () => {
  test("for a document in two files, its answers and its smaller cases", async () => {
    const texts = {
      "api.yaml": bodyDocument({ $ref: "a.yaml" }),
      "a.yaml": "type: object\nrequired: [a]\nproperties: {a: {type: integer, maximum: 9}}\n",
    };
    const tester = open(texts);
    const here = await planOf(texts);
    const planned = await tester.plan(INPUT, never());
    expect(planned).toEqual({ ok: true, value: { plan: here.tests?.plan, problems: here.problems } });
    const id = here.tests?.plan.cases[0]?.id ?? "";
    const answer = { status: 500, headers: [], body: utf8("") };
    expect(await tester.judge(id, answer, never())).toEqual({
      ok: true,
      value: here.tests?.judge(id, answer),
    });
    expect(await tester.smaller(id, never())).toEqual({ ok: true, value: here.tests?.smaller(id) });
  });

  test("for a document that is none", async () => {
    const planned = await open({ "api.yaml": "[" }).plan(INPUT, never());
    expect(planned).toMatchObject({ ok: true, value: { plan: null, problems: [{ file: "api.yaml" }] } });
  });
});

/** The pattern of the answer takes time without end on a text that nearly matches. */
const trap = document({
  responses: {
    "200": {
      description: "",
      content: { "application/json": { schema: { type: "string", pattern: "^(a+)+$" } } },
    },
  },
});

describe("what hangs or eats memory is killed", () => {
  test("a pattern that never ends costs one judgement, and a new plan can be made", async () => {
    const tester = open({ "api.yaml": trap }, { judgeTimeoutMs: 500 });
    const planned = await tester.plan(INPUT, never());
    const id = (planned.ok ? planned.value.plan?.cases[0]?.id : undefined) ?? "";
    const answer = {
      status: 200,
      headers: [["content-type", "application/json"]] as const,
      body: utf8(`"${"a".repeat(60)}!"`),
    };
    expect(await tester.judge(id, answer, never())).toMatchObject({ fault: { code: "APITEST_TIMEOUT" } });
    expect(await tester.judge(id, answer, never())).toMatchObject({ fault: { code: "APITEST_CRASHED" } });
    expect(await tester.plan(INPUT, never())).toMatchObject({ ok: true });
  });

  test("a document that needs more memory than there is", async () => {
    const values = `[${"[],".repeat(900_000)}[]]`;
    const tester = open(
      { "api.yaml": `{"openapi": "3.1.0", "paths": {}, "x": ${values}}` },
      { heapBytesMax: 24 * 1024 * 1024 },
    );
    expect(await tester.plan(INPUT, never())).toMatchObject({ fault: { code: "APITEST_CRASHED" } });
  });

  test("an abort ends the thread", async () => {
    const tester = open({ "api.yaml": trap });
    const planned = await tester.plan(INPUT, never());
    const id = (planned.ok ? planned.value.plan?.cases[0]?.id : undefined) ?? "";
    const abort = new AbortController();
    const answer = {
      status: 200,
      headers: [["content-type", "application/json"]] as const,
      body: utf8(`"${"a".repeat(60)}!"`),
    };
    const judging = tester.judge(id, answer, abort.signal);
    setTimeout(() => abort.abort(), 200);
    await expect(judging).rejects.toMatchObject({ name: "AbortError" });
  });

  test("nothing is judged without a plan, nor after closing", async () => {
    const tester = open({});
    const answer = { status: 200, headers: [], body: utf8("") };
    expect(await tester.judge("0", answer, never())).toMatchObject({ fault: { code: "APITEST_CRASHED" } });
    await tester.close();
    expect(await tester.plan(INPUT, never())).toMatchObject({ fault: { code: "APITEST_CRASHED" } });
  });
});
