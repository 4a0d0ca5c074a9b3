/** A suite and a run say the same of a server, also of one that is neither right nor wrong by a single answer. */
import { rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { vitestSuite } from "#apitest/emit/vitest-suite.ts";
import type { JsonValue } from "#kernel/json.ts";
import { document, planOf } from "./kit.ts";
import { runAt } from "./orders-server.ts";
import { suiteFolder, vitestIn } from "./suites.ts";

type Answer = readonly [status: number, type?: string, body?: string];

interface Example {
  readonly path?: string;
  readonly parameters?: JsonValue;
  readonly responses?: JsonValue;
  readonly isFailing: boolean;
  readonly answer: (value: string | undefined, request: IncomingMessage) => Answer;
}

const OK = { "200": { description: "" } };
const LIMIT = { name: "q", in: "query", schema: { type: "integer", minimum: 1, maximum: 9 } };
const TEXT = { name: "q", in: "query", schema: { type: "string", maxLength: 9 } };
const ID = { name: "id", in: "path", required: true, schema: { type: "integer" } };
const REFUSING = { ...OK, "4XX": { description: "" } };
const isLimit = (value = "1"): boolean => /^[1-9]$/.test(value);
const withContent = (content: JsonValue): JsonValue => ({ "200": { description: "", content } });

const EXAMPLES: Readonly<Record<string, Example>> = {
  "away-for-a-while": {
    parameters: [LIMIT],
    responses: REFUSING,
    isFailing: false,
    answer: (value) => (value === "2" ? [503] : [isLimit(value) ? 200 : 400]),
  },
  "not-found-without-a-path": { isFailing: true, answer: () => [404] },
  "not-found-of-a-path": {
    path: "/things/{id}",
    parameters: [ID],
    responses: { ...OK, "400": { description: "" } },
    isFailing: false,
    answer: (_, { url = "" }) => [/\/-?\d+$/.test(url) ? (url.endsWith("/0") ? 404 : 200) : 400],
  },
  "wants-a-part": {
    parameters: [LIMIT],
    responses: REFUSING,
    isFailing: false,
    answer: (value) => [value !== undefined && isLimit(value) ? 200 : 422],
  },
  "refuses-a-bound": {
    parameters: [LIMIT],
    responses: REFUSING,
    isFailing: true,
    answer: (value) => [isLimit(value) && value !== "9" ? 200 : 422],
  },
  "has-no-room-at-a-bound": {
    parameters: [TEXT],
    responses: REFUSING,
    isFailing: false,
    answer: (value = "") => [value.length > 9 ? 400 : value.length === 9 ? 413 : 200],
  },
  "refuses-all": { parameters: [LIMIT], responses: REFUSING, isFailing: true, answer: () => [400] },
  "answers-an-empty-text": {
    responses: withContent({ "text/plain": {} }),
    isFailing: false,
    answer: () => [200, "text/plain", ""],
  },
  "answers-nothing-for-json": {
    responses: withContent({ "application/json": {} }),
    isFailing: true,
    answer: () => [200, "application/json", ""],
  },
  "answers-any-type": {
    responses: withContent({ "*/*": { schema: { type: "object", required: ["a"] } } }),
    isFailing: true,
    answer: () => [200, "application/json", "{}"],
  },
  "answers-a-version": {
    responses: withContent({
      "application/json; version=1": { schema: { type: "string" } },
      "application/json; version=2": { schema: { type: "object" } },
    }),
    isFailing: false,
    answer: () => [200, "application/json;version=2", "{}"],
  },
};

const servers: Server[] = [];
const ofRuns = new Map<string, boolean>();
const ofSuites = new Map<string, boolean>();
let folder: string;

beforeAll(async () => {
  folder = suiteFolder();
  for (const [name, { path = "/things", parameters = [], responses = OK, answer }] of Object.entries(
    EXAMPLES,
  )) {
    const server = createServer((request, response) => {
      const value = new URL(request.url ?? "", "http://things").searchParams.get("q") ?? undefined;
      const [status, type, body] = answer(value, request);
      response.writeHead(status, type === undefined ? {} : { "content-type": type }).end(body);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const text = document({ parameters, responses }, { path });
    const { tests } = await planOf({ "api.yaml": text });
    if (tests === null) throw new Error("no tests");
    const report = await runAt(tests, origin);
    ofRuns.set(name, report.ok && report.value.failures.length > 0);
    const suite = vitestSuite(tests.plan, { document: "api.yaml", seed: 1, version: "0.0.0" });
    writeFileSync(join(folder, `${name}.test.ts`), `process.env["API_BASE_URL"] = "${origin}";\n${suite}`);
  }
  const { testResults } = await vitestIn(folder, "");
  for (const { name, status } of testResults) ofSuites.set(basename(name, ".test.ts"), status === "failed");
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
});

test.each(Object.entries(EXAMPLES))("a server that %s", (name, { isFailing }) => {
  expect({ run: ofRuns.get(name), suite: ofSuites.get(name) }).toEqual({ run: isFailing, suite: isFailing });
});
