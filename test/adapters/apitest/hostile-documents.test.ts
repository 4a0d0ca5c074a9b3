import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createApiTester } from "#adapters/apitest/create-api-tester.ts";
import { createDocumentFiles } from "#adapters/document-files/create-document-files.ts";
import { LOAD_LIMITS } from "#apitest/load/limits.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { PlannedTests } from "#ports/api-tester.ts";
import { API_TEST_AGENTS } from "#protocol/api-test.ts";
import { never } from "#test/apitest/kit.ts";

const WORKER = new URL("../../../runtime/adapters/apitest/worker.ts", import.meta.url);

let outer: string;
let workspace: string;
beforeAll(() => {
  outer = mkdtempSync(join(tmpdir(), "writ-hostile-"));
  workspace = join(outer, "workspace");
  mkdirSync(workspace);
  writeFileSync(join(outer, "secret.yaml"), "type: string\nconst: SECRET-OF-ANOTHER\n");
  symlinkSync(join(outer, "secret.yaml"), join(workspace, "link.yaml"));
});
afterAll(() => rmSync(outer, { recursive: true, force: true }));

/** Fewer than the command makes: how many there are does not matter here. */
const CASES_MAX = 5_000;

const testerAt = () =>
  createApiTester({
    entry: WORKER,
    files: createDocumentFiles({ workspace, fileBytesMax: LOAD_LIMITS.documentBytesMax }),
    planTimeoutMs: 110_000,
    judgeTimeoutMs: 10_000,
    heapBytesMax: 512 * 1024 * 1024,
  });

/** What the thread makes of a document that lies on a real disk. */
const planned = async (name: string, text: string): Promise<PlannedTests> => {
  writeFileSync(join(workspace, name), text);
  const tester = testerAt();
  try {
    const plan = await tester.plan(
      {
        file: name,
        seed: 1,
        agents: API_TEST_AGENTS,
        casesMax: CASES_MAX,
        casesPerOperationMax: 250,
        credentials: [],
      },
      never(),
    );
    if (!plan.ok) throw new Error(`${plan.fault.code}: ${plan.fault.message}`);
    return plan.value;
  } finally {
    await tester.close();
  }
};

const codesOf = ({ problems }: PlannedTests): readonly string[] =>
  problems.map(({ problem }) => problem.code);

const bodyOf = (schema: string): string =>
  `{openapi: 3.1.0, paths: {/a: {post: {requestBody: {required: true, content: {application/json: {schema: ${schema}}}}, responses: {"200": {description: ""}}}}}`;

describe("a document on disk, read by the real thread", () => {
  test("an alias bomb is refused", async () => {
    const levels = Array.from(
      { length: 40 },
      (_, n) => `x${n}: &x${n} [${n === 0 ? "1" : `*x${n - 1}, *x${n - 1}`}]`,
    );
    const plan = await planned("bomb.yaml", `openapi: 3.1.0\npaths: {}\n${levels.join("\n")}\n`);
    expect([plan.plan, codesOf(plan)]).toEqual([null, ["WRIT110"]]);
  });

  test("a `$ref` that leads to itself is an error, one that goes around is a schema", async () => {
    const itself = await planned(
      "itself.yaml",
      `${bodyOf('{$ref: "#/components/schemas/A"}')}, components: {schemas: {A: {$ref: "#/components/schemas/A"}}}}`,
    );
    expect(codesOf(itself)).toContain("WRIT115");
    const around = await planned(
      "around.yaml",
      `${bodyOf('{$ref: "#/components/schemas/A"}')}, components: {schemas: {A: {type: object, required: [n], properties: {n: {type: integer, maximum: 9}, next: {$ref: "#/components/schemas/A"}}}}}}`,
    );
    expect(codesOf(around)).toEqual([]);
    expect(around.plan?.cases.length).toBeGreaterThan(5);
    const all = await planned(
      "all.yaml",
      `${bodyOf('{$ref: "#/components/schemas/A"}')}, components: {schemas: {A: {allOf: [{$ref: "#/components/schemas/A"}]}}}}`,
    );
    expect(codesOf(all)).toEqual(["WRIT115"]);
  });

  test.each([
    ["above the workspace", "../secret.yaml"],
    ["by an absolute path", "/etc/passwd"],
    ["over a link", "link.yaml"],
    ["on another machine", "http://127.0.0.1:1/a.yaml"],
  ])("nothing %s is opened", async (_, reference) => {
    const plan = await planned("outside.yaml", `${bodyOf(`{$ref: "${reference}"}`)}}`);
    const errors = plan.problems.filter(({ problem }) => problem.severity === "error");
    expect(errors.map(({ problem }) => problem.code)).toEqual([
      expect.stringMatching(/^WRIT11[45]$/) as string,
    ]);
    expect(JSON.stringify(plan)).not.toContain("SECRET-OF-ANOTHER");
  });

  test("ten megabytes of operations and schemas become as many tests as are allowed", async () => {
    const schemas = Array.from(
      { length: 6_000 },
      (_, n) =>
        `"S${n}":{"type":"object","description":"${"words ".repeat(180)}","required":["a"],"properties":{"a":{"type":"integer","minimum":1,"maximum":${n + 9}},"b":{"$ref":"#/components/schemas/S${(n + 1) % 6_000}"}}}`,
    );
    const paths = Array.from(
      { length: 6_000 },
      (_, n) =>
        `"/p${n}/{id}":{"get":{"description":"${"words ".repeat(50)}","parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"integer","minimum":1}},{"name":"q","in":"query","schema":{"type":"string","maxLength":5}}],"responses":{"200":{"description":"","content":{"application/json":{"schema":{"$ref":"#/components/schemas/S${n}"}}}}}}}`,
    );
    const text = `{"openapi":"3.1.0","paths":{${paths.join(",\n")}},"components":{"schemas":{${schemas.join(",\n")}}}}`;
    expect(text.length).toBeGreaterThan(10_000_000);
    const { plan, problems } = await planned("large.json", text);
    expect(plan?.operations).toHaveLength(6_000);
    expect(plan?.cases).toHaveLength(CASES_MAX);
    expect(plan?.leftOut.length).toBeGreaterThan(5_000);
    expect(problems.length).toBeLessThanOrEqual(1_000);
  });
});

test("an answer whose names are those of every object is judged like any other", async () => {
  const schema = "{enum: [{a: 1}], uniqueItems: true}";
  writeFileSync(
    join(workspace, "names.yaml"),
    `{openapi: 3.1.0, paths: {/a: {get: {responses: {"200": {description: "", content: {application/json: {schema: ${schema}}}}}}}}}`,
  );
  const tester = testerAt();
  try {
    const plan = await tester.plan(
      {
        file: "names.yaml",
        seed: 1,
        agents: API_TEST_AGENTS,
        casesMax: 10,
        casesPerOperationMax: 10,
        credentials: [],
      },
      never(),
    );
    const id = (plan.ok ? plan.value.plan?.cases[0]?.id : undefined) ?? "";
    const judged = async (text: string) =>
      tester.judge(
        id,
        { status: 200, headers: [["content-type", "application/json"]], body: utf8(text) },
        never(),
      );
    expect(await judged('{"a":1}')).toEqual({ ok: true, value: [] });
    for (const text of [
      '{"toString":null}',
      '{"valueOf":1,"constructor":{}}',
      '[{"toString":1},{"toString":1}]',
      '{"__proto__":{"a":1}}',
      '"\\ud800"',
      `${"[".repeat(200_000)}${"]".repeat(200_000)}`,
    ]) {
      const findings = await judged(text);
      expect([text.slice(0, 40), findings.ok]).toEqual([text.slice(0, 40), true]);
    }
  } finally {
    await tester.close();
  }
});
