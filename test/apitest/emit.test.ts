import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import fc from "fast-check";
import { parseSync } from "oxc-parser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { vitestSuite } from "#apitest/emit/vitest-suite.ts";
import type { ApiTestPlan } from "#protocol/api-test.ts";
import { caseCount } from "#test/kit/cases.ts";
import { type Bug, BUGS } from "../../examples/orders-api/server.ts";
import { planOf } from "./kit.ts";
import { ordersDocument, withOrders } from "./orders-server.ts";
import { type Report, suiteFolder, vitestIn } from "./suites.ts";

const ORIGIN = { document: "api.yaml", seed: 1, version: "0.0.0" };

const suiteOf = (plan: ApiTestPlan | undefined, document = "api.yaml"): string =>
  plan === undefined ? "" : vitestSuite(plan, { ...ORIGIN, document });

describe("the suite, run by vitest in a folder of its own", () => {
  let folder: string;
  let failing: ReadonlyMap<string, readonly string[]>;
  let passed: number;
  /** The suite against a server that refuses whatever it is asked. */
  let refused: Report["testResults"][number] | undefined;

  /** Starts the correct server and one for each bug, and runs a copy of the suite against each. */
  beforeAll(async () => {
    folder = suiteFolder();
    const { tests } = await planOf({ "api.yaml": ordersDocument });
    const suite = suiteOf(tests?.plan);
    const withServers = (bugs: readonly Bug[]): Promise<Report> => {
      const [bug, ...others] = bugs;
      if (bug === undefined) return withOrders(undefined, (origin) => vitest(suite, origin));
      return withOrders(bug, (origin) => {
        const text = `process.env["API_BASE_URL"] = ${JSON.stringify(origin)};\n${suite}`;
        writeFileSync(join(folder, `${bug}.test.ts`), text);
        return withServers(others);
      });
    };
    const refusing = createServer((_, response) => response.writeHead(403).end());
    await new Promise<void>((resolve) => refusing.listen(0, "127.0.0.1", resolve));
    const text = `process.env["API_BASE_URL"] = "http://127.0.0.1:${(refusing.address() as AddressInfo).port}";\n${suite}`;
    writeFileSync(join(folder, "refused.test.ts"), text);
    const report = await withServers(BUGS);
    await new Promise((resolve) => refusing.close(resolve));
    refused = report.testResults.find(({ name }) => name.endsWith("refused.test.ts"));
    failing = new Map(
      report.testResults.map(({ name, assertionResults }) => [
        basename(name, ".test.ts"),
        assertionResults
          .filter(({ status }) => status !== "passed")
          .map(({ fullName }) => fullName.replace(/ \[[0-9a-f]{16}\]$/, "")),
      ]),
    );
    passed =
      report.testResults.find(({ name }) => name.endsWith("correct.test.ts"))?.assertionResults.length ?? 0;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs what lies in the folder, with the suite as it is beside it. */
  const vitest = (suite: string, origin: string): Promise<Report> => {
    writeFileSync(join(folder, "correct.test.ts"), suite);
    return vitestIn(folder, origin);
  };

  test("passes whole against a server that does what its document says", () => {
    expect(failing.get("correct")).toEqual([]);
    expect(passed).toBeGreaterThan(100);
  });

  test("fails against a server that refuses everything, though no answer is wrong by itself", () => {
    expect(refused?.assertionResults.filter(({ status }) => status !== "passed")).toEqual([]);
    expect(refused).toMatchObject({
      status: "failed",
      message: expect.stringContaining("no valid request was taken") as string,
    });
  });

  /** Beginnings of the names of the tests that fail with each bug. */
  const FAILING: Readonly<Record<Bug, readonly RegExp[]>> = {
    "crash-at-maximum": [/^POST \/orders body with `quantity` at its maximum, 1000$/],
    "takes-too-little": [/^POST \/orders body `\/quantity` is 0: /],
    "refuses-maximum": [/^POST \/orders body with `quantity` at its maximum, 1000$/],
    // The type of what is answered is in the schema alone.
    "wrong-type": [/^(?:GET \/orders|POST \/orders|GET \/orders\/\{orderId\}) /],
    "undocumented-status": [/^POST \/orders /],
    "wrong-content-type": [/^(?:GET \/orders|GET \/orders\/\{orderId\}|POST \/quotes) /],
  };

  test.each(BUGS)("fails in tests that %s is about, and in no others", (bug) => {
    const failed = failing.get(bug) ?? [];
    const expected = FAILING[bug];
    expect(failed.filter((name) => !expected.some((pattern) => pattern.test(name)))).toEqual([]);
    for (const pattern of expected) expect(failed.filter((name) => pattern.test(name))).not.toEqual([]);
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
    // All that is behind them are calls of `describe` and the one for what comes after all tests.
    expect(kinds.slice(headOf(kinds).length)).toEqual(["ExpressionStatement", "ExpressionStatement"]);
  });

  /** A program without what its literals say: equal for two suites exactly when their code is. */
  const skeleton = (text: string): string => {
    const { program, errors } = parseSync("suite.test.ts", text);
    expect(errors).toEqual([]);
    return JSON.stringify(program, (key, value: unknown) =>
      ["start", "end", "raw", "range", "loc"].includes(key) ||
      (key === "value" && typeof value !== "object" && typeof value !== "boolean")
        ? undefined
        : value,
    );
  };

  const documentOf = (text: string, other: string): string =>
    JSON.stringify({
      openapi: "3.1.0",
      info: { title: text, version: other, description: text },
      paths: {
        "/a": {
          post: {
            summary: text,
            description: other,
            operationId: text,
            tags: [other],
            requestBody: {
              required: true,
              content: {
                "application/json": {
                  schema: { enum: [text, other], description: text, examples: [text] },
                },
              },
            },
            responses: {
              "200": {
                description: other,
                content: {
                  "application/json": {
                    schema: {
                      type: "object",
                      title: text,
                      properties: { [text]: { const: other }, [other]: { pattern: text } },
                      required: [text],
                      enum: [{ [other]: text }],
                    },
                  },
                },
              },
            },
          },
        },
      },
    });

  const PIECES = [
    "`",
    "${",
    "}",
    "\\",
    '"',
    "'",
    "*/",
    "/*",
    "//",
    "\n",
    "\r",
    "\u2028",
    "\u2029",
    "</script>",
    "__proto__",
    "\u0000",
    "\ud800",
    "\u202e",
    "a",
    "é",
  ];

  test("whatever the text, the code of the suite is that of a plain one", async () => {
    const suiteFor = async (text: string, other: string): Promise<string> => {
      const { tests } = await planOf({ "api.yaml": documentOf(text, other) });
      return suiteOf(tests?.plan, text);
    };
    const plain = skeleton(await suiteFor("one", "two"));
    const text = fc.oneof(
      fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join("")),
      fc.string({ unit: "binary", minLength: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(text, text, async (one, other) => {
        const a = one.toWellFormed();
        const b = other.toWellFormed();
        fc.pre(a !== b);
        const suite = await suiteFor(a, b);
        expect(suite).toMatch(/^[\n\u0020-\u007e]*$/);
        expect(skeleton(suite)).toBe(plain);
      }),
      { numRuns: caseCount(25) },
    );
  });
});

test("the same plan is the same text", async () => {
  const { tests } = await planOf({ "api.yaml": ordersDocument });
  expect(suiteOf(tests?.plan)).toBe(suiteOf(tests?.plan));
});
