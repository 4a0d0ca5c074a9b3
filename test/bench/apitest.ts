import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Ajv2020 } from "ajv/dist/2020.js";
import { Client } from "undici";

import { openHttpTransport } from "#adapters/http/open-transport.ts";
import { utf8 } from "#kernel/bytes.ts";
import { HTTP_LIMITS_DEFAULT } from "#ports/http-transport.ts";
import { readDocument } from "#apitest/load/read-document.ts";
import type { ApiRequest } from "#protocol/api-test.ts";
import { planOf } from "#test/apitest/kit.ts";
import { valueOf } from "./kit/ledgers.ts";
import type { Comparison } from "./measure.ts";
import { compare } from "./measure.ts";

const ROUNDS = 9;
const OPERATIONS = 200;
const REQUESTS = 2_000;
const LANES = 4;

/** Tests made of documents, and requests sent, each beside what nobody could do without. */
export const apitestComparisons = async (): Promise<readonly Comparison[]> => {
  const orders = readFileSync("examples/orders-api/openapi.yaml", "utf8");
  return [
    await compareMaking("the example document, tests made", "api.yaml", orders),
    await compareMaking(`${OPERATIONS} operations, tests made`, "api.json", manyOperations()),
    await compareSending(),
  ];
};

/** A unit is a case. The bare side reads the text and compiles each schema once, as any validator has to. */
const compareMaking = async (title: string, file: string, text: string): Promise<Comparison> => {
  const make = async (): Promise<number> => {
    const { tests } = await planOf({ [file]: text }, { file, casesPerOperationMax: 250 });
    if (tests === null) throw new Error("no tests");
    return tests.plan.cases.length;
  };
  const cases = await make();
  return compare({
    title,
    unit: "case",
    baseline: {
      name: "text read, schemas compiled by Ajv",
      run: () => {
        compileAll(readDocument(file, utf8(text)).value?.value);
        return cases;
      },
    },
    ours: { name: "planned", run: make },
    rounds: ROUNDS,
  });
};

const compileAll = (document: unknown): void => {
  const ajv = new Ajv2020({ strict: false, validateSchema: false, logger: false });
  ajv.addSchema(document as object, "bench:api");
  const walk = (value: unknown, pointer: string): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      const at = `${pointer}/${encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"))}`;
      if (key === "schema") ajv.compile({ $ref: `bench:api#${at}` });
      else walk(inner, at);
    }
  };
  walk(document, "");
};

const manyOperations = (): string =>
  JSON.stringify({
    openapi: "3.1.0",
    paths: Object.fromEntries(
      Array.from({ length: OPERATIONS / 2 }, (_, n) => [
        `/things${n}/{id}`,
        {
          parameters: [
            {
              name: "id",
              in: "path",
              required: true,
              schema: { type: "integer", minimum: 1, maximum: 1_000 + n },
            },
          ],
          get: {
            parameters: [{ name: "q", in: "query", schema: { type: "string", maxLength: 5 + n } }],
            responses: { "200": { description: "" } },
          },
          put: {
            requestBody: {
              required: true,
              content: {
                "application/json": {
                  schema: {
                    type: "object",
                    required: ["a"],
                    properties: { a: { type: "integer", maximum: 9 + n }, b: { enum: ["x", `y${n}`] } },
                  },
                },
              },
            },
            responses: { "204": { description: "" } },
          },
        },
      ]),
    ),
  });

const REQUEST: ApiRequest = {
  method: "POST",
  target: "/things?q=1",
  headers: [
    ["accept", "application/json"],
    ["content-type", "application/json"],
  ],
  body: '{"a":1}',
};

/** A unit is a request with its whole answer; both sides have as many connections. */
const compareSending = async (): Promise<Comparison> => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "application/json" }).end('{"a":1}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = valueOf(
    await openHttpTransport(origin, { ...HTTP_LIMITS_DEFAULT, connectionsMax: LANES }),
  );
  const clients = Array.from({ length: LANES }, () => new Client(origin));
  const { signal } = new AbortController();
  try {
    return await compare({
      title: `requests of a test run, ${LANES} at a time`,
      unit: "request",
      baseline: {
        name: "`undici.Client`",
        run: async () => {
          await Promise.all(
            clients.map(async (client) => {
              for (let sent = 0; sent < REQUESTS / LANES; sent += 1) {
                const { method, target, headers, body } = REQUEST;
                const answer = await client.request({
                  method,
                  path: target,
                  headers: headers.flat(),
                  body,
                });
                await answer.body.bytes();
              }
            }),
          );
          return REQUESTS;
        },
      },
      ours: {
        name: "transport",
        run: async () => {
          await Promise.all(
            clients.map(async () => {
              for (let sent = 0; sent < REQUESTS / LANES; sent += 1)
                valueOf(await transport.send(REQUEST, signal));
            }),
          );
          return REQUESTS;
        },
      },
      rounds: ROUNDS,
    });
  } finally {
    await Promise.all([transport.close(), ...clients.map((client) => client.close())]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
};
