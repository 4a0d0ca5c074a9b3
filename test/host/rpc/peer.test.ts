import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "#kernel/bytes.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { callFault } from "#host/rpc/errors.ts";
import { messageBody, readMessage } from "#host/rpc/messages.ts";
import type { Asked, Handlers, PeerOptions } from "#host/rpc/peer.ts";
import { Peer } from "#host/rpc/peer.ts";
import { METHODS, REQUESTS_UNDER_WAY_MAX } from "#protocol/host-rpc.ts";
import type { MethodName } from "#protocol/host-rpc.ts";

const RUN = "01890a5d-ac96-774b-bcce-b302099a8057";
const NO_HANDLERS: Handlers = { requests: {}, notifications: {} };
const { signal } = new AbortController();

interface Side {
  readonly peer: Peer;
  /** What was put on the wire, read back. */
  readonly sent: { readonly id?: number; readonly method?: string; readonly error?: { code: number } }[];
  /** Why it wanted to end the connection. */
  readonly ends: string[];
}

/** One side alone; whatever it sends is kept. */
const alone = (options: Partial<PeerOptions> = {}): Side => {
  const sent: Side["sent"] = [];
  const ends: string[] = [];
  const peer = new Peer({
    side: "host",
    handlers: NO_HANDLERS,
    firstId: 3,
    version: 1,
    send: (body) => sent.push(JSON.parse(new TextDecoder().decode(body)) as Side["sent"][number]),
    end: (why) => ends.push(why),
    ...options,
  });
  return { peer, sent, ends };
};

/** A client and a host; bodies arrive a little later, in order. */
const pair = (
  host: Handlers,
  client: Handlers = NO_HANDLERS,
): { readonly client: Peer; readonly host: Peer } => {
  const later = (to: () => Peer) => (body: Uint8Array) => {
    void Promise.resolve().then(() => to().receive(body));
  };
  const end = (why: string): void => expect.unreachable(why);
  const ends: ReturnType<typeof pair> = {
    client: new Peer({
      side: "client",
      handlers: client,
      firstId: 3,
      version: 1,
      end,
      send: later(() => ends.host),
    }),
    host: new Peer({
      side: "host",
      handlers: host,
      firstId: 1,
      version: 1,
      end,
      send: later(() => ends.client),
    }),
  };
  return ends;
};

const hosting = (requests: Handlers["requests"]): Handlers => ({ requests, notifications: {} });
const request = (id: number | string, method: string, params: object): Uint8Array =>
  utf8(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const SUMMARY = {
  run: RUN,
  agent: "a.symbi#a",
  path: "a.symbi",
  state: "running",
  startedMs: 1,
  endedMs: null,
  tier: null,
  approvalsWaiting: 0,
  lastSeq: -1,
} as const;

describe("a call", () => {
  test("gets the other side's answer", async () => {
    const { client } = pair(hosting({ "run/get": ({ run }) => Promise.resolve(ok({ ...SUMMARY, run })) }));
    expect(await client.call("run/get", { run: RUN }, { signal })).toEqual(ok(SUMMARY));
  });

  test("gets the other side's refusal with its code, help and whether to retry", async () => {
    const refusal = callFault(
      "not-found",
      fault("HOST_NO_SUCH_RUN", "no such run", { help: "look", retryable: true }),
    );
    const { client } = pair(hosting({ "run/get": () => Promise.resolve(failed(refusal)) }));
    expect(await client.call("run/get", { run: RUN }, { signal })).toEqual(failed(refusal));
  });

  test("of a method without a handler is not found", async () => {
    const { client } = pair(NO_HANDLERS);
    expect(await client.call("host/status", {}, { signal })).toMatchObject({
      fault: { error: "method-not-found" },
    });
  });

  test("whose handler throws gets an internal error that names no internals", async () => {
    const { client } = pair(hosting({ "run/get": () => Promise.reject(new Error("/home/secret")) }));
    const answer = await client.call("run/get", { run: RUN }, { signal });
    expect(answer).toMatchObject({ ok: false, fault: { error: "internal-error", code: "RPC_INTERNAL" } });
    expect(JSON.stringify(answer)).not.toContain("secret");
  });

  test("whose answer is of another form is a fault, not a value", async () => {
    const { client } = pair(
      hosting({ "run/get": () => Promise.resolve(ok({ ...SUMMARY, lastSeq: "0" as unknown as number })) }),
    );
    expect(await client.call("run/get", { run: RUN }, { signal })).toMatchObject({
      fault: { code: "RPC_ANSWER_MALFORMED" },
    });
  });

  test("may go both ways at once", async () => {
    const ends: ReturnType<typeof pair> = pair(
      hosting({
        "run/start": async () => {
          const answer = await ends.host.call("secret/read", { name: "k", origin: "https://x" }, { signal });
          return ok({ run: RUN, repeated: answer.ok && answer.value.value === "v" });
        },
      }),
      { requests: { "secret/read": () => Promise.resolve(ok({ value: "v" })) }, notifications: {} },
    );
    expect(await ends.client.call("run/start", START, { signal })).toEqual(ok({ run: RUN, repeated: true }));
  });

  test("gets progress while it lasts, and none afterwards", async () => {
    const seen: unknown[] = [];
    let late: Asked["progress"] = () => undefined;
    const { client } = pair(
      hosting({
        "run/start": (_params, asked) => {
          late = asked.progress;
          asked.progress({ done: 1, total: null, text: "files" });
          return Promise.resolve(ok({ run: RUN, repeated: false }));
        },
      }),
    );
    await client.call("run/start", START, { signal, progress: (step) => seen.push(step) });
    late({ done: 2, total: 2, text: "files" });
    await settled();
    expect(seen).toEqual([{ done: 1, total: null, text: "files" }]);
  });

  test("that is cancelled rejects at once, tells the other side, and drops what it still answers", async () => {
    const aborted: string[] = [];
    const { client } = pair(
      hosting({
        "ledger/verify": (_params, asked) =>
          new Promise((_resolve, reject) => {
            asked.signal.addEventListener("abort", () => {
              aborted.push("told");
              reject(new DOMException("gone", "AbortError"));
            });
          }),
        "run/get": () => Promise.resolve(ok(SUMMARY)),
      }),
    );
    const controller = new AbortController();
    const call = client.call("ledger/verify", { log: null }, { signal: controller.signal });
    await settled();
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: "AbortError" });
    await settled();
    expect(aborted).toEqual(["told"]);
    expect(await client.call("run/get", { run: RUN }, { signal })).toEqual(ok(SUMMARY));
  });

  test("that was aborted before it began is never sent", async () => {
    const { peer, sent } = alone({ side: "client" });
    await expect(peer.call("host/status", {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(sent).toEqual([]);
  });

  test("waits for its turn where too many are under way; questions to people do not count", async () => {
    const { peer, sent } = alone({ side: "client" });
    for (let index = 0; index < REQUESTS_UNDER_WAY_MAX + 3; index += 1) {
      void peer.call("host/status", {}, { signal });
    }
    expect(sent).toHaveLength(REQUESTS_UNDER_WAY_MAX);
    peer.receive(
      utf8(JSON.stringify({ jsonrpc: "2.0", id: 3, error: { code: -32603, message: "x", data: {} } })),
    );
    expect(sent).toHaveLength(REQUESTS_UNDER_WAY_MAX + 1);

    const host = alone();
    for (let index = 0; index < REQUESTS_UNDER_WAY_MAX; index += 1) {
      void host.peer.call("secret/read", { name: "k", origin: "https://x" }, { signal });
    }
    void host.peer.call(
      "consent/ask",
      { question: RUN, agent: "a", powers: {}, digest: "0".repeat(64) },
      { signal },
    );
    expect(host.sent).toHaveLength(REQUESTS_UNDER_WAY_MAX + 1);
  });

  test("that waits for its turn can be cancelled", async () => {
    const { peer, sent } = alone({ side: "client" });
    for (let index = 0; index < REQUESTS_UNDER_WAY_MAX; index += 1)
      void peer.call("host/status", {}, { signal });
    const controller = new AbortController();
    const waiting = peer.call("host/status", {}, { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    expect(sent).toHaveLength(REQUESTS_UNDER_WAY_MAX);
  });
});

const START = {
  idempotencyKey: RUN,
  path: "a.symbi",
  digest: "0".repeat(64),
  agent: null,
  inputs: {},
  model: null,
  sandboxFloor: null,
  consent: null,
  onBehalf: null,
  parent: null,
};

describe("a connection that is lost", () => {
  test("fails every call, also those that wait, and later ones", async () => {
    const { peer } = alone({ side: "client" });
    const calls = Array.from({ length: REQUESTS_UNDER_WAY_MAX + 5 }, () =>
      peer.call("host/status", {}, { signal }),
    );
    peer.closed();
    peer.closed();
    for (const answer of await Promise.all([...calls, peer.call("host/status", {}, { signal })])) {
      expect(answer).toMatchObject({ ok: false, fault: { code: "RPC_CONNECTION_LOST", retryable: true } });
    }
  });

  test("cancels what the other side asked for, but never a run", async () => {
    const cancelled: string[] = [];
    const waiting =
      (name: string) =>
      (_params: unknown, asked: Asked): Promise<never> => {
        asked.signal.addEventListener("abort", () => cancelled.push(name));
        return new Promise(() => undefined);
      };
    const { peer } = alone({
      handlers: hosting({
        "run/start": waiting("run/start"),
        "run/resume": waiting("run/resume"),
        "host/drain": waiting("host/drain"),
        "run/cancel": waiting("run/cancel"),
        "ledger/verify": waiting("ledger/verify"),
      }),
    });
    peer.receive(request(1, "run/start", START));
    peer.receive(request(2, "run/resume", { run: RUN, consent: null }));
    peer.receive(request(3, "host/drain", { reason: "" }));
    peer.receive(request(4, "run/cancel", { run: RUN, reason: null }));
    peer.receive(request(5, "ledger/verify", { log: null }));
    await settled();
    peer.closed();
    expect(cancelled).toEqual(["run/cancel", "ledger/verify"]);
  });

  test("takes nothing more in or out", () => {
    const { peer, sent } = alone();
    peer.closed();
    peer.receive(request(1, "host/status", {}));
    expect(sent).toEqual([]);
  });
});

describe("what comes in", () => {
  const errorOf = (body: Uint8Array, options: Partial<PeerOptions> = {}) => {
    const { peer, sent, ends } = alone(options);
    peer.receive(body);
    return { code: sent[0]?.error?.code, ends: ends.length };
  };

  test.each([
    ["no JSON", utf8("{"), -32700, 1],
    ["no UTF-8", Uint8Array.of(0xff), -32700, 1],
    ["a key twice", utf8('{"jsonrpc":"2.0","id":1,"id":2,"result":{}}'), -32700, 1],
    ["a key __proto__", utf8('{"jsonrpc":"2.0","method":"$/cancel","params":{"__proto__":1}}'), -32700, 1],
    ["a lone surrogate", utf8('{"jsonrpc":"2.0","id":"\\ud800","result":{}}'), -32700, 1],
    ["81 levels", utf8(`{"jsonrpc":"2.0","id":1,"result":${"[".repeat(80)}${"]".repeat(80)}}`), -32700, 1],
    ["a list", utf8("[]"), -32600, 1],
    ["another version", utf8('{"jsonrpc":"1.0","id":1,"method":"host/status","params":{}}'), -32600, 1],
    [
      "params that are a list",
      utf8('{"jsonrpc":"2.0","id":1,"method":"host/status","params":[]}'),
      -32600,
      1,
    ],
    ["no params", utf8('{"jsonrpc":"2.0","id":1,"method":"host/status"}'), -32600, 1],
    ["an id that is none", utf8('{"jsonrpc":"2.0","id":1.5,"method":"host/status","params":{}}'), -32600, 1],
    ["one more member", utf8('{"jsonrpc":"2.0","id":1,"result":{},"more":1}'), -32600, 1],
    ["an unknown method", request(1, "run/begin", {}), -32601, 0],
    ["a method of every object", request(1, "toString", {}), -32601, 0],
    ["a method of the host's own", request(1, "secret/read", { name: "k", origin: "x" }), -32601, 0],
    ["a notification as a request", request(1, "$/cancel", { id: 1 }), -32601, 0],
    ["params of another form", request(1, "run/get", { run: "1" }), -32602, 0],
    ["a member too many", request(1, "run/get", { run: RUN, more: 1 }), -32602, 0],
  ])("%s is refused", (_what, body, code, ends) => {
    expect(errorOf(body)).toEqual({ code, ends });
  });

  test("80 levels are read", () => {
    const { peer, ends } = alone();
    peer.receive(utf8(`{"jsonrpc":"2.0","id":1,"result":${"[".repeat(79)}${"]".repeat(79)}}`));
    expect([ends, peer.ignoredMessages]).toEqual([[], 1]);
  });

  test("without a version in common only a drain is answered", async () => {
    expect(errorOf(request(1, "host/status", {}), { version: 0 })).toEqual({ code: -32002, ends: 0 });
    const { peer, sent } = alone({
      version: 0,
      handlers: hosting({ "host/drain": () => Promise.resolve(ok({ finished: 1, parked: 0 })) }),
    });
    peer.receive(request(1, "host/drain", { reason: "newer" }));
    await settled();
    expect(sent).toMatchObject([{ id: 1, result: { finished: 1, parked: 0 } }]);
  });

  test("the same id twice while it is under way ends the connection", () => {
    const { peer, ends } = alone({
      handlers: hosting({ "host/status": () => new Promise(() => undefined) }),
    });
    peer.receive(request(1, "host/status", {}));
    peer.receive(request(1, "host/status", {}));
    expect(ends).toHaveLength(1);
  });

  test("the same id again after its answer is another request", async () => {
    const { peer, sent, ends } = alone();
    peer.receive(request(1, "host/status", {}));
    await settled();
    peer.receive(request(1, "host/status", {}));
    await settled();
    expect([sent.length, ends]).toEqual([2, []]);
  });

  test("more requests than may be under way are refused, and retried later", () => {
    const { peer, sent } = alone({
      handlers: hosting({ "host/status": () => new Promise(() => undefined) }),
    });
    for (let id = 1; id <= REQUESTS_UNDER_WAY_MAX + 1; id += 1) peer.receive(request(id, "host/status", {}));
    expect(sent).toMatchObject([
      { id: REQUESTS_UNDER_WAY_MAX + 1, error: { code: -32007, data: { retryable: true } } },
    ]);
  });

  test.each([
    ["an answer to nothing", '{"jsonrpc":"2.0","id":99,"result":{}}'],
    ["an error for nothing", '{"jsonrpc":"2.0","id":null,"error":{}}'],
    ["an unknown notification", '{"jsonrpc":"2.0","method":"x/y","params":{}}'],
    ["a notification of another form", '{"jsonrpc":"2.0","method":"$/cancel","params":{}}'],
    [
      "a notification nobody hears",
      '{"jsonrpc":"2.0","method":"events/acknowledge","params":{"subscription":"s","batch":1}}',
    ],
    ["a notification of the host's own", '{"jsonrpc":"2.0","method":"notification/show","params":{}}'],
  ])("%s is ignored and counted", (_what, body) => {
    const { peer, sent, ends } = alone();
    peer.receive(utf8(body));
    expect([sent, ends, peer.ignoredMessages]).toEqual([[], [], 1]);
  });

  test("any bytes are refused or ignored, and never thrown over", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.json({ maxDepth: 4 }).map(utf8),
      fc
        .record({
          id: fc.jsonValue(),
          method: fc.constantFrom(...Object.keys(METHODS), "x"),
          params: fc.jsonValue(),
        })
        .map((message) => utf8(JSON.stringify({ jsonrpc: "2.0", ...message }))),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), (bodies) => {
        const { peer } = alone();
        for (const body of bodies) peer.receive(body);
      }),
    );
  });
});

test("a message is read as it was written", () => {
  const { accepted } = JSON.parse(readFileSync("test/vectors/host-rpc/messages.json", "utf8")) as {
    readonly accepted: readonly {
      readonly method: MethodName;
      readonly side: "params" | "result";
      readonly value: object;
    }[];
  };
  for (const { method, side, value } of accepted) {
    const params = value as Record<string, never>;
    const message =
      side === "params"
        ? ({ k: "request", id: "a", method, params } as const)
        : ({ k: "result", id: 1, result: params } as const);
    expect(readMessage(messageBody(message))).toEqual({ ok: true, message });
  }
});
