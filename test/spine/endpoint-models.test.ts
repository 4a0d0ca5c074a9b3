/*
 * `writ run` with a model behind an endpoint, on real adapters: a local server speaks the provider's
 * protocol, and everything between it and the published file is what a user has.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { WireServer } from "#test/kit/openai-wire-server.ts";
import {
  answers,
  chunk,
  chunksOf,
  cuts,
  hangs,
  refuses,
  sends,
  sse,
  startWireServer,
} from "#test/kit/openai-wire-server.ts";
import { verifies } from "#test/kit/verifies.ts";

import type { Desk, DeskOptions, Said } from "./desk.ts";
import { createDesk } from "./desk.ts";

const FILE = "agents/release-notes.symbi";
const KEY = "sk-live-5b8e27c1f04d4a6f93";
const NOTES = "# Release notes\n\n## 2.4.0\n\n- Clocks know their zones.\n";

const call = (tool: string, given: object) => ({ tool, argumentsText: JSON.stringify(given) });
const usage = {
  prompt_tokens: 1_000,
  completion_tokens: 100,
  prompt_tokens_details: { cached_tokens: 400 },
};

/** Busy, then cut, then an agent at work: two reads at once of which one is forbidden, a write, a publish, an end. */
const WORK = [
  refuses(429, { error: { message: `slow down, ${KEY}` } }, { "retry-after-ms": "20" }),
  cuts(sse(chunksOf({ text: "I look at" }).slice(0, 3))),
  answers({
    text: "I look at both.",
    toolCalls: [
      call("read_file", { path: "changes/0042-time-zones.md" }),
      call("read_file", { path: "private/reporters.csv" }),
    ],
    usage,
  }),
  answers({ toolCalls: [call("write_file", { path: "RELEASE-NOTES.md", content: NOTES })], usage }),
  answers({ toolCalls: [call("publish_file", { path: "RELEASE-NOTES.md" })], usage }),
  answers({ text: "Done.", usage }),
];

let server: WireServer;
let desk: Desk;
beforeAll(async () => {
  server = await startWireServer();
  desk = createDesk("release-notes");
});
afterAll(async () => {
  desk.dispose();
  await server.close();
});

const runLine = (model: string, ...more: readonly string[]): readonly string[] => [
  "run",
  FILE,
  "--input",
  "version=2.4.0",
  "--model",
  model,
  ...more,
];

const optionsFor = (url: string, more: Readonly<Record<string, string>> = {}): DeskOptions => ({
  variables: {
    WRIT_MODEL_URL: url,
    WRIT_MODEL_KEY: KEY,
    XDG_CONFIG_HOME: join(desk.state, "config"),
    ...more,
  },
});

const runAt = async (url: string, more: Readonly<Record<string, string>> = {}): Promise<Said> => {
  const options = optionsFor(url, more);
  const consent = await desk.powers(FILE, "openai:tiny", options);
  return desk.writ(runLine("openai:tiny", "--consent", consent), options);
};

/** Every file below the folder that holds these bytes. */
const holding = (folder: string, bytes: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    const path = join(folder, name);
    return statSync(path).isFile() && readFileSync(path).includes(bytes);
  });

describe("a run with a model behind an endpoint", () => {
  let ran: Said;
  let url: string;
  let requests: WireServer["requests"];
  beforeAll(async () => {
    url = server.endpoint(...WORK);
    const before = server.requests.length;
    ran = await runAt(url);
    requests = server.requests.slice(before);
  }, 60_000);

  test("completes, and publishes what the rules permit", () => {
    verifies("models.provider.cloud-or-slm");
    expect(ran.err).toEqual([]);
    expect(ran.code).toBe(0);
    expect(desk.read("RELEASE-NOTES.md")).toBe(NOTES);
  });

  test("shows which model it asked, where, and each time that it asked again", () => {
    const shown = ran.out.join("\n");
    expect(shown).toContain(`openai:tiny@${url}`);
    expect(
      shown.match(/the model gave no answer \(MODEL_UNAVAILABLE\), try \d; asking again in /g),
    ).toHaveLength(2);
    expect(shown).toContain("DENIED");
  });

  test("sends the key with each request to that origin, and nowhere in its body", () => {
    verifies("models.openai.key");
    expect(requests).toHaveLength(WORK.length);
    for (const { headers, body } of requests) {
      expect(headers.authorization).toBe(`Bearer ${KEY}`);
      expect(JSON.stringify(body)).not.toContain(KEY);
    }
  });

  test("leaves the key nowhere: not on the screen, not in the ledger, not in the state, not in the workspace", () => {
    const piece = KEY.slice(3, 15);
    expect(holding(join(desk.workspace, ".."), piece)).toEqual([]);
    expect([...ran.out, ...ran.err].join("\n")).not.toContain(piece);
  });

  test("tells the model about the denial, and not what was denied to it", () => {
    const last = requests.at(-1)?.body?.messages ?? [];
    const results = last.filter(({ role }) => role === "tool").map(({ content }) => content);
    expect(results).toHaveLength(4);
    expect(results.some((text) => text.startsWith("Denied: the rules"))).toBe(true);
    const [reporter = ""] = desk.read("private/reporters.csv").split("\n").slice(1);
    expect(reporter).not.toBe("");
    expect(JSON.stringify(requests)).not.toContain(reporter);
  });

  test("has model, retries, usage and finish reasons on record", () => {
    const entries = desk.entries();
    const publicOf = (type: string) =>
      entries.filter((entry) => entry.type === type).map((entry) => entry.public);
    expect(publicOf("run.started")).toMatchObject([{ model: `openai:tiny@${url}` }]);
    // The run has more tokens left than a provider would take as the bound of one answer.
    expect(publicOf("model.requested")[0]).toMatchObject({ tokensMax: 16_384 });
    expect(requests[0]?.body).toMatchObject({ max_tokens: 16_384 });
    expect(publicOf("model.retried")).toMatchObject([
      { code: "MODEL_UNAVAILABLE", attempt: 1 },
      { code: "MODEL_UNAVAILABLE", attempt: 2 },
    ]);
    expect(publicOf("model.answered").map((fields) => fields["finish"])).toEqual([
      "tool-calls",
      "tool-calls",
      "tool-calls",
      "stop",
    ]);
    expect(publicOf("model.answered")[0]).toMatchObject({
      inputTokens: 1_000,
      cachedInputTokens: 400,
      outputTokens: 100,
      usage: "reported",
      costNanoUsd: null,
    });
    const denied = publicOf("action.decided").filter((fields) => fields["outcome"] === "deny");
    expect(denied).toMatchObject([{ tool: "read_file", denyReason: "forbidden" }]);
  });

  test("leaves evidence that verifies", async () => {
    expect((await desk.writ(["audit", "verify"])).code).toBe(0);
  });
});

describe("consent", () => {
  test("is to a model at a URL, which it shows: at another URL the old one does not hold", async () => {
    const [here, there] = [server.endpoint(answers({ text: "x" })), server.endpoint(answers({ text: "x" }))];
    const asked = await desk.writ(["check", FILE, "--powers", "--model", "openai:tiny"], optionsFor(here));
    const shown = asked.out.join(" ").replaceAll(/\s+/g, " ");
    expect(shown).toContain(`openai:tiny@${here}, which gets what the run reads`);
    const agreed = /\b[0-9a-f]{64}\b/.exec(shown)?.[0] ?? "";
    const before = server.requests.length;
    const said = await desk.writ(runLine("openai:tiny", "--consent", agreed), optionsFor(there));
    expect(said.code).toBe(1);
    expect(said.err.join(" ")).toContain("--consent names other powers");
    expect(server.requests.length).toBe(before);
  });
});

describe("an endpoint of the user's settings", () => {
  test("has its own key and prices, and the variable's key is not for it", async () => {
    const options = optionsFor("http://127.0.0.1:9/v1");
    const other = await startWireServer();
    const url = other.endpoint(answers({ text: "Done.", usage }));
    desk.write(
      "../state/config/writ/models.json",
      JSON.stringify({
        endpoints: { lab: { url, prices: { tiny: { input: 2, cachedInput: 1, output: 10 } } } },
      }),
    );
    const consent = await desk.powers(FILE, "lab:tiny", options);
    const ran = await desk.writ(runLine("lab:tiny", "--consent", consent), options);
    expect(ran.code, ran.err.join("\n")).toBe(0);
    expect(ran.out.join("\n")).toContain("1100 tokens, $0.0026, 0 denied");
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    const answered = desk.entries().findLast(({ type }) => type === "model.answered");
    // 600 at 2, 400 at 1 and 100 at 10 dollars for a million
    expect(answered?.public).toMatchObject({ costNanoUsd: 2_600_000 });
    await other.close();
  });
});

describe("a run that is cancelled", () => {
  test.each([
    ["while its model is silent", hangs(null), []],
    ["while it waits to ask again", refuses(429, {}, { "retry-after": "50" }), ["model.retried"]],
  ])("%s ends at once, and nothing is left open", async (_, behaviour, between) => {
    let gone: Promise<void> | undefined;
    const url = server.endpoint((response, request) => {
      gone = new Promise((resolve) => response.once("close", resolve));
      return behaviour(response, request);
    });
    const options = optionsFor(url);
    const consent = await desk.powers(FILE, "openai:tiny", options);
    const before = desk.entries().length;
    const controller = new AbortController();
    const asked = server.requests.length;
    const running = desk.writ(runLine("openai:tiny", "--consent", consent), {
      ...options,
      signal: controller.signal,
    });
    const last = [...between].at(-1) ?? "model.requested";
    await expect
      .poll(
        () =>
          desk
            .entries()
            .slice(before)
            .some(({ type }) => type === last) && server.requests.length > asked,
        {
          timeout: 60_000,
        },
      )
      .toBe(true);
    controller.abort();
    expect((await running).code).toBe(130);
    await gone;
    const types = desk
      .entries()
      .slice(before)
      .map(({ type }) => type);
    const own = types.filter((type) => type.startsWith("model.") || type === "run.ended");
    expect(own).toEqual(["model.requested", ...between, "model.failed", "run.ended"]);
    expect(server.requests.length).toBe(asked + 1);
  });
});

describe("an answer that is not whole never completes a run", () => {
  const half = { text: "half an ans", toolCalls: [call("write_file", { path: "HALF.md", content: "x" })] };
  test.each([
    [
      "cut off",
      { text: "half an ans", finish: "length" },
      /› half an ans cut off by its length/,
      "ANSWER_CUT",
    ],
    ["cut off in a call", { ...half, finish: "length" }, /cut off by its length/, "ANSWER_CUT"],
    ["filtered", { ...half, finish: "content_filter" }, /stopped by the model or its/, "ANSWER_REFUSED"],
    ["empty", {}, /\(no words, 0 calls\)/, "ANSWER_EMPTY"],
  ] as const)("one that is %s", async (_, answer, shown, reason) => {
    const { code, out } = await runAt(server.endpoint(answers(answer)));
    const words = out.map((line) => line.trim()).join(" ");
    expect(words).toMatch(shown);
    expect(words).toContain(`failed (${reason})`);
    expect(words).toContain("`termination_reason`");
    expect(code).toBe(1);
    const ended = desk.entries().findLast(({ type }) => type === "run.ended");
    expect(ended?.public).toMatchObject({ outcome: "failed", reason });
    expect(desk.entries().findLast(({ type }) => type === "action.decided")?.public["action"]).toBe(
      "model_call",
    );
  });
});

describe("what does not speak the protocol ends with 3 and points at the URL", () => {
  const page = sends("<html>Log in</html>", { "content-type": "text/html" });
  const odd = sends(sse([chunk([{ index: 0, delta: { content: "x" }, finish_reason: "banana" }])]));
  test.each([
    ["a page", page, "a page of HTML"],
    ["a finish reason of its own", odd, "a reason that is not known"],
  ])("%s", async (_, behaviour, why) => {
    const before = server.requests.length;
    const { code, out } = await runAt(server.endpoint(behaviour));
    const words = out.map((line) => line.trim()).join(" ");
    expect(words).toContain(why);
    expect(words).toMatch(/look at the endpoint's URL \(`WRIT_MODEL_URL`.*ends with \/v1/);
    expect(code).toBe(3);
    expect(server.requests.length).toBe(before + 1);
  });
});

test("a provider that wants nobody to ask again for longer than anybody counts is asked once", async () => {
  const before = server.requests.length;
  const { code, out } = await runAt(server.endpoint(refuses(429, {}, { "retry-after": "9".repeat(20) })));
  expect(server.requests.length).toBe(before + 1);
  expect(code).toBe(3);
  expect(out.join(" ")).toContain("36600d");
});

describe("a model that cannot be had ends with 3 and says what to do", () => {
  test.each<[string, () => Promise<Said>, RegExp]>([
    [
      "no key",
      () =>
        desk.writ(runLine("openai:gpt-4o"), { variables: { XDG_CONFIG_HOME: join(desk.state, "config") } }),
      /there is no key for https:\/\/api\.openai\.com[^]*set WRIT_MODEL_KEY or OPENAI_API_KEY, or write .*model-keys\.json. with mode 0600/,
    ],
    [
      "a key that is bound to another origin",
      () =>
        desk.writ(runLine("openai:gpt-4o"), {
          variables: {
            WRIT_MODEL_URL: "https://models.example.com/v1",
            OPENAI_API_KEY: KEY,
            XDG_CONFIG_HOME: join(desk.state, "config"),
          },
        }),
      /there is no key for https:\/\/models\.example\.com/,
    ],
    [
      "a key that others can read",
      () => {
        writeFileSync(join(desk.state, "model-keys.json"), "{}", { mode: 0o644 });
        return desk.writ(runLine("openai:gpt-4o"), {
          variables: { XDG_CONFIG_HOME: join(desk.state, "config") },
        });
      },
      /is open to others[^]*chmod 600 /,
    ],
    [
      "a URL without encryption",
      () => desk.writ(runLine("openai:tiny"), optionsFor("http://models.example.com/v1")),
      /WRIT_MODEL_URL sends key and conversation without encryption/,
    ],
    [
      "an endpoint that nobody named",
      () => desk.writ(runLine("nowhere:tiny"), optionsFor("http://127.0.0.1:9/v1")),
      /no endpoint of that name is known[^]*scripted, openai/,
    ],
  ])("%s", async (_, run, words) => {
    const said = await run();
    expect(said.code).toBe(3);
    expect(said.err.join(" ")).toMatch(words);
    expect(said.err.join(" ")).not.toContain(KEY);
  });

  test("a provider that refuses, or is not there", async () => {
    const url = server.endpoint(
      refuses(401, { error: { message: `bad ${KEY}` } }),
      refuses(404, {}),
      answers({ text: "never asked" }),
    );
    const gone = "http://127.0.0.1:9/v1";
    const words = [
      /401: it does not accept the key[^]*set WRIT_MODEL_KEY/,
      /404: it has no such model[^]*--model/,
      /cannot be reached \(ECONNREFUSED\)[^]*whether the server runs/,
    ];
    const said = [
      await runAt(url),
      await desk.writ(runLine("openai:tiny"), optionsFor(url)),
      await runAt(gone),
    ];
    for (const [index, { code, out, err }] of said.entries()) {
      const shown = [...out, ...err].map((line) => line.trim()).join(" ");
      expect(code, shown).toBe(3);
      expect(shown).toMatch(words[index] ?? /never/);
      expect(shown).not.toContain(KEY);
    }
  });
});
