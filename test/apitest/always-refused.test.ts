import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";

import { document, planOf } from "./kit.ts";
import { runAt } from "./orders-server.ts";

test("an operation that refuses whatever is valid is a failure also where a smaller request shows it", async () => {
  const parameters = [{ name: "id", in: "path", required: true, schema: { type: "integer" } }];
  const responses = { "200": { description: "" }, "400": { description: "" } };
  const text = document({ parameters, responses }, { path: "/things/{id}" });
  const { tests } = await planOf({ "api.yaml": text });
  if (tests === null) throw new Error("no tests");
  const server = createServer((_, response) => response.writeHead(400).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const report = await runAt(tests, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await new Promise((resolve) => server.close(resolve));
  const [plainest] = tests.plan.cases;
  expect(report).toMatchObject({
    ok: true,
    value: { failures: [{ check: "valid-accepted", example: { request: { target: "/things/0" } } }] },
  });
  expect(plainest?.request.target).not.toBe("/things/0");
});
