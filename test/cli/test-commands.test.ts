import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { ExitCode } from "#cli/command.ts";
import { testCommands } from "#cli/load-test.ts";
import { columnsOf } from "#cli/width.ts";
import { ordersDocument, ordersFolder, withOrders } from "#test/apitest/orders-server.ts";
import { serve } from "#test/host/tests/rig.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "writ-test-"));
  mkdirSync(join(cwd, "policies"));
  cpSync(join(ordersFolder, "openapi.yaml"), join(cwd, "openapi.yaml"));
  writeFileSync(join(cwd, "broken.yaml"), "openapi: [");
  writeFileSync(
    join(cwd, "outside.yaml"),
    'openapi: 3.1.0\npaths:\n  /a: {get: {responses: {"200": {$ref: ../x.yaml}}}}\n',
  );
  writeFileSync(
    join(cwd, "partly.yaml"),
    'openapi: 3.1.0\npaths:\n  /orders: {get: {responses: {"200": {description: ""}}}}\n  /mine: {get: {security: [{key: []}], responses: {}}}\ncomponents: {securitySchemes: {key: {type: oauth2}}}\n',
  );
  writeFileSync(join(cwd, "mine.test.ts"), "// by hand\n");
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

interface Said {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

const writ = async (
  name: "generate" | "run",
  positionals: readonly string[],
  options: Readonly<Record<string, string>> = {},
  signal: AbortSignal = new AbortController().signal,
  columns = 100,
): Promise<Said> => {
  const command = testCommands.find((each) => each.name === `test ${name}`);
  if (command === undefined) throw new Error("no such command");
  const { json, ...values } = options;
  const terminal = createTerminalFake([], { interactive: false, columns, errColumns: columns });
  const code = await command.run({
    positionals,
    switches: new Set(json === undefined ? [] : ["json"]),
    values: new Map(Object.entries(values).map(([key, value]) => [key, [value]])),
    terminal,
    environment: { cwd, variables: {}, stateDirectory: join(cwd, "state"), user: "ada" },
    signal,
    howInterrupted: () => null,
  });
  return { code, out: terminal.outLines.join("\n"), err: terminal.errLines.join("\n") };
};

describe("writ test generate", () => {
  test("prints a suite, and writes the same one to a file, again if need be", async () => {
    const printed = await writ("generate", ["openapi.yaml"]);
    expect(printed).toMatchObject({ code: 0, err: "" });
    for (let time = 0; time < 2; time += 1) {
      expect(await writ("generate", ["openapi.yaml"], { out: "orders.test.ts" })).toMatchObject({
        code: 0,
        err: "",
      });
    }
    expect(readFileSync(join(cwd, "orders.test.ts"), "utf8")).toBe(`${printed.out}\n`);
  });

  test("leaves a file alone that it did not make", async () => {
    expect(await writ("generate", ["openapi.yaml"], { out: "mine.test.ts" })).toMatchObject({ code: 2 });
    expect(readFileSync(join(cwd, "mine.test.ts"), "utf8")).toBe("// by hand\n");
  });

  test("leaves an earlier suite alone where the document has errors, and says so", async () => {
    const out = "kept.test.ts";
    const good = 'openapi: 3.1.0\npaths:\n  /a: {get: {responses: {"200": {description: ""}}}}\n';
    writeFileSync(join(cwd, "changing.yaml"), good);
    expect(await writ("generate", ["changing.yaml"], { out })).toMatchObject({ code: 0 });
    const suite = readFileSync(join(cwd, out), "utf8");
    // The operation is gone with its error.
    writeFileSync(join(cwd, "changing.yaml"), good.replace("{get:", "{$ref: ../x.yaml, get:"));
    const said = await writ("generate", ["changing.yaml"], { out });
    expect(said.code).toBe(1);
    expect(said.err).toMatch(/kept\.test\.ts` was left as it is/);
    expect(said.out).not.toContain("written to");
    expect(readFileSync(join(cwd, out), "utf8")).toBe(suite);
  });

  test("lists cases with their lines as JSON", async () => {
    const { code, out } = await writ("generate", ["openapi.yaml"], { json: "", seed: "7" });
    const document = JSON.parse(out) as { cases: { rule: { place: { file: string } } | null }[] };
    expect([code, document]).toMatchObject([0, { v: 1, document: "openapi.yaml", seed: 7, problems: [] }]);
    expect(document.cases.some(({ rule }) => rule?.place.file === "openapi.yaml")).toBe(true);
  });

  test.each([
    ["no document", [], {}, 2],
    ["two documents", ["a", "b"], {}, 2],
    ["one that is not there", ["none.yaml"], {}, 2],
    ["a seed that is none", ["openapi.yaml"], { seed: "x" }, 2],
    ["a workspace that does not hold it", ["openapi.yaml"], { workspace: "policies" }, 2],
    ["a suite in no folder", ["openapi.yaml"], { out: "none/api.test.ts" }, 2],
    ["one that cannot be parsed", ["broken.yaml"], {}, 1],
    ["a reference out of the workspace", ["outside.yaml"], {}, 1],
  ] as const)("%s", async (_, positionals, options, code) => {
    const said = await writ("generate", positionals, options);
    expect(said.code).toBe(code);
    expect(said.err).not.toBe("");
  });

  test("shows what is wrong with a document where it is", async () => {
    const { err } = await writ("generate", ["outside.yaml"], { out: "outside.test.ts" });
    expect(err).toContain("error WRIT114");
    expect(err).toContain("outside.yaml:3:");
  });
});

describe("writ test run", () => {
  test("a correct server contradicts nothing, and the exit code says so", async () => {
    const said = await withOrders(undefined, (origin) => writ("run", ["openapi.yaml"], { origin }));
    expect(said.code).toBe(0);
    expect(said.out).toContain("nothing contradicts the document");
  });

  test("a bug is a failure with its line and a command that shows it", async () => {
    const said = await withOrders("crash-at-maximum", (origin) => writ("run", ["openapi.yaml"], { origin }));
    expect(said.code).toBe(1);
    expect(said.out).toContain("failure server-error openapi.yaml:35:5");
    expect(said.out).toContain(`"quantity":1000}'`);
    expect(said.out).toContain("1 failure");
  });

  test("programs read the same as one document", async () => {
    const said = await withOrders("crash-at-maximum", (origin) =>
      writ("run", ["openapi.yaml"], { origin, json: "" }),
    );
    expect(JSON.parse(said.out)).toMatchObject({
      v: 1,
      document: "openapi.yaml",
      ended: "completed",
      failures: [{ check: "server-error", status: 500, place: { range: { line: 35 } } }],
    });
  });

  test("what is left out is listed and counted", async () => {
    const said = await withOrders(undefined, (origin) => writ("run", ["partly.yaml"], { origin }));
    expect(said.out).toMatch(/^left out GET \/mine partly\.yaml:4:\d+: it needs credentials/m);
    expect(said.out).toMatch(/, seed 1; 1 operation left out, 1 note on what is not tested$/m);
    const listed = await withOrders(undefined, (origin) =>
      writ("run", ["partly.yaml"], { origin, json: "" }),
    );
    expect(JSON.parse(listed.out)).toMatchObject({
      leftOut: [{ method: "GET", path: "/mine", place: { range: { line: 4 } } }],
      problems: [{ code: "WRIT117", file: "partly.yaml" }],
    });
    const written = await writ("generate", ["partly.yaml"], { out: "partly.test.ts" });
    expect(written.out).toMatch(/; 1 operation left out, 1 note on what is not tested$/);
  });

  test.each([20, 40])("every line fits in %d columns, and those for curl are whole", async (columns) => {
    const more = `  /mine: {get: {security: [{key: []}], responses: {}}}\ncomponents:\n  securitySchemes: {key: {type: oauth2}}`;
    writeFileSync(join(cwd, "more.yaml"), ordersDocument.replace(/^components:/m, more));
    writeFileSync(
      join(cwd, "policies/narrow.cedar"),
      'forbid (principal is TestRun, action, resource is Host) when { resource.method == "DELETE" };',
    );
    const never = new AbortController().signal;
    const said = await withOrders("crash-at-maximum", (origin) =>
      writ("run", ["more.yaml"], { origin }, never, columns),
    );
    rmSync(join(cwd, "policies/narrow.cedar"));
    const lines = [...said.out.split("\n"), ...said.err.split("\n")];
    const curls = lines.filter((line) => line.startsWith("  curl "));
    expect(curls).toHaveLength(1);
    expect(curls[0]).toMatch(/http:\/\/127\.0\.0\.1:\d+\/orders'$/);
    const long = lines.filter((line) => !curls.includes(line) && columnsOf(line) > columns);
    // What is one word, such as an address, is whole.
    expect(long.filter((line) => line.includes(" "))).toEqual([]);
    const text = said.out.replaceAll(/\n +/g, " ");
    for (const part of ["failure server-error", "not sent DELETE", "left out GET /mine", "GET /orders: "]) {
      expect(text).toContain(part);
    }
    const out = "narrow.test.ts";
    const written = await writ("generate", ["more.yaml"], { out }, never, columns);
    expect(written.out.split("\n").filter((line) => columnsOf(line) > columns)).toEqual([]);
    if (columns >= 40) expect(said.out).toMatch(/^`writ audit show [0-9a-f]{8}(-[-0-9a-f]{27})?`/m);
  });

  test.each([404, 503])("a server that answers %i to everything is no good end", async (status) => {
    const server = createServer((_, response) => response.writeHead(status).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const paths = `paths: {/a: {get: {responses: {"200": {description: ""}, "404": {description: ""}}}}}`;
    writeFileSync(join(cwd, "all.yaml"), `openapi: 3.1.0\n${paths}\n`);
    const json = await writ("run", ["all.yaml"], { origin, json: "" });
    await new Promise((resolve) => server.close(resolve));
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ verdict: "unproven", failures: [], ended: "completed" });
  });

  test("a budget is kept and said", async () => {
    const said = await withOrders(undefined, (origin) =>
      writ("run", ["openapi.yaml"], { origin, "requests-max": "5" }),
    );
    expect(said.code).toBe(1);
    expect(said.out).toContain("5 requests");
    expect(said.out).toContain("--requests-max raises it");
    expect(said.out).not.toContain("nothing contradicts the document");
  });

  test.each([
    ["no origin, whatever servers the document names", {}, 2],
    ["an origin that is none", { origin: "127.0.0.1:8080" }, 2],
    ["an origin with a path", { origin: "http://127.0.0.1/x" }, 2],
    ["an origin that nobody speaks", { origin: "ftp://127.0.0.1" }, 2],
    ["a name that leads nowhere", { origin: "http://name.invalid" }, 3],
    ["no requests", { origin: "http://127.0.0.1:1", "requests-max": "0" }, 2],
    ["a server that is not there", { origin: "http://127.0.0.1:1" }, 3],
  ] as const)("%s", async (_, options, code) => {
    const said = await writ("run", ["openapi.yaml"], options);
    expect(said.code).toBe(code);
  });

  test("what is no origin is refused before the document is read", async () => {
    const said = await writ("run", ["broken.yaml"], { origin: "http://127.0.0.1:1/x" });
    expect(said).toMatchObject({ code: 2, out: "" });
    expect(said.err).toContain("write scheme, host and port");
    expect(said.err).not.toContain("WRIT111");
  });

  test("a password in what is no origin is not repeated", async () => {
    const said = await writ("run", ["openapi.yaml"], { origin: "http://ada:hunter2@127.0.0.1:1" });
    expect(said.code).toBe(2);
    expect(said.out + said.err).not.toContain("hunter2");
    expect(said.err).toContain("write scheme, host and port");
  });

  test("what the workspace forbids is not sent and listed with the rule's line, and the run is in the ledger", async () => {
    const rule = join(cwd, "policies/no-delete.cedar");
    writeFileSync(
      rule,
      `\nforbid (principal is TestRun, action, resource is Host)\nwhen { resource.method == "DELETE" };\n`,
    );
    try {
      const said = await withOrders(undefined, (origin) => writ("run", ["openapi.yaml"], { origin }));
      expect(said.code).toBe(0);
      expect(said.out).toMatch(/not sent DELETE \/orders\/\{orderId\}: \d+ cases/);
      expect(said.out).toContain("policies/no-delete.cedar:2:1");
      expect(said.out).not.toContain("DELETE /orders/{orderId}: 0 sent");
      expect(said.out).toMatch(/`writ audit show [0-9a-f-]{36}` shows what was decided and sent$/);
      const listed = await withOrders(undefined, (origin) =>
        writ("run", ["openapi.yaml"], { origin, json: "" }),
      );
      expect(JSON.parse(listed.out)).toMatchObject({
        v: 1,
        run: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        notSent: [
          {
            method: "DELETE",
            why: "denied",
            rules: [{ layer: "workspace", file: "policies/no-delete.cedar", range: { line: 2 } }],
          },
        ],
      });
      writeFileSync(rule, "forbid (principal, action, resource);\n");
      const none = await withOrders(undefined, (origin) => writ("run", ["openapi.yaml"], { origin }));
      expect(none.code).toBe(1);
      expect(none.out).toContain("nothing was sent, so nothing was tested");
      writeFileSync(rule, "forbid (principal, action");
      const broken = await withOrders(undefined, (origin) => writ("run", ["openapi.yaml"], { origin }));
      expect(broken.code).toBe(1);
      expect(broken.err).toContain("nothing runs while this stands");
    } finally {
      rmSync(rule);
    }
  });

  test("a person at the terminal is asked where a rule says so", async () => {
    const rule = join(cwd, "policies/ask.cedar");
    writeFileSync(rule, `@require("approval")\npermit (principal, action, resource is Host);\n`);
    try {
      const said = await withOrders(undefined, (origin) => writ("run", ["openapi.yaml"], { origin }));
      expect(said.code).toBe(1);
      expect(said.out).toContain("none could be asked.");
      expect(said.out).not.toContain("..\n");
      expect(said.out).toContain("nothing was sent, so nothing was tested");
    } finally {
      rmSync(rule);
    }
  });

  test("nothing is sent where the ledger cannot be written", async () => {
    const dir = join(cwd, "mine.test.ts", "ledger");
    const server = await serve();
    const said = await writ("run", ["openapi.yaml"], { origin: server.origin, dir });
    await server.close();
    expect([said.code, server.seen]).toEqual([3, []]);
    expect(said.err).not.toBe("");
  });

  test("an interruption ends it", async () => {
    const abort = new AbortController();
    const running = withOrders(undefined, (origin) => {
      setTimeout(() => abort.abort(), 20);
      return writ("run", ["openapi.yaml"], { origin }, abort.signal);
    });
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
  });
});
