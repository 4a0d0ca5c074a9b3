import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";

import { document, planOf } from "./kit.ts";
import { runAt } from "./orders-server.ts";
import { createServers } from "./thing-servers.ts";

const servers = createServers();
const { serve } = servers;
afterEach(() => servers.close());

describe("a server that breaks down", () => {
  const integer = { type: "integer", minimum: 1, maximum: 5 };
  const text = { type: "string", minLength: 3, maxLength: 5 };
  const parameters = [
    { name: "ck", in: "cookie", schema: integer },
    { name: "page_token", in: "query", schema: integer },
    { name: "Idempotency-Key", in: "header", schema: text },
    ...["a", "b", "c"].map((name) => ({ name, in: "query", schema: integer })),
  ];
  /** What was sent in each part. */
  type Sent = Readonly<Record<string, string | undefined>>;

  /** Runs against a server that breaks down at what `isBroken` says, and refuses what is no value from 1 to 5. */
  const runWith = async (isBroken: (sent: Sent) => boolean) => {
    const answer = (sent: Sent): number => {
      const { key, ...others } = sent;
      const numbers = Object.values(others).every((each) => each === undefined || /^[1-5]$/.test(each));
      const isValid = numbers && (key === undefined || (key.length >= 3 && key.length <= 5));
      return isBroken(sent) ? 500 : isValid ? 200 : 400;
    };
    const origin = await serve(({ url, headers }, response) => {
      const query = new URL(url ?? "", "http://h").searchParams;
      const names = ["page_token", "a", "b", "c"];
      const sent: Sent = {
        ck: /ck=([^;]*)/.exec(headers.cookie ?? "")?.[1],
        key: headers["idempotency-key"] as string | undefined,
        ...Object.fromEntries(names.map((name) => [name, query.get(name) ?? undefined])),
      };
      response.writeHead(answer(sent)).end();
    });
    const responses = { "200": { description: "" }, "400": { description: "" } };
    const { tests } = await planOf({ "api.yaml": document({ parameters, responses }) });
    if (tests === null) throw new Error("no tests");
    const report = await runAt(tests, origin);
    if (!report.ok) throw new Error(report.fault.message);
    return report.value.failures;
  };

  test("three bugs in three parts are three entries, each with a line for curl that shows it", async () => {
    const failures = await runWith(
      ({ ck, page_token, key }) => ck === "5" || page_token === "5" || key?.length === 5,
    );
    expect(failures.flatMap(({ parts }) => parts).toSorted()).toEqual([
      "cookie ck",
      "header Idempotency-Key",
      "query page_token",
    ]);
    expect(failures).toHaveLength(3);
    for (const { curl } of failures) {
      const { stdout } = await promisify(execFile)("/bin/sh", ["-c", curl]);
      expect(stdout, curl).toContain("HTTP/1.1 500");
    }
  });

  test("one that the plainest request shows is one, whatever else is sent", async () => {
    const failures = await runWith(() => true);
    expect(failures).toMatchObject([{ cause: "server-error GET /things 500", status: 500 }]);
    expect(failures[0]?.example.isPlainest).toBe(true);
  });

  test("one that values of many parts show is one, and names them", async () => {
    const isNumber = (each: string | undefined): boolean => each === undefined || /^\d+$/.test(each);
    const failures = await runWith(
      ({ ck, page_token, a, b, c }) => ![ck, page_token, a, b, c].every(isNumber),
    );
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ cause: "server-error GET /things 500", reproduced: true });
    expect(failures[0]?.parts.toSorted()).toEqual([
      "cookie ck",
      "query a",
      "query b",
      "query c",
      "query page_token",
    ]);
  });

  test("one that comes to the same smallest request by two ways is one", async () => {
    // Also the fullest request has it.
    const failures = await runWith(({ ck }) => ck !== undefined && /^[1-5]$/.test(ck));
    expect(failures).toMatchObject([{ cause: "server-error GET /things 500 cookie ck" }]);
  });
});
