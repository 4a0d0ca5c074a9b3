import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";

import type { DocumentTests } from "#apitest/plan-tests.ts";
import { bodyDocument, document, planOf } from "./kit.ts";

/** Servers on free ports, until they are closed. */
export const createServers = () => {
  const servers: Server[] = [];
  return {
    serve: async (handler: Parameters<typeof createServer>[1]): Promise<string> => {
      const server = createServer(handler ?? (() => undefined));
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    close: (): void => {
      for (const server of servers.splice(0)) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
};

export const thingsTests = async (): Promise<DocumentTests> => {
  const { tests } = await planOf({
    "api.yaml": bodyDocument({ type: "integer", minimum: 1, maximum: 50 }),
  });
  if (tests === null) throw new Error("no tests");
  return tests;
};

/** More cases than silences that end a run and requests that may be under way then. */
export const manyTests = async (): Promise<DocumentTests> => {
  const parameters = ["a", "b", "c", "d"].map((name) => ({
    name,
    in: "query",
    schema: { type: "integer", minimum: 1, maximum: 50 },
  }));
  const { tests } = await planOf({ "api.yaml": document({ parameters }) });
  if (tests === null) throw new Error("no tests");
  expect(tests.plan.cases.length).toBeGreaterThan(24);
  return tests;
};
