import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

import { ordersFolder } from "./orders-server.ts";
import { BUGS } from "../../examples/orders-api/server.ts";

test("the example's server does not start with a bug that it does not know, and names those that it does", () => {
  const env = { ...process.env, ORDERS_API_BUG: "nonsense" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${ordersFolder}server.ts`], {
    env,
    encoding: "utf8",
    timeout: 60_000,
  });
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toContain('there is no bug "nonsense"');
  for (const bug of BUGS) expect(stderr).toContain(bug);
});
