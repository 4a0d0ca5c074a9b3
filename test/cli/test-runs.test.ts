import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { ordersDocument, withOrders } from "#test/apitest/orders-server.ts";
import { serve } from "#test/host/tests/rig.ts";
import { createDesk, type Desk } from "#test/spine/desk.ts";

/* Runs of `writ test run` beside runs of agents: how they are listed, and what the commands for runs say of them. */

let desk: Desk;
beforeAll(() => {
  desk = createDesk(null);
  desk.write("openapi.yaml", ordersDocument);
});
afterAll(() => desk.dispose());

const RUN = ["test", "run", "openapi.yaml", "--origin"];

const newest = async (): Promise<string> => {
  const { out } = await desk.writ(["ps", "--all", "--json"]);
  return (JSON.parse(out[0] ?? "") as { run: string }).run;
};

describe("a run of tests", () => {
  test("is listed with its document, its end and its failures, and only with --all", async () => {
    await withOrders(undefined, (origin) => desk.writ([...RUN, origin]));
    await withOrders("crash-at-maximum", (origin) => desk.writ([...RUN, origin]));
    const { code, out, err } = await desk.writ(["ps", "--all"], { columns: 100 });
    expect([code, err]).toEqual([0, []]);
    expect(out).toEqual([
      expect.stringMatching(
        /^[0-9a-f]{8} {2}completed +[-0-9]+ [:0-9]+ {2}tests of openapi\.yaml {2}1 failure$/,
      ),
      expect.stringMatching(/^[0-9a-f]{8} {2}completed +[-0-9]+ [:0-9]+ {2}tests of openapi\.yaml$/),
    ]);
    expect((await desk.writ(["ps", "--all", "--json"])).events()).toMatchObject([
      { of: "tests", document: "openapi.yaml", state: "completed", failures: 1 },
      { of: "tests", document: "openapi.yaml", state: "completed", failures: 0 },
    ]);
    expect((await desk.writ(["ps"])).out).toEqual(["No run goes on here."]);
  });

  test("that is over is no run to stop or to go on with, and both say so", async () => {
    const run = await newest();
    expect(await desk.writ(["stop", run])).toMatchObject({ code: 0, out: [`${run.slice(-8)}  completed`] });
    for (const more of [[], ["--detach"]]) {
      const { code, err } = await desk.writ(["run", "--resume", run.slice(-8), ...more]);
      expect(code).toBe(2);
      expect(err.join("\n")).toContain("a run of tests, which are begun anew");
      expect(err.join("\n")).toContain("`writ test run openapi.yaml --origin <origin>`");
      expect(err.join("\n")).toContain(`\`writ audit show ${run.slice(-8)}\``);
    }
  });

  test("that goes on is listed as that, and who could stop it is named", async () => {
    const asked = Promise.withResolvers<void>();
    const server = await serve(() => asked.resolve());
    const abort = new AbortController();
    const running = desk.writ([...RUN, server.origin], { signal: abort.signal });
    await asked.promise;
    const listed = await desk.writ(["ps"]);
    expect(listed.out).toEqual([expect.stringMatching(/^[0-9a-f]{8} {2}running .* tests of openapi\.yaml$/)]);
    const run = await newest();
    const stopped = await desk.writ(["stop", run]);
    expect(stopped.code).toBe(3);
    expect(stopped.err.join("\n")).toContain("Ctrl-C in its terminal ends it");
    expect((await desk.writ(["stop", run, "--json"])).err[0]).toContain("RUN_ELSEWHERE");
    const resumed = await desk.writ(["run", "--resume", run]);
    expect(resumed.code).toBe(2);
    expect(resumed.err.join("\n")).toContain("it goes on in the terminal that started it");
    abort.abort();
    expect((await running).code).toBe(130);
    await server.close();
    expect((await desk.writ(["stop", run])).out).toEqual([`${run.slice(-8)}  cancelled`]);
  });
});
