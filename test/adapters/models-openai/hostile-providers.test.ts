import { readFileSync } from "node:fs";
import { createServer as createSecureServer } from "node:https";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OPENAI_LIMITS_DEFAULT } from "#adapters/models-openai/limits.ts";
import { DURATION_MS_MAX } from "#kernel/duration.ts";
import type { ModelFault } from "#ports/language-model.ts";
import type { WireBehaviour, WireServer } from "#test/kit/openai-wire-server.ts";
import {
  chunk,
  chunksOf,
  compresses,
  cuts,
  floodsHeaders,
  hangs,
  refuses,
  repeats,
  resets,
  sends,
  sse,
  startWireServer,
} from "#test/kit/openai-wire-server.ts";
import { ask, HASTY, KEY, modelAt } from "./kit.ts";

let server: WireServer;
let elsewhere: WireServer;
beforeAll(async () => {
  server = await startWireServer();
  elsewhere = await startWireServer();
});
afterAll(async () => {
  await server.close();
  await elsewhere.close();
});

/** How an answer failed; also shows that it did so once, at the end, and without the key. */
const failureOf = async (behaviour: WireBehaviour, limits = OPENAI_LIMITS_DEFAULT): Promise<ModelFault> => {
  const events = await ask(modelAt(server.endpoint(behaviour), {}, { limits }));
  expect(JSON.stringify(events)).not.toContain(KEY);
  const ends = events.filter((event) => event.k !== "text-delta");
  expect(ends).toHaveLength(1);
  const [end] = ends;
  if (end?.k !== "failed" || events.at(-1) !== end) throw new Error(`not a failure: ${JSON.stringify(end)}`);
  return end.fault;
};

const said = (message: string, more: object = {}) => ({ error: { message, ...more } });
const CALL = { tool: "write_file", argumentsText: '{"path":"a","content":"b"}' };
const call = chunksOf({ toolCalls: [CALL] });
const delta = (value: unknown, finish: unknown = null): string =>
  chunk([{ index: 0, delta: value, finish_reason: finish }]);
const stream = (...chunks: readonly string[]): WireBehaviour => sends(sse([...chunks, "[DONE]"]));
const toolDelta = (value: object): string => delta({ tool_calls: [value] });

describe("a stream that is cut is never an answer", () => {
  test.each<[string, WireBehaviour]>([
    ["before its first byte", resets],
    ["behind its headers", cuts("")],
    ["in the middle of a text", cuts(sse(chunksOf({ text: "half of it" }).slice(0, 3)))],
    ["in the middle of a call", cuts(sse(call.slice(0, 3)))],
    ["right before the finish reason", cuts(sse(call.slice(0, 4)))],
    ["in the middle of the event with the finish reason", cuts(sse(call.slice(0, 5)).slice(0, -20))],
  ])("%s", async (_, behaviour) => {
    expect(await failureOf(behaviour)).toMatchObject({
      code: "MODEL_UNAVAILABLE",
      again: { afterMs: null },
    });
  });

  test.each<[string, WireBehaviour]>([
    ["with nothing", sends("")],
    ["before the finish reason", sends(sse(call.slice(0, 4)))],
    ["by [DONE] before the finish reason", stream(...call.slice(0, 4))],
  ])("also where it just ends %s", async (_, behaviour) => {
    expect(await failureOf(behaviour)).toMatchObject({ code: "MODEL_UNAVAILABLE", again: { afterMs: null } });
  });
});

describe("what is not of the protocol is a bad answer, and not asked for again", () => {
  test.each<[string, WireBehaviour, RegExp]>([
    ["JSON that is none", sends("data: {broken\n\n"), /not JSON/],
    [
      "a page",
      sends("<html>hello</html>", { "content-type": "text/html" }),
      /is a page of HTML and not a st/,
    ],
    [
      "an answer in one piece",
      sends("{}", { "content-type": "application/json" }),
      /piece of JSON and not a/,
    ],
    ["no type at all", sends("data: {}\n\n", {}), /not a stream/],
    ["an answer that is compressed", compresses({ text: "hello" }), /compressed/],
    ["no content", refuses(204, ""), /204/],
    ["a number", stream("7"), /not an object/],
    ["a list", stream("[]"), /not an object/],
    ["choices that are none", stream('{"choices":{}}'), /not a list/],
    ["several choices", stream(chunk([{ index: 0 }, { index: 1 }])), /several answers/],
    ["another choice", stream(chunk([{ index: 1, delta: {} }])), /several answers/],
    ["a delta that is none", stream(delta("x")), /not an object/],
    ["content that is no text", stream(delta({ content: ["x"] })), /not a text/],
    ["a finish reason that nobody knows", stream(delta({}, "because")), /not known/],
    ["a finish reason of the prototype", stream(delta({}, "constructor")), /not known/],
    ["a finish reason that is a number", stream(delta({}, 1)), /not known/],
    ["a function in the old form", stream(delta({ function_call: { name: "x" } })), /gave up/],
    ["text behind the end", stream(delta({}, "stop"), delta({ content: "more" })), /behind its end/],
    ["a call behind the end", stream(delta({}, "stop"), toolDelta({ index: 0, id: "a" })), /behind its end/],
    ["calls that are no list", stream(delta({ tool_calls: {} })), /not a list/],
    ["a call that is none", stream(delta({ tool_calls: ["x"] })), /not an object/],
    [
      "arguments that are no text",
      stream(toolDelta({ index: 0, function: { arguments: {} } })),
      /not a text/,
    ],
    ["a number of a call that is none", stream(toolDelta({ index: -1 })), /number of a tool call/],
    ["a huge number of a call", stream(toolDelta({ index: 1e9 })), /more than 128 tool calls/],
    [
      "two calls with one number",
      stream(toolDelta({ index: 0, id: "a" }), toolDelta({ index: 0, id: "b" })),
      /same number/,
    ],
    [
      "a name without end",
      stream(toolDelta({ index: 0, function: { name: "x".repeat(257) } })),
      /more than 256 characters/,
    ],
    [
      "too many calls",
      stream(...Array.from({ length: 129 }, (_, index) => toolDelta({ index, id: `${index}` }))),
      /more than 128 tool calls/,
    ],
  ])("%s", async (_, behaviour, why) => {
    const fault = await failureOf(behaviour);
    expect(fault, fault.message).toMatchObject({ code: "MODEL_BAD_ANSWER" });
    expect(fault.message).toMatch(why);
    expect(fault.help).toMatch(/look at the endpoint's URL \(`WRIT_MODEL_URL`.*ends with \/v1/);
    expect(fault.again).toBeUndefined();
  });

  test("more headers than anybody needs", async () => {
    const fault = await failureOf(floodsHeaders(500));
    expect(fault).toMatchObject({ code: "MODEL_BAD_ANSWER" });
    expect(fault.message).toMatch(/more headers/);
  });

  test("something that is not HTTP", async () => {
    const raw = createServer((socket) => socket.end("220 mail.example ESMTP\r\n"));
    await new Promise<void>((resolve) => raw.listen(0, "127.0.0.1", resolve));
    const { port } = raw.address() as AddressInfo;
    const events = await ask(modelAt(`http://127.0.0.1:${port}/v1`));
    expect(events).toMatchObject([{ k: "failed", fault: { code: "MODEL_BAD_ANSWER" } }]);
    raw.close();
  });
});

test.each<[string, WireBehaviour]>([
  [
    "a tool call without a name",
    sends(
      sse([
        delta({ tool_calls: [{ index: 0, id: "a", function: { arguments: "{}" } }] }),
        delta({}, "tool_calls"),
      ]),
    ),
  ],
  ["too many words", sends(sse([delta({ content: "x".repeat(64 * 1024) })]).repeat(800))],
])(
  "an answer in the protocol with %s is the model's fault, and not that of its URL",
  async (_, behaviour) => {
    const { code, help } = await failureOf(behaviour);
    expect([code, help]).toEqual([
      "MODEL_BAD_ANSWER",
      "start the run again, have the agent ask for less at once, or choose another model",
    ]);
  },
);

describe("what is too much is ended", () => {
  const bigDelta = sse([delta({ content: "x".repeat(64 * 1024) })]);
  test.each<[string, WireBehaviour, RegExp]>([
    ["50 MB of text", sends(bigDelta.repeat(800)), /more than 33554432 bytes/],
    ["text without end", repeats(bigDelta), /more than 33554432 bytes/],
    ["one event without end", repeats(`data: ${"x".repeat(64 * 1024)}`), /one event.*4194304 bytes/],
    ["one event of many lines", repeats("data: x\n".repeat(8_192)), /one event.*4194304 bytes/],
  ])("%s", async (_, behaviour, why) => {
    const fault = await failureOf(behaviour);
    expect(fault).toMatchObject({ code: "MODEL_BAD_ANSWER" });
    expect(fault.message).toMatch(why);
  });

  test.each([
    ["comments", ": nothing\n\n".repeat(8_192)],
    ["one comment", ": nothing ".repeat(8_192)],
    ["empty lines", "\n".repeat(65_536)],
    ["events without data", "event: ping\nid: 7\n\n".repeat(4_096)],
    ["fields that nobody uses", "retry: 1\nx\n".repeat(8_192)],
  ])("%s without end are ended after a megabyte", async (_, words) => {
    let sent = 0;
    const behaviour: WireBehaviour = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const more = (): void => {
        if (response.destroyed || sent > 24 * 1024 * 1024) return;
        sent += words.length;
        if (response.write(words)) setImmediate(more);
        else response.once("drain", more);
      };
      more();
    };
    const fault = await failureOf(behaviour);
    expect(fault).toMatchObject({ code: "MODEL_BAD_ANSWER" });
    expect(fault.message).toMatch(/more than 1048576 bytes of it say nothing/);
    // What lies in the buffers between the two comes on top.
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  test("comments that keep a long answer alive are none of it", async () => {
    const keeping = ": PROCESSING\n\n".repeat(50);
    const words = Array.from({ length: 500 }, (_, index) => delta({ content: `${index} ` }));
    const text = [...words, delta({}, "stop")].map((each) => `${keeping}data: ${each}\n\n`).join("");
    const events = await ask(modelAt(server.endpoint(sends(text))));
    expect(events.at(-1)).toMatchObject({
      k: "finished",
      text: words.map((_, index) => `${index} `).join(""),
    });
  });

  test("arguments without end", async () => {
    const limits = { ...OPENAI_LIMITS_DEFAULT, argumentsLengthMax: 1_000 };
    const long = toolDelta({ index: 0, function: { name: "x", arguments: "x".repeat(600) } });
    expect((await failureOf(stream(long, long), limits)).message).toMatch(/more than 1000 characters/);
  });
});

describe("what takes too long is ended, and may be asked for again", () => {
  test.each<[string, WireBehaviour, Partial<typeof HASTY>, RegExp]>([
    ["silence before headers", hangs(null), {}, /said nothing for 300 ms/],
    ["silence behind headers", hangs(""), {}, /said nothing for 300 ms/],
    ["silence in the middle", hangs(sse(call.slice(0, 3))), {}, /said nothing for 300 ms/],
    [
      "a drip that is never silent",
      repeats(sse([delta({ content: "x" })]), 20),
      { answerMsMax: 400 },
      /too long for its answer/,
    ],
  ])("%s", async (_, behaviour, limits, why) => {
    const fault = await failureOf(behaviour, { ...HASTY, ...limits });
    expect(fault).toMatchObject({ code: "MODEL_TIMEOUT", again: { afterMs: null } });
    expect(fault.message).toMatch(why);
  });

  test("a refusal whose words never come is still that refusal", async () => {
    const behaviour: WireBehaviour = (response) => void response.writeHead(401).write('{"error"');
    expect(await failureOf(behaviour, HASTY)).toMatchObject({ code: "MODEL_REFUSED" });
  });
});

describe("a refusal", () => {
  test.each<[number, object | string, ModelFault["code"], RegExp]>([
    [400, said("Invalid value"), "MODEL_REFUSED", /does not accept the request: "Invalid value"/],
    [400, said("x", { code: "context_length_exceeded" }), "MODEL_REFUSED", /longer than the model takes/],
    [400, said("This model's maximum context length is 8192 tokens"), "MODEL_REFUSED", /longer than/],
    [401, said("Incorrect API key provided"), "MODEL_REFUSED", /does not accept the key: "Incorrect/],
    [402, "", "MODEL_REFUSED", /no credit left/],
    [403, "Forbidden", "MODEL_REFUSED", /does not accept the key: "Forbidden"/],
    [404, { error: "model 'tiny' not found" }, "MODEL_REFUSED", /no such model.*"model 'tiny' not found"/],
    [405, "", "MODEL_REFUSED", /does not accept the request/],
    [429, said("Slow down"), "MODEL_UNAVAILABLE", /too many requests: "Slow down"/],
    [429, said("x", { code: "insufficient_quota" }), "MODEL_REFUSED", /no credit left/],
    [500, "oops", "MODEL_UNAVAILABLE", /cannot answer now: "oops"/],
    [503, "", "MODEL_UNAVAILABLE", /cannot answer now/],
    [529, said("Overloaded"), "MODEL_UNAVAILABLE", /cannot answer now: "Overloaded"/],
  ])("with %i %j is %s", async (status, body, code, message) => {
    const fault = await failureOf(refuses(status, body));
    expect(fault.code).toBe(code);
    expect(fault.message).toMatch(message);
    expect(fault.message).toContain(`answered ${status}`);
    expect(fault.help).toBeDefined();
    expect(fault.again).toEqual(code === "MODEL_UNAVAILABLE" ? { afterMs: null } : undefined);
  });

  test.each([
    ["seconds", { "retry-after": "7" }, 7_000],
    ["milliseconds, which are finer", { "retry-after": "7", "retry-after-ms": "1500" }, 1_500],
    ["a date that is past", { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }, 0],
    ["more digits than anybody counts", { "retry-after": "9".repeat(20) }, 100 * DURATION_MS_MAX],
    ["nothing that is known", { "retry-after": "soon" }, null],
    ["a number below nothing", { "retry-after": "-5" }, null],
  ])("says when to come back in %s", async (_, headers, afterMs) => {
    expect((await failureOf(refuses(429, said("Slow down"), headers))).again).toEqual({ afterMs });
  });

  test.each([
    ["0", ""],
    ["7", ", and wants nobody to ask again for 7s"],
    ["9".repeat(20), ", and wants nobody to ask again for 36600d"],
  ])("that says %s says what that means", async (seconds, told) => {
    const fault = await failureOf(refuses(503, "", { "retry-after": seconds }));
    expect(fault.message.split(": it cannot answer now")[1]).toBe(told);
  });

  test("that repeats the key, or most of it, is shown without", async () => {
    const message = `bad key ${KEY} (${KEY.slice(0, 12)}…${KEY.slice(-9)}) \u001b[2J\u202e`;
    const fault = await failureOf(refuses(401, said(message)));
    expect(fault.message).toContain('"bad key [key removed] ([key removed]…[key removed]) \\e[2J\\u{202e}"');
    expect(fault.help).toBe("put another key in");
  });

  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  test.each([
    ["in base64", base64(KEY)],
    ["in base64 behind one byte", base64(`:${KEY}`)],
    ["in base64 behind two bytes", base64(`u:${KEY}`)],
    ["in base64 within a header", base64(`Bearer ${KEY}\r\n`)],
    ["in capitals", KEY.toUpperCase()],
    ["in hexadecimal digits", Buffer.from(KEY).toString("hex")],
    ["with spaces", Array.from(KEY).join(" ")],
    ["with hyphens", Array.from(KEY).join("-")],
  ])("that repeats the key %s is shown without", async (_, repeated) => {
    const { message } = await failureOf(refuses(401, said(`bad ${repeated}`)));
    expect(message).toContain("[key removed]");
    for (let at = 3; at + 12 < repeated.length; at += 1) {
      expect(message).not.toContain(repeated.slice(at, at + 12));
    }
  });

  test("of a megabyte is shown as a few words", async () => {
    const fault = await failureOf(refuses(500, "x".repeat(1024 * 1024)));
    expect(fault.message.length).toBeLessThan(500);
  });

  test("in the middle of a stream is one that passes", async () => {
    const behaviour = sends(sse([delta({ content: "x" }), JSON.stringify(said(`busy ${KEY}`))]));
    const fault = await failureOf(behaviour);
    expect(fault).toMatchObject({ code: "MODEL_UNAVAILABLE", again: { afterMs: null } });
    expect(fault.message).toContain('"busy [key removed]"');
  });
});

describe("the key", () => {
  test.each([301, 302, 303, 307, 308])("does not follow a redirect (%i)", async (status) => {
    const before = elsewhere.requests.length;
    const location = `${elsewhere.endpoint()}/chat/completions`;
    const fault = await failureOf(refuses(status, "", { location }));
    expect(fault).toMatchObject({ code: "MODEL_REFUSED" });
    expect(fault.message).toMatch(/a redirect, which is never followed/);
    expect(elsewhere.requests.length).toBe(before);
  });

  test("goes to no server whose certificate nobody vouches for, whatever the environment says", async () => {
    const pem = (name: string): string => readFileSync(`test/fixtures/untrusted-server/${name}.pem`, "utf8");
    const asked: string[] = [];
    const secure = createSecureServer({ key: pem("key"), cert: pem("certificate") }, (request, response) => {
      asked.push(request.url ?? "");
      response.end();
    });
    await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
    const { port } = secure.address() as AddressInfo;
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      const events = await ask(modelAt(`https://localhost:${port}/v1`));
      expect(events).toMatchObject([{ k: "failed", fault: { code: "MODEL_UNAVAILABLE" } }]);
      expect(JSON.stringify(events)).toContain(
        `no secure connection to https://localhost:${port} (DEPTH_ZERO_SELF_SIGNED_CERT)`,
      );
      expect(asked).toEqual([]);
    } finally {
      delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      secure.close();
    }
  });

  test("goes to no proxy of the environment", async () => {
    const said = { HTTP_PROXY: elsewhere.origin, http_proxy: elsewhere.origin, NODE_USE_ENV_PROXY: "1" };
    Object.assign(process.env, said);
    try {
      const before = elsewhere.requests.length;
      await failureOf(refuses(400, ""));
      expect(elsewhere.requests.length).toBe(before);
    } finally {
      for (const name of Object.keys(said)) delete process.env[name];
    }
  });
});

test("a server that is not there is named, with what to do", async () => {
  const gone = await startWireServer();
  await gone.close();
  const events = await ask(modelAt(`${gone.origin}/v1`));
  expect(events).toMatchObject([
    {
      k: "failed",
      fault: {
        code: "MODEL_UNAVAILABLE",
        message: `${gone.origin} cannot be reached (ECONNREFUSED)`,
        help: expect.stringMatching(/whether the server runs/) as string,
      },
    },
  ]);
});

test("`localhost` is this machine, whatever names the system knows", async () => {
  const { port } = new URL(server.origin);
  const path = new URL(server.endpoint(stream(delta({ content: "here" }), delta({}, "stop")))).pathname;
  const events = await ask(modelAt(`http://localhost:${port}${path}`));
  expect(events.at(-1)).toMatchObject({ k: "finished", text: "here" });
});
