import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { builtWrit } from "#test/kit/built-writ.ts";
import type { Certified } from "#test/kit/certificates.ts";
import { createAuthority } from "#test/kit/certificates.ts";
import { oldestNode } from "#test/kit/oldest-node.ts";
import type { WireServer } from "#test/kit/openai-wire-server.ts";
import { answers, refuses, startWireServer } from "#test/kit/openai-wire-server.ts";
import { verifies } from "#test/kit/verifies.ts";

/*
 * Models behind endpoints in what `npm run build` makes: the package that speaks the protocol is a chunk of
 * its own, which nothing loads that does not ask such a model.
 */

const FILE = "agents/release-notes.symbi";
const KEY = "sk-bundle-0d9f5e6a7b8c";
const CHUNK = /^models-openai-[A-Z0-9]+\.js$/;

let home: string;
let server: WireServer;
let proxy: WireServer;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "writ-bundle-models-"));
  cpSync(await builtWrit(), join(home, "dist"), { recursive: true });
  cpSync(fileURLToPath(new URL("../../examples/release-notes", import.meta.url)), join(home, "desk"), {
    recursive: true,
  });
  server = await startWireServer();
  proxy = await startWireServer();
});
afterAll(async () => {
  await server.close();
  await proxy.close();
  rmSync(home, { recursive: true, force: true });
});

interface Done {
  readonly code: number | string | null | undefined;
  readonly out: string;
  readonly err: string;
}

const writ = (
  node: string,
  line: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  dist = "dist",
): Promise<Done> =>
  new Promise((resolve) => {
    const env = {
      DOCKER_HOST: "unix:///no/engine",
      WRIT_STATE: join(home, "state"),
      XDG_CONFIG_HOME: join(home, "config"),
      ...variables,
    };
    const options = { cwd: join(home, "desk"), env, timeout: 100_000 };
    execFile(node, [join(home, dist, "cli.js"), ...line], options, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, out, err }),
    );
  });

describe.each([
  ["the Node of development", process.execPath],
  ["the oldest Node", oldestNode],
])("on %s", (_, node) => {
  test("a run asks again, reads the answer, uses no proxy and warns of nothing", async () => {
    const url = server.endpoint(
      refuses(503, "", { "retry-after-ms": "1" }),
      answers({ text: "Nothing changed." }),
    );
    const variables = {
      WRIT_MODEL_URL: url,
      WRIT_MODEL_KEY: KEY,
      HTTP_PROXY: proxy.origin,
      http_proxy: proxy.origin,
      NODE_USE_ENV_PROXY: "1",
      OPENAI_LOG: "debug",
    };
    const model = ["--model", "openai:tiny"];
    const powers = await writ(node, ["check", FILE, "--powers", ...model], variables);
    const [digest = ""] = /\b[0-9a-f]{64}\b/.exec(powers.out) ?? [];
    const before = server.requests.length;
    const ran = await writ(
      node,
      ["run", FILE, "--input", "version=2.4.0", ...model, "--consent", digest],
      variables,
    );
    expect({ code: ran.code, err: ran.err }, ran.out).toEqual({ code: 0, err: "" });
    expect(ran.out).toContain("Nothing changed.");
    expect(ran.out).toContain("asking again in");
    expect(ran.out).not.toContain(KEY);
    const asked = server.requests.slice(before);
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${KEY}`, `Bearer ${KEY}`]);
    expect(proxy.requests).toEqual([]);
  });
});

describe("over TLS", () => {
  const authority = createAuthority("an authority of a test");
  const stranger = createAuthority("an authority of a test");
  const model = ["--model", "openai:tiny"];
  let extra: string;
  beforeAll(() => {
    extra = join(home, "authority.pem");
    writeFileSync(extra, authority.cert);
  });

  const runAt = async (
    certified: Certified,
    variables: Readonly<Record<string, string>>,
  ): Promise<Done & { readonly keys: readonly (string | undefined)[] }> => {
    const secure = await startWireServer(certified);
    try {
      const url = secure.endpoint(answers({ text: "Nothing changed." }));
      const named = { WRIT_MODEL_URL: url, WRIT_MODEL_KEY: KEY, ...variables };
      const powers = await writ(process.execPath, ["check", FILE, "--powers", ...model], named);
      const [digest = ""] = /\b[0-9a-f]{64}\b/.exec(powers.out) ?? [];
      const line = ["run", FILE, "--input", "version=2.4.0", ...model, "--consent", digest];
      const done = await writ(process.execPath, line, named);
      return { ...done, keys: secure.requests.map(({ headers }) => headers.authorization) };
    } finally {
      await secure.close();
    }
  };

  test("a run succeeds where the user trusts the authority, and the key goes there", async () => {
    verifies("models.provider.cloud-or-slm");
    const ran = await runAt(authority.certify(["localhost"]), { NODE_EXTRA_CA_CERTS: extra });
    expect({ code: ran.code, err: ran.err }, ran.out).toEqual({ code: 0, err: "" });
    expect(ran.out).toContain("Nothing changed.");
    expect(ran.out).not.toContain(KEY);
    expect(ran.keys).toEqual([`Bearer ${KEY}`]);
  });

  test.each([
    ["of an authority that nobody named", authority.certify(["localhost"]), false],
    ["of another authority of the same name", stranger.certify(["localhost"]), true],
    ["for another name", authority.certify(["models.example.com"]), true],
    ["that is over", authority.certify(["localhost"], { isExpired: true }), true],
  ])("a certificate %s is refused before the key is sent, whatever the environment says", async (...row) => {
    const [, certified, isNamed] = row;
    const ran = await runAt(certified, {
      ...(isNamed ? { NODE_EXTRA_CA_CERTS: extra } : {}),
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
    });
    expect(ran.code, ran.out).toBe(3);
    expect(`${ran.out}${ran.err}`.replaceAll(/\s+/g, " ")).toContain(
      "no secure connection to https://localhost:",
    );
    expect(`${ran.out}${ran.err}`).not.toContain(KEY);
    expect(ran.keys).toEqual([]);
  });
});

test("the package is loaded when such a model is asked, and by nothing else", async () => {
  const bare = join(home, "bare");
  cpSync(join(home, "dist"), bare, { recursive: true });
  const chunks = readdirSync(bare).filter((name) => CHUNK.test(name));
  expect(chunks).toHaveLength(1);
  for (const name of readdirSync(bare).filter((file) => file.endsWith(".js") && !chunks.includes(file))) {
    expect(readFileSync(join(bare, name), "utf8"), name).not.toContain("chat.completions");
  }
  for (const name of chunks) rmSync(join(bare, name));
  const run = (...line: readonly string[]) =>
    writ(process.execPath, line, { WRIT_MODEL_URL: "http://127.0.0.1:9/v1", WRIT_DEBUG: "1" }, "bare");
  expect(await run("--version")).toMatchObject({ code: 0, err: "" });
  const scripted = await run("check", FILE, "--powers", "--model", "scripted:model.json");
  expect(scripted).toMatchObject({ code: 0, err: "" });
  const powers = await run("check", FILE, "--powers", "--model", "openai:tiny");
  expect(powers).toMatchObject({ code: 0, err: "" });
  const [digest = ""] = /\b[0-9a-f]{64}\b/.exec(scripted.out) ?? [];
  const line = ["run", FILE, "--input", "version=2.4.0", "--consent", digest];
  expect(await run(...line, "--model", "scripted:model.json")).toMatchObject({ code: 0, err: "" });
  const missing = await run(...line, "--model", "openai:tiny");
  expect(missing.code).not.toBe(0);
  expect(missing.err).toContain("models-openai");
});
