import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";

import { failed, fault } from "#kernel/result.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { ApiRunReport } from "#protocol/api-test-report.ts";
import { createApproverFake } from "#test/kit/approver-fake.ts";
import { ledgerAt, place, recorded, SECRET, serve, type Server, THINGS, tryTests, verified } from "./rig.ts";

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const counting = async (...[answer]: Parameters<typeof serve>): Promise<Server> => {
  const server = await serve(answer);
  servers.push(server);
  return server;
};

const reportOf = ({ ran }: Awaited<ReturnType<typeof tryTests>>): ApiRunReport => {
  if (!ran.ok) throw new Error(ran.fault.message);
  return ran.value.report;
};

const FORBID_DELETE = `forbid (principal is TestRun, action == Action::"http_request", resource)
when { resource.method == "DELETE" };`;
const FORBID_ADMIN = `forbid (principal, action == Action::"http_request", resource)
when { resource.path like "/admin/*" };`;
const ASK = `@require("approval")
permit (principal is TestRun, action == Action::"http_request", resource)
when { resource.method == "DELETE" };`;

describe("the policies", () => {
  test("permit what the command line names, by a rule that each decision cites", async () => {
    const server = await counting();
    const tried = await tryTests(server);
    const report = reportOf(tried);
    expect(report).toMatchObject({ notSent: [], ended: "completed", casesSent: tried.plan.cases.length });
    const decisions = await recorded(tried.at, "action.decided");
    expect(decisions.map(({ entry }) => [entry.public["outcome"], entry.public["rules"]])).toEqual(
      Array.from({ length: 4 }, () => ["allow", ["--origin#1"]]),
    );
    expect(new Set(decisions.map(({ entry }) => entry.principal))).toEqual(new Set(['TestRun::"api.yaml"']));
  });

  test.each(["machine", "user", "workspace"] as const)(
    "an operation that the %s forbids never reaches the server, and is listed with the rule",
    async (layer) => {
      const server = await counting();
      const report = reportOf(await tryTests(server, { rules: { [layer]: FORBID_DELETE } }));
      expect(server.seen.filter((line) => line.startsWith("DELETE"))).toEqual([]);
      expect(server.seen.length).toBe(report.requests);
      expect(report.requests).toBeGreaterThan(0);
      expect(report.notSent).toMatchObject([
        {
          method: "DELETE",
          path: "/things/{id}",
          why: "denied",
          rules: [{ layer, file: `${layer}.cedar`, rule: `${layer}.cedar#1`, range: { line: 1 } }],
        },
      ]);
      expect(report.notSent[0]?.cases).toBeGreaterThan(0);
    },
  );

  test("hold for a path that only a parameter's value makes", async () => {
    const server = await counting();
    const report = reportOf(await tryTests(server, { rules: { workspace: FORBID_ADMIN } }));
    expect(server.seen.filter((line) => line.includes("/admin"))).toEqual([]);
    expect(server.seen).toEqual(expect.arrayContaining(["GET /open/list", "GET /shop/list"]));
    expect(report.notSent).toMatchObject([{ path: "/{area}/list", why: "path-denied" }]);
    expect(report.notSent[0]?.message).toContain("and not /admin/list");
  });

  test("that permit requests to others only leave nothing to a test run", async () => {
    const server = await counting();
    const others = `permit (principal is Agent, action == Action::"http_request", resource);`;
    const report = reportOf(await tryTests(server, { rules: { workspace: others } }));
    expect([server.seen, report.requests]).toEqual([[], 0]);
    expect(report.notSent.map(({ why }) => why)).toEqual(["denied", "denied", "denied", "denied"]);
    expect(report.notSent[0]?.rules).toMatchObject([{ layer: "workspace", range: { line: 1 } }]);
  });

  test("ask a person, whose yes is for the paths of the operation as well", async () => {
    const server = await counting();
    const approver = createApproverFake(() => ({ k: "approves", by: "ada" }));
    const report = reportOf(await tryTests(server, { rules: { workspace: ASK }, approver }));
    expect(approver.questions).toMatchObject([
      { tool: "test_requests", arguments: { method: "DELETE", target: "/things/{id}" } },
    ]);
    expect(report.notSent).toEqual([]);
    expect(server.seen).toEqual(expect.arrayContaining(["DELETE /things/one", "DELETE /things/two"]));
  });

  test("a yes does not reach a path that is forbidden, or that other rules ask about", async () => {
    const server = await counting();
    const approver = createApproverFake(() => ({ k: "approves", by: "ada" }));
    const workspace = `${ASK}
forbid (principal, action, resource is Host) when { resource.path == "/things/one" };`;
    const other = `@require("approval") @approvers("bob")
permit (principal, action == Action::"http_request", resource) when { resource.path == "/things/two" };`;
    const rules = { workspace, machine: other };
    const report = reportOf(await tryTests(server, { rules, approver }));
    expect(server.seen.filter((line) => /^DELETE .*(one|two)$/.test(line))).toEqual([]);
    expect(report.notSent).toMatchObject([{ method: "DELETE", why: "path-denied" }]);
  });

  test.each([
    ["says no", { k: "refused", by: "ada", surface: "terminal", reason: null }],
    ["cannot be asked", { k: "unavailable", why: "no terminal" }],
  ] as const)("nothing is sent where the person %s", async (_, answer) => {
    const server = await counting();
    const approver = createApproverFake(() => answer);
    const report = reportOf(await tryTests(server, { rules: { user: ASK }, approver }));
    expect(server.seen.filter((line) => line.startsWith("DELETE"))).toEqual([]);
    expect(report.notSent).toMatchObject([{ method: "DELETE", why: "refused" }]);
  });

  test("a time that a rule gives ends an operation, and the next one begins", async () => {
    const server = await counting((request, response) => {
      if (request.url === "/things") setTimeout(() => response.writeHead(200).end(), 400);
      else response.writeHead(200).end();
    });
    const rules = {
      workspace: `@require("timeout:300ms")
permit (principal, action == Action::"http_request", resource) when { resource.method == "POST" };`,
    };
    const report = reportOf(await tryTests(server, { rules }));
    expect(report.notSent).toMatchObject([{ method: "POST", why: "time-limit" }]);
    expect(server.seen.some((line) => line.startsWith("DELETE"))).toBe(true);
  });
});

describe("the ledger", () => {
  test("has each request and answer in signed batches, and verifies", async () => {
    const server = await counting();
    const tried = await tryTests(server);
    const report = reportOf(tried);
    expect(await verified(tried.at)).toMatchObject({ level: "since-local-anchor", faultsTotal: 0 });
    const batches = await recorded(tried.at, "batch.recorded");
    const records = batches.flatMap(
      ({ content }) => content["records"] as { path: string; method: string }[],
    );
    expect(records).toHaveLength(report.requests);
    const sent = server.seen.map((line) => line.split("?")[0]);
    expect(new Set(records.map(({ method, path }) => `${method} ${path}`))).toEqual(new Set(sent));
    expect(records[0]).toMatchObject({
      status: 200,
      request: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    // Numbers go on from batch to batch, so that none can be left out.
    let next = 0;
    for (const { entry } of batches) {
      expect([entry.public["kind"], entry.public["first"]]).toEqual(["test-request", next]);
      next += entry.public["count"] as number;
    }
    expect(next).toBe(report.requests);
  });

  test("begins and ends the run, with an intent before the requests of each operation", async () => {
    const server = await counting();
    const { at, ran } = await tryTests(server, { rules: { workspace: FORBID_DELETE } });
    const entries = (await recorded(at)).filter(({ entry }) => entry.run !== null);
    expect(new Set(entries.map(({ entry }) => entry.run?.id))).toEqual(new Set([ran.ok && ran.value.run]));
    const allowed = ["action.decided", "action.intended", "batch.recorded", "action.completed"];
    expect(entries.map(({ entry }) => entry.type)).toEqual([
      "tests.started",
      ...allowed,
      ...allowed,
      "action.decided",
      "action.completed",
      ...allowed,
      "tests.ended",
    ]);
    expect(entries.at(-1)?.entry.public).toMatchObject({
      outcome: "completed",
      reason: "COMPLETED",
      requests: server.seen.length,
      operationsDenied: 1,
    });
  });

  test("holds no credential and no body where anybody can read", async () => {
    const server = await counting((_, response) => void response.writeHead(200).end(`answer-${SECRET}`));
    const { at } = await tryTests(server);
    const folder = await ledgerAt(at);
    const texts = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
    expect(texts.length).toBeGreaterThan(1);
    expect(texts.join("\n")).not.toContain(SECRET);
    // Nor is either in what is sealed: digests are.
    expect(JSON.stringify(await recorded(at, "batch.recorded"))).not.toContain(SECRET);
  });

  test("that somebody changed afterwards does not verify", async () => {
    const { at } = await tryTests(await counting());
    const folder = await ledgerAt(at);
    const file = readdirSync(folder, { recursive: true, withFileTypes: true }).find(
      ({ name }) => name === "000001.jsonl",
    );
    const path = join(file?.parentPath ?? "", "000001.jsonl");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace('"outcome":"allow"', '"outcome":"deny"'));
    expect((await verified(at)).faultsTotal).toBeGreaterThan(0);
    writeFileSync(path, text);
    expect((await verified(at)).faultsTotal).toBe(0);
    appendFileSync(path, "{}\n");
    expect((await verified(at)).faultsTotal).toBeGreaterThan(0);
  });

  const FULL = fault("LEDGER_DISK_FULL", "no space is left");

  /** A ledger that refuses from this entry on, counted from 0. */
  const fullAt =
    (entry: number) =>
    (ledger: WritableLedger): WritableLedger => {
      let entries = 0;
      return {
        ...ledger,
        append: async (draft) => (entries++ < entry ? ledger.append(draft) : failed(FULL)),
      };
    };

  test("that cannot take the run's beginning lets nothing out", async () => {
    const server = await counting();
    const { ran } = await tryTests(server, { ledger: fullAt(0) });
    expect(server.seen).toEqual([]);
    expect(ran).toEqual({ ok: false, fault: FULL });
  });

  test.each([
    ["a decision", 1],
    ["an intent", 2],
  ])("that cannot take %s lets nothing out, and the report says so", async (_, entry) => {
    const server = await counting();
    const tried = await tryTests(server, { ledger: fullAt(entry) });
    expect(server.seen).toEqual([]);
    expect(tried.ran).toMatchObject({ ok: true, value: { refusal: FULL } });
    expect(reportOf(tried)).toMatchObject({
      ended: "unrecorded",
      requests: 0,
      requestsRecorded: 0,
      casesSent: 0,
      failures: [],
    });
  });

  test("that is full after a batch stops the requests soon", async () => {
    const server = await counting();
    const document = { ...THINGS, paths: { "/n": wide(90) } };
    const tried = await tryTests(server, { ledger: fullAt(3), document });
    const report = reportOf(tried);
    expect(tried.plan.cases.length).toBeGreaterThan(600);
    // One batch that is refused, and those that were let out while it was being written.
    expect(server.seen.length).toBeLessThanOrEqual(2 * 256 + 4);
    expect(report).toMatchObject({ ended: "unrecorded", requestsRecorded: 0 });
    // What was cut short may never have arrived.
    expect(server.seen.length).toBeLessThanOrEqual(report.requests);
    expect(report.casesSent).toBeLessThan(tried.plan.cases.length);
  });

  const failing = () => counting((_, response) => void response.writeHead(500).end());

  test.each([
    ["the answers of an operation", 7, { requestsRecorded: 1, recorded: [true, false] }],
    ["that an operation is over", 8, { requestsRecorded: 2, recorded: [true, true] }],
    ["the decision about the next one", 5, { requestsRecorded: 1, recorded: [true] }],
  ])("that cannot take %s keeps what was found", async (_, entry, { requestsRecorded, recorded: marks }) => {
    const server = await failing();
    const at = place();
    const tried = await tryTests(server, {
      at,
      ledger: fullAt(entry),
      document: { openapi: "3.1.0", paths: { "/a": GET_200, "/b": GET_200, "/c": GET_200 } },
      options: { shrinkRequestsMax: 0 },
    });
    const report = reportOf(tried);
    expect(tried.ran).toMatchObject({ ok: true, value: { refusal: FULL } });
    expect(report).toMatchObject({ ended: "unrecorded", requests: marks.length, requestsRecorded });
    expect(report.failures.map((each) => each.recorded)).toEqual(marks);
    expect(server.seen).toHaveLength(marks.length);
    const batches = await recorded(at, "batch.recorded");
    expect(batches.reduce((sum, { entry: { public: fields } }) => sum + Number(fields["count"]), 0)).toBe(
      requestsRecorded,
    );
  });

  const GET_200 = { get: { responses: { "200": { description: "" } } } };

  test.each([
    ["LEDGER_DISK_FULL"],
    ["LEDGER_READ_ONLY"],
    ["LEDGER_UNREADABLE"],
    ["LEDGER_HELD"],
    ["LEDGER_CLOSED"],
  ] as const)("that refuses the end of a run with %s never lets it pass for a good one", async (code) => {
    const server = await counting();
    const at = place();
    const tried = await tryTests(server, {
      at,
      ledger: (ledger) => ({
        ...ledger,
        append: async (draft) =>
          draft.type === "tests.ended" ? failed(fault(code, "refused")) : ledger.append(draft),
      }),
    });
    const report = reportOf(tried);
    expect(tried.ran).toMatchObject({ ok: true, value: { refusal: { code } } });
    expect(report).toMatchObject({ ended: "unrecorded", casesSent: tried.plan.cases.length });
    expect(report.requestsRecorded).toBe(report.requests);
    expect(await recorded(at, "tests.ended")).toEqual([]);
  });

  test("that has ended writing is asked before each request", async () => {
    let isEnded = false;
    const server = await counting((_, response) => {
      isEnded = true;
      response.writeHead(200).end();
    });
    const tried = await tryTests(server, {
      document: { openapi: "3.1.0", paths: { "/n": wide(20) } },
      ledger: (ledger) => ({
        ...ledger,
        get fault() {
          return isEnded ? FULL : undefined;
        },
      }),
    });
    expect(reportOf(tried)).toMatchObject({ ended: "unrecorded", requests: 1, requestsRecorded: 0 });
    expect(server.seen).toHaveLength(1);
  });

  test("that refuses when a run is interrupted is said rather than that", async () => {
    const abort = new AbortController();
    const server = await counting((_, response) => {
      abort.abort();
      setTimeout(() => response.writeHead(200).end(), 50);
    });
    const tried = await tryTests(server, { signal: abort.signal, ledger: fullAt(3) });
    expect(tried.ran).toMatchObject({ ok: true, value: { refusal: FULL } });
    expect(reportOf(tried)).toMatchObject({ ended: "unrecorded", requestsRecorded: 0 });
  });

  /** An operation with many cases. */
  const wide = (parameters: number) => ({
    get: {
      parameters: Array.from({ length: parameters }, (_, index) => ({
        name: `q${index}`,
        in: "query",
        schema: { type: "integer", minimum: 3, maximum: 9 },
      })),
      responses: { "200": { description: "" } },
    },
  });

  test("says that a run was cancelled", async () => {
    const abort = new AbortController();
    const at = place();
    const server = await counting((_, response) => {
      abort.abort();
      setTimeout(() => response.writeHead(200).end(), 50);
    });
    const tried = await tryTests(server, { at, signal: abort.signal, howInterrupted: "Ctrl-C (SIGINT)" });
    expect(reportOf(tried)).toMatchObject({
      ended: "interrupted",
      requests: server.seen.length,
      casesSent: 0,
      failures: [],
    });
    const [ended] = await recorded(at, "tests.ended");
    expect(ended?.entry.public).toMatchObject({
      outcome: "cancelled",
      reason: "CANCELLED",
      requests: server.seen.length,
      cases: 0,
      failures: 0,
    });
    expect(ended?.content["explanation"]).toBe("ended by Ctrl-C (SIGINT)");
    expect((await recorded(at, "batch.recorded")).map(({ content }) => content["records"])).toMatchObject([
      [{ code: "CANCELLED" }],
    ]);
  });

  test("says how a run ended that had no server", async () => {
    const at = place();
    const { ran } = await tryTests({ origin: "http://127.0.0.1:1" }, { at });
    expect(ran).toMatchObject({ ok: false, fault: { code: "APITEST_UNREACHABLE" } });
    expect((await recorded(at, "tests.ended")).map(({ entry }) => entry.public)).toMatchObject([
      { outcome: "failed", reason: "APITEST_UNREACHABLE" },
    ]);
  });
});

describe("the budget", () => {
  test("of the whole run is kept, said and granted piece by piece", async () => {
    const server = await counting();
    const tried = await tryTests(server, { options: { requestsMax: 3 } });
    expect(reportOf(tried)).toMatchObject({ requests: 3, ended: "budget" });
    expect(server.seen).toHaveLength(3);
    const prepared = (await recorded(tried.at, "action.decided")).map(({ content }) => content["prepared"]);
    expect(prepared[0]).toMatchObject({ arguments: { method: "GET", target: "/things", requestsMax: 3 } });
    expect((await recorded(tried.at, "tests.ended"))[0]?.entry.public).toMatchObject({
      outcome: "limited",
      reason: "REQUESTS_SPENT",
    });
  });
});
