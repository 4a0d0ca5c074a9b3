import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { toBase64, utf8 } from "#kernel/bytes.ts";
import { recorded, serve } from "#test/host/tests/rig.ts";
import { createDesk, type Desk, type Said } from "#test/spine/desk.ts";

/* Credentials of a tested server: from the environment into requests to one origin, and nowhere else. */

const top = fileURLToPath(new URL("../../", import.meta.url));

const VARIABLES = {
  HEAD_KEY: "canary-head-4f81b2c6d3",
  ASK_KEY: "canary-ask-9+/=&7a1b55",
  JAR_KEY: "canary-jar-0d9e8f7a6b",
  TOKEN: "canary-token-5c4b3a2918",
  LOGIN: "canary-user:canary-word-93f1",
} as const;

const CREDENTIALS = ["head=HEAD_KEY", "ask=ASK_KEY", "jar=JAR_KEY", "token=TOKEN", "login=LOGIN"].flatMap(
  (each) => ["--credential", each],
);

const operation = (...schemes: readonly (readonly string[])[]) => ({
  get: {
    security: schemes.map((names) => Object.fromEntries(names.map((name) => [name, []]))),
    parameters: [
      // As many documents say it: once as a scheme and once as a parameter, for which nothing is made up.
      ...(schemes.flat().includes("head")
        ? [{ name: "x-api-key", in: "header", required: true, schema: { type: "string", minLength: 3 } }]
        : []),
      { name: "limit", in: "query", schema: { type: "integer", minimum: 1, maximum: 9 } },
    ],
    responses: {
      "200": {
        description: "",
        content: { "application/json": { schema: { type: "object", additionalProperties: false } } },
      },
      "400": { description: "" },
      "401": { description: "" },
    },
  },
});

const DOCUMENT = {
  openapi: "3.1.0",
  components: {
    securitySchemes: {
      head: { type: "apiKey", in: "header", name: "X-Api-Key" },
      ask: { type: "apiKey", in: "query", name: "key" },
      jar: { type: "apiKey", in: "cookie", name: "sid" },
      token: { type: "http", scheme: "Bearer" },
      login: { type: "http", scheme: "basic" },
      far: { type: "oauth2", flows: {} },
    },
  },
  paths: {
    "/head": operation(["head"]),
    "/ask": operation(["ask"]),
    "/jar": operation(["jar"]),
    "/token": operation(["far"], ["token"]),
    "/login": operation(["login"]),
    "/both": operation(["head", "token"]),
    "/far": operation(["far"]),
  },
};

/** What the server wants where a path is named after a scheme. */
const WANTED: Readonly<Record<string, (request: IncomingMessage, query: URLSearchParams) => boolean>> = {
  head: ({ headers }) => headers["x-api-key"] === VARIABLES.HEAD_KEY,
  ask: (_, query) => query.get("key") === VARIABLES.ASK_KEY,
  jar: ({ headers }) => headers.cookie === `sid=${VARIABLES.JAR_KEY}`,
  token: ({ headers }) => headers.authorization === `Bearer ${VARIABLES.TOKEN}`,
  login: ({ headers }) => headers.authorization === `Basic ${toBase64(utf8(VARIABLES.LOGIN))}`,
};

type Answer = (response: ServerResponse, path: string, isKnown: boolean) => void;

const CORRECT: Answer = (response, _, isKnown) =>
  void response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json" }).end("{}");

/** A server that repeats every credential in every place that a message may be made of. */
const ECHO: Answer = (response, path) => {
  const all = Object.values(VARIABLES).flatMap(formsOf);
  const said = Object.fromEntries(all.map((each) => [each, each]));
  if (path === "/jar") response.writeHead(200, { "content-type": `text/${VARIABLES.JAR_KEY}` }).end("x");
  else if (path === "/head") response.writeHead(500, VARIABLES.HEAD_KEY).end(JSON.stringify(said));
  else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(said));
};

const formsOf = (value: string): readonly string[] => [
  value,
  encodeURIComponent(value),
  toBase64(utf8(value)),
];

/** Everything that would give a credential away, and long pieces of it. */
const CANARIES = [...Object.values(VARIABLES), "canary-word-93f1"]
  .flatMap(formsOf)
  .flatMap((each) => [each, each.slice(0, 12), each.slice(-12)]);

const found = (text: string): readonly string[] => CANARIES.filter((canary) => text.includes(canary));

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => !path.includes("node_modules") && statSync(path).isFile());

let desk: Desk;
beforeAll(() => {
  desk = createDesk(null);
  desk.write("api.json", JSON.stringify(DOCUMENT));
});
afterAll(() => desk.dispose());

const serving = async <T>(answer: Answer, use: (origin: string) => Promise<T>): Promise<T> => {
  const server = await serve((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://host");
    const names = pathname === "/both" ? ["head", "token"] : [pathname.slice(1)];
    const isKnown = names.every((name) => WANTED[name]?.(request, searchParams) === true);
    // What breaks another rule is refused by whoever let it in.
    const limit = searchParams.get("limit");
    if (isKnown && limit !== null && !/^[1-9]$/.test(limit)) response.writeHead(400).end();
    else answer(response, pathname, isKnown);
  });
  try {
    return await use(server.origin);
  } finally {
    await server.close();
  }
};

const run = (origin: string, ...more: readonly string[]): Promise<Said> =>
  desk.writ(["test", "run", "api.json", "--origin", origin, ...more], { variables: VARIABLES });

const textOf = ({ out, err }: Said): string => [...out, ...err].join("\n");

describe("a credential", () => {
  test("of each kind reaches the server, which refuses who brings none", async () => {
    const said = await serving(CORRECT, (origin) => run(origin, ...CREDENTIALS, "--json"));
    expect(said.err).toEqual([]);
    const report = JSON.parse(said.out.join("\n")) as {
      operations: { path: string; sent: number; asExpected: number }[];
      leftOut: { path: string; why: string }[];
      failures: unknown[];
      warnings: unknown[];
    };
    expect(report).toMatchObject({ failures: [], warnings: [] });
    expect(report.operations.map(({ path }) => path)).toEqual([
      "/head",
      "/ask",
      "/jar",
      "/token",
      "/login",
      "/both",
    ]);
    for (const { sent, asExpected } of report.operations) {
      expect(sent).toBeGreaterThan(4);
      expect(asExpected).toBe(sent);
    }
    expect(report.leftOut).toMatchObject([
      { path: "/far", why: "it needs credentials of a kind that is not sent" },
    ]);
    expect(said.code).toBe(0);
  });

  test.each([[[]], [["--json"]]])(
    "that the server repeats everywhere is in no output, ledger or file with %j",
    async (more) => {
      const said = await serving(ECHO, (origin) => run(origin, ...CREDENTIALS, ...more));
      expect(said.code).toBe(1);
      expect(textOf(said)).toContain("[key removed]");
      expect(textOf(said)).toContain("server-error");
      expect(found(textOf(said))).toEqual([]);
      const entries = JSON.stringify(await recorded({ folder: desk.workspace, state: desk.state }));
      expect(entries).toContain("HEAD_KEY");
      expect(found(entries)).toEqual([]);
      for (const path of [...filesBelow(desk.workspace), ...filesBelow(desk.state)]) {
        expect(found(readFileSync(path, "latin1")), path).toEqual([]);
      }
    },
  );

  test("that the server does not ask for is a failure at the line that requires it", async () => {
    const lax: Answer = (response) =>
      void response.writeHead(200, { "content-type": "application/json" }).end("{}");
    const said = await serving(lax, (origin) => run(origin, "--credential", "head=HEAD_KEY", "--json"));
    expect(said.code).toBe(1);
    const { failures } = JSON.parse(said.out.join("\n")) as { failures: readonly unknown[] };
    expect(failures).toContainEqual(
      expect.objectContaining({
        check: "invalid-rejected",
        message: "a request without the credential that is required was answered 200",
        place: expect.objectContaining({ pointer: "/paths/~1head/get/security" }) as unknown,
      }),
    );
  });

  test("that the server does not take is a failure and no good verdict", async () => {
    const strict: Answer = (response) => void response.writeHead(401).end();
    const said = await serving(strict, (origin) =>
      desk.writ(["test", "run", "api.json", "--origin", origin, "--credential", "token=TOKEN"], {
        variables: { TOKEN: "not-the-right-one" },
      }),
    );
    expect(said.code).toBe(1);
    expect(said.out.join("\n").replaceAll(/\n +/g, " ")).toContain(
      "the credential for `token` was not taken (401)",
    );
    expect(textOf(said)).not.toContain("not-the-right-one");
  });

  test("stands in a line for curl as its variable, which a shell puts in", async () => {
    const said = await serving(ECHO, (origin) => run(origin, ...CREDENTIALS));
    const curls = said.out.filter((line) => line.startsWith("  curl "));
    const wordsOf = (line: string | undefined): readonly string[] =>
      spawnSync("/bin/sh", ["-c", `printf '%s\\0' ${line ?? ""}`], {
        env: VARIABLES,
        encoding: "utf8",
      }).stdout.split("\0");
    const words = (path: string): readonly string[] =>
      wordsOf(curls.find((line) => line.includes(path) && line.includes('"$')));
    expect(words("/head")).toContain(`x-api-key: ${VARIABLES.HEAD_KEY}`);
    expect(words("/token")).toContain(`authorization: Bearer ${VARIABLES.TOKEN}`);
    expect(words("/jar")).toContain(`cookie: sid=${VARIABLES.JAR_KEY}`);
    expect(words("/login").join(" ")).toContain(`--user ${VARIABLES.LOGIN}`);
    expect(words("/ask")).toContain(`key=${VARIABLES.ASK_KEY}`);
  });
});

describe("a suite", () => {
  /** Writes the suite and runs it with each of these environments; everything that a reporter prints of it. */
  const suiteRuns = async (
    name: string,
    answer: Answer,
    environments: (origin: string) => readonly Readonly<Record<string, string>>[],
  ): Promise<readonly { readonly code: number; readonly text: string }[]> => {
    const folder = join(desk.workspace, name);
    mkdirSync(folder);
    const file = join(folder, "api.test.ts");
    const made = await desk.writ(["test", "generate", "api.json", "--out", file, ...CREDENTIALS], {
      variables: VARIABLES,
    });
    expect(made.code).toBe(0);
    expect(found(readFileSync(file, "utf8"))).toEqual([]);
    symlinkSync(join(top, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), "{}");
    const argv = [
      join(top, "node_modules/vitest/vitest.mjs"),
      "run",
      "--root",
      folder,
      "--maxWorkers=1",
      "--reporter=verbose",
      "--reporter=json",
    ];
    const go = (env: Readonly<Record<string, string>>): Promise<{ code: number; text: string }> =>
      new Promise((resolve) => {
        const options = { env: { PATH: "/usr/bin:/bin", ...env }, maxBuffer: 2 ** 26 };
        execFile(process.execPath, argv, options, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : 1, text: stdout + stderr }),
        );
      });
    return serving(answer, async (origin) => {
      const ran: { code: number; text: string }[] = [];
      for (const env of environments(origin)) ran.push(await go(env));
      return ran;
    });
  };

  test("reads the credentials from the environment, where it is run", async () => {
    const [right, none, wrong] = await suiteRuns("suite", CORRECT, (origin) => {
      const at = { API_BASE_URL: origin };
      return [{ ...at, ...VARIABLES }, { ...at }, { ...at, ...VARIABLES, TOKEN: "not-the-right-one" }];
    });
    expect(right?.text).not.toContain("FAIL");
    expect(right?.code).toBe(0);
    expect(none?.code).toBe(1);
    expect(none?.text).toContain("set HEAD_KEY to the credential that the server wants");
    expect(wrong?.code).toBe(1);
    expect(wrong?.text).toContain("the server does not take the credential");
  });

  test("prints no credential that a server repeats, and sends none in the clear to another machine", async () => {
    const [repeated, exposed] = await suiteRuns("suite-echo", ECHO, (origin) => [
      { API_BASE_URL: origin, ...VARIABLES },
      // An address for documentation (RFC 5737), which nothing listens at.
      { API_BASE_URL: "http://192.0.2.2", ...VARIABLES },
    ]);
    expect(repeated?.code).toBe(1);
    expect(repeated?.text).toContain("[key removed]");
    expect(repeated?.text).toContain("the answer breaks its schema");
    expect(found(repeated?.text ?? "")).toEqual([]);
    expect(exposed?.code).toBe(1);
    expect(exposed?.text).toContain("a credential goes to another machine over https only");
    expect(found(exposed?.text ?? "")).toEqual([]);
  });
});

describe("what is refused, with nothing sent and nothing repeated", () => {
  const HERE = "http://127.0.0.1:1";
  test.each<[string, string, readonly string[], Readonly<Record<string, string>>, number, string]>([
    ["no variable of that name", HERE, ["head=HEAD_KEY"], {}, 3, "names for `head` is not set"],
    ["the credential itself", HERE, ["head=canary-head-4f81b2c6d3"], {}, 2, "never stands on a command line"],
    ["no scheme", HERE, ["HEAD_KEY"], VARIABLES, 2, "takes a security scheme and the name of a variable"],
    ["one scheme twice", HERE, ["head=HEAD_KEY", "head=TOKEN"], VARIABLES, 2, "each scheme once"],
    ["a line break", HERE, ["head=HEAD_KEY"], { HEAD_KEY: "canary-head-4f81b2c6d3\n" }, 2, "has a space"],
    [
      "a login without a password",
      HERE,
      ["login=LOGIN"],
      { LOGIN: "canary-token-5c4b3a2918" },
      2,
      "is not `user:password`",
    ],
    [
      "a cookie of two",
      HERE,
      ["jar=JAR_KEY"],
      { JAR_KEY: "canary-jar-0d9e8f7a6b;x" },
      2,
      "no cookie may have",
    ],
    ["a scheme that nothing wants", HERE, ["far=HEAD_KEY"], VARIABLES, 2, "takes a credential for `far`"],
    ["plain text to another machine", "http://192.0.2.1", ["head=HEAD_KEY"], VARIABLES, 2, "over https only"],
  ])("%s", async (_, origin, credentials, variables, code, why) => {
    const line = ["test", "run", "api.json", "--origin", origin];
    const options = credentials.flatMap((each) => ["--credential", each]);
    for (const more of [[], ["--json"]]) {
      const said = await desk.writ([...line, ...options, ...more], { variables, columns: 200 });
      expect(said.code).toBe(code);
      expect(textOf(said)).toContain(why);
      expect(found(textOf(said))).toEqual([]);
    }
  });

  test("without its credential an operation is left out, with what would name one", async () => {
    const said = await serving(CORRECT, (origin) => run(origin, "--credential", "head=HEAD_KEY"));
    expect(said.out.join("\n").replaceAll(/\n +/g, " ")).toContain(
      "it needs credentials, and `--credential ask=VARIABLE` would name the variable of the environment that has one",
    );
  });
});
