import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

import { openHttpTransport } from "#adapters/http/open-transport.ts";
import type { DocumentTests } from "#apitest/plan-tests.ts";
import type { RequestDoor } from "#apitest/run/request-door.ts";
import { runCases, type RunOptions } from "#apitest/run/run-cases.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { ApiTester } from "#ports/api-tester.ts";
import { HTTP_LIMITS_DEFAULT, type HttpLimits, type HttpTransport } from "#ports/http-transport.ts";
import { systemClock } from "#adapters/clock/system-clock.ts";
import { type Bug, createOrdersServer } from "../../examples/orders-api/server.ts";

export const ordersFolder = fileURLToPath(new URL("../../examples/orders-api/", import.meta.url));
export const ordersDocument = readFileSync(`${ordersFolder}openapi.yaml`, "utf8");

/** The example server on a free port, for as long as `use` takes. */
export const withOrders = async <T>(
  bug: Bug | undefined,
  use: (origin: string) => Promise<T>,
): Promise<T> => {
  const server = createOrdersServer(bug);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
};

/** A door that lets everything out and records nothing, for runs that are about what is sent and answered. */
export const openDoor = (transport: HttpTransport): RequestDoor => {
  let requests = 0;
  return {
    origin: transport.origin,
    get requests() {
      return requests;
    },
    requestsRecorded: 0,
    isRecorded: () => false,
    async pass(_, work, signal) {
      await work(({ request }, inner) => {
        requests += 1;
        return transport.send(request, inner);
      }, signal);
      return ok({ k: "passed" });
    },
  };
};

/** The judge and shrinker of a plan that was made in this thread. */
export const testerOf = (tests: DocumentTests): Pick<ApiTester, "judge" | "smaller"> => ({
  judge: (id, answer) => {
    const findings = tests.judge(id, answer);
    return Promise.resolve(
      findings === undefined ? failed(fault("APITEST_CRASHED", "no such case")) : ok(findings),
    );
  },
  smaller: (id) => Promise.resolve(ok(tests.smaller(id))),
});

/** A run without credentials hides nothing. */
export const SHOWN = (text: string): string => text;

export const RUN_OPTIONS: RunOptions = {
  seed: 1,
  requestsMax: 5000,
  concurrencyMax: 4,
  requestsPerSecondMax: null,
  shrinkRequestsMax: 60,
};

export const runAt = async (
  tests: DocumentTests,
  origin: string,
  options: Partial<RunOptions> = {},
  limits: Partial<HttpLimits> = {},
  signal: AbortSignal = new AbortController().signal,
) => {
  const transport = await openHttpTransport(origin, { ...HTTP_LIMITS_DEFAULT, ...limits });
  if (!transport.ok) throw new Error(transport.fault.message);
  try {
    const ports = {
      tester: testerOf(tests),
      door: openDoor(transport.value),
      clock: systemClock,
      hide: SHOWN,
    };
    return await runCases(tests.plan, ports, { ...RUN_OPTIONS, ...options }, signal);
  } finally {
    await transport.value.close();
  }
};
