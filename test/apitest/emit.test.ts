import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { vitestSuite } from "#apitest/emit/vitest-suite.ts";
import type { ApiTestPlan } from "#protocol/api-test.ts";
import type { Bug } from "../../examples/orders-api/server.ts";
import { planOf } from "./kit.ts";
import { ordersDocument, withOrders } from "./orders-server.ts";

const top = fileURLToPath(new URL("../../", import.meta.url));
const ORIGIN = { document: "api.yaml", seed: 1, version: "0.0.0" };

const suiteOf = (plan: ApiTestPlan | undefined, document = "api.yaml"): string =>
  plan === undefined ? "" : vitestSuite(plan, { ...ORIGIN, document });

describe("the suite, run by vitest in a folder of its own", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "writ-suite-"));
    symlinkSync(join(top, "node_modules"), join(folder, "node_modules"));
    const { tests } = await planOf({ "api.yaml": ordersDocument });
    writeFileSync(join(folder, "orders.test.ts"), suiteOf(tests?.plan));
    writeFileSync(join(folder, "package.json"), "{}");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  interface Report {
    readonly numPassedTests: number;
    readonly testResults: readonly {
      readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
    }[];
  }

  const run = async (bug: Bug | undefined) =>
    withOrders(bug, async (origin) => {
      const file = join(folder, "report.json");
      const argv = [join(top, "node_modules/vitest/vitest.mjs"), "run", "--root", folder];
      const child = spawn(process.execPath, [...argv, "--reporter=json", `--outputFile=${file}`], {
        cwd: folder,
        env: { API_BASE_URL: origin, PATH: "/usr/bin:/bin" },
        stdio: "ignore",
      });
      await new Promise((resolve) => child.on("close", resolve));
      const report = JSON.parse(readFileSync(file, "utf8")) as Report;
      rmSync(file);
      const failed = report.testResults
        .flatMap(({ assertionResults }) => assertionResults)
        .filter(({ status }) => status !== "passed")
        .map(({ fullName }) => fullName.replace(/ \[[0-9a-f]{16}\]$/, ""));
      return { passed: report.numPassedTests, failed };
    });

  test("passes whole against a server that does what its document says", async () => {
    const { passed, failed } = await run(undefined);
    expect(failed).toEqual([]);
    expect(passed).toBeGreaterThan(100);
  });

  test("fails in the one test that a bug is about", async () => {
    expect((await run("crash-at-maximum")).failed).toEqual([
      "POST /orders body with `quantity` at its maximum, 1000",
    ]);
  });
});

describe("text of a document stays text", () => {
  const NASTY = "\"'`${process.exit(1)}\\\u2028\u2029*/\n//\u202e</script>\u0000é😀";
  const nasty = (): string =>
    JSON.stringify({
      openapi: "3.1.0",
      paths: {
        [`/a${NASTY.replaceAll("{", "(").replaceAll("}", ")")}`]: {
          post: {
            parameters: [
              { name: NASTY, in: "query", required: true, schema: { enum: [NASTY.replace("\u0000", "")] } },
            ],
            requestBody: {
              required: true,
              content: {
                "application/json": {
                  schema: { type: "object", required: [NASTY], properties: { [NASTY]: { const: NASTY } } },
                },
              },
            },
            responses: { "200": { description: "", content: { [`text/${NASTY}`]: {} } } },
          },
        },
      },
    });

  test("the file is TypeScript that says nothing but calls of the suite", async () => {
    const { tests } = await planOf({ "api.yaml": nasty() });
    const text = suiteOf(tests?.plan, `api\n${NASTY}.yaml`);
    expect(tests?.plan.cases.length).toBeGreaterThan(1);
    expect(text).toMatch(/^[\n\u0020-\u007e]*$/);
    const { program, errors } = parseSync("suite.test.ts", text);
    expect(errors).toEqual([]);
    const kinds = program.body.map((node) => node.type);
    expect(new Set(kinds.slice(-1))).toEqual(new Set(["ExpressionStatement"]));
    // Imports, types and helpers are those of a suite of any other document.
    const { tests: plain } = await planOf({ "api.yaml": ordersDocument });
    const { program: other } = parseSync("suite.test.ts", suiteOf(plain?.plan));
    const headOf = (types: readonly string[]): readonly string[] =>
      types.slice(0, types.lastIndexOf("VariableDeclaration") + 1);
    expect(headOf(kinds)).toEqual(headOf(other.body.map((node) => node.type)));
    // All that is behind them are calls of `describe`.
    expect(kinds.slice(headOf(kinds).length)).toEqual(["ExpressionStatement"]);
  });
});

test("the same plan is the same text", async () => {
  const { tests } = await planOf({ "api.yaml": ordersDocument });
  expect(suiteOf(tests?.plan)).toBe(suiteOf(tests?.plan));
});
