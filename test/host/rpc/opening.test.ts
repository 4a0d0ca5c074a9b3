import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { fromHex, utf8 } from "#kernel/bytes.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { ClientOpeningOptions, ClientOpeningStep } from "#host/rpc/client-opening.ts";
import { ClientOpening } from "#host/rpc/client-opening.ts";
import type { HostOpeningOptions, HostOpeningStep } from "#host/rpc/host-opening.ts";
import { HostOpening } from "#host/rpc/host-opening.ts";
import { messageBody } from "#host/rpc/messages.ts";

const crypto = createNodeCrypto();
const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();
const text = (body: Uint8Array | null): string => (body === null ? "" : new TextDecoder().decode(body));

const vector = JSON.parse(readFileSync("test/vectors/host-rpc/proofs.json", "utf8")) as {
  readonly token: string;
  readonly hello: string;
  readonly answerWithoutProof: JsonObject & { readonly product: string; readonly nonce: string };
  readonly hostProof: string;
  readonly authenticateWithoutProof: JsonObject;
  readonly clientProof: string;
};

const TOKEN = bytes(vector.token);
const OTHER_TOKEN = TOKEN.map((byte) => byte ^ 1);
const IDENTITY = {
  host: "01890a5d-ac96-774b-bcce-b302099a8057",
  workspace: "01890a5d-ac96-774b-bcce-b302099a8058",
};
const NOBODY = { models: [], approvals: false, secrets: [], notifications: false };

const host = (options: Partial<HostOpeningOptions> = {}): HostOpening =>
  new HostOpening({
    crypto,
    token: TOKEN,
    nonce: vector.answerWithoutProof.nonce,
    product: vector.answerWithoutProof.product,
    isDraining: () => false,
    identity: IDENTITY,
    ...options,
  });

const client = (options: Partial<ClientOpeningOptions> = {}): ClientOpening =>
  new ClientOpening({
    crypto,
    readToken: () => TOKEN,
    nonce: "c0".repeat(32),
    kind: "cli",
    product: "0.1.0",
    offers: NOBODY,
    ...options,
  });

const sent = (step: HostOpeningStep | ClientOpeningStep): Uint8Array => {
  if (!("send" in step) || step.send === null) throw new Error(`nothing is sent: ${JSON.stringify(step)}`);
  return step.send;
};

/** Both sides until one of them has nothing to say. */
const open = (theClient: ClientOpening, theHost: HostOpening) => {
  const greeting = theHost.receive(theClient.begin());
  const answer = theClient.receive(sent(greeting));
  if (answer.k !== "continue") return { client: answer, host: greeting };
  const authenticated = theHost.receive(answer.send);
  return { client: theClient.receive(sent(authenticated)), host: authenticated };
};

describe("an opening", () => {
  test("of two who read the same token succeeds, and each knows the other", () => {
    const ends = open(client({ offers: { ...NOBODY, approvals: true } }), host());
    expect(ends.host).toMatchObject({
      k: "opened",
      client: { version: 1, kind: "cli", product: "0.1.0", offers: { approvals: true } },
    });
    expect(ends.client).toEqual({
      k: "opened",
      host: { ...IDENTITY, version: 1, product: "0.1.0", isDraining: false },
    });
  });

  test("has the proofs of the vectors", () => {
    const theHost = host();
    const greeting = theHost.receive(utf8(vector.hello));
    expect(JSON.parse(text(sent(greeting)))).toMatchObject({ result: { proof: vector.hostProof } });
    const params = { ...vector.authenticateWithoutProof, proof: vector.clientProof };
    const body = messageBody({ k: "request", id: 2, method: "host/authenticate", params });
    expect(theHost.receive(body)).toMatchObject({ k: "opened" });
  });

  test("says that the host drains", () => {
    expect(open(client(), host({ isDraining: () => true })).client).toMatchObject({
      k: "opened",
      host: { isDraining: true },
    });
  });

  test("with nothing in common is of version 0", () => {
    const theHost = host();
    const hello = vector.hello.replace('"versions":[1,1]', '"versions":[7,9]');
    expect(JSON.parse(text(sent(theHost.receive(utf8(hello)))))).toMatchObject({ result: { version: 0 } });
  });
});

describe("a host that cannot read the token", () => {
  test("gets nothing from a client after its answer", () => {
    const { client: end } = open(client(), host({ token: OTHER_TOKEN }));
    expect(end).toMatchObject({ k: "failed", fault: { code: "RPC_HOST_UNPROVEN" } });
  });

  test("is believed at the second look, when it was replaced between the two", () => {
    const looks = [OTHER_TOKEN, TOKEN];
    expect(open(client({ readToken: () => looks.shift() }), host()).client).toMatchObject({ k: "opened" });
  });

  test("is not believed at a third look", () => {
    const looks = [OTHER_TOKEN, OTHER_TOKEN, TOKEN];
    expect(open(client({ readToken: () => looks.shift() }), host()).client).toMatchObject({
      fault: { code: "RPC_HOST_UNPROVEN" },
    });
  });

  test.each([["no token"]])("is not believed by a client with %s", () => {
    expect(open(client({ readToken: () => undefined }), host()).client).toMatchObject({
      fault: { code: "RPC_HOST_UNPROVEN" },
    });
  });

  test("cannot give back a client's own proof, nor repeat another opening's answer", () => {
    const answer = sent(host().receive(client({ nonce: "ab".repeat(32) }).begin()));
    expect(client().receive(answer)).toMatchObject({ k: "failed", fault: { code: "RPC_HOST_UNPROVEN" } });
  });
});

describe("a client that cannot read the token", () => {
  const attempt = (change: (params: JsonObject) => JsonObject): HostOpeningStep => {
    const theHost = host();
    const theClient = client();
    const answer = theClient.receive(sent(theHost.receive(theClient.begin())));
    const message = JSON.parse(text(sent(answer))) as { params: JsonObject };
    return theHost.receive(utf8(JSON.stringify({ ...message, params: change(message.params) })));
  };

  test("is refused", () => {
    const { client: end } = open(
      client({ offers: NOBODY }),
      host({ token: TOKEN, nonce: vector.answerWithoutProof.nonce }),
    );
    expect(end.k).toBe("opened");
    expect(attempt((params) => ({ ...params, proof: "00".repeat(32) }))).toMatchObject({
      k: "refused",
      why: expect.stringContaining("has not shown"),
    });
  });

  test("cannot change what was proven", () => {
    const more = { ...NOBODY, secrets: ["key"] };
    expect(attempt((params) => ({ ...params, offers: more })).k).toBe("refused");
    expect(attempt((params) => ({ ...params, extensions: { later: 1 } })).k).toBe("refused");
    expect(attempt((params) => params).k).toBe("opened");
  });

  test.each(["", "00", "zz".repeat(32), "00".repeat(33)])("cannot pass with a proof like %j", (proof) => {
    expect(attempt((params) => ({ ...params, proof })).k).toBe("refused");
  });
});

describe("who has not opened the connection", () => {
  const request = (id: number, method: string, params: JsonObject = {}): Uint8Array =>
    messageBody({ k: "request", id, method, params });

  test.each([
    ["another method first", [request(1, "run/list", { states: null, after: null })]],
    ["authenticate first", [request(1, "host/authenticate", {})]],
    ["a notification first", [messageBody({ k: "notification", method: "host/hello", params: {} })]],
    ["hello twice", [utf8(vector.hello), utf8(vector.hello)]],
    ["another method second", [utf8(vector.hello), request(2, "host/status")]],
    ["something that is no JSON", [utf8("{")]],
    ["something that is no message", [utf8("[]")]],
    ["hello without a nonce", [request(1, "host/hello", { versions: [1, 1] })]],
  ])("is refused for %s", (_what, bodies) => {
    const theHost = host();
    expect(bodies.map((body) => theHost.receive(body).k).at(-1)).toBe("refused");
  });

  test("is told no more than why", () => {
    const step = host().receive(request(1, "run/list", {}));
    expect(JSON.parse(text(sent(step)))).toEqual({
      jsonrpc: "2.0",
      id: 1,
      error: {
        code: -32001,
        message: expect.any(String) as string,
        data: { code: "RPC_NOT_AUTHENTICATED", help: null, retryable: false },
      },
    });
  });

  test.each(["debugger", "server"] as const)("as a %s cannot offer to ask a person", (kind) => {
    const ends = open(client({ kind, offers: { ...NOBODY, approvals: true } }), host());
    expect(ends.host.k).toBe("refused");
    expect(ends.client).toMatchObject({ k: "failed", fault: { code: "RPC_HOST_REFUSED" } });
  });
});

describe("a client", () => {
  test.each([
    ["a request", messageBody({ k: "request", id: 1, method: "host/drain", params: { reason: "" } })],
    ["an answer to something else", messageBody({ k: "result", id: 9, result: {} })],
    ["an answer of another form", messageBody({ k: "result", id: 1, result: { version: 1 } })],
    ["no JSON", utf8("nonsense")],
  ])("leaves a host that begins with %s", (_what, body) => {
    expect(client().receive(body)).toMatchObject({ k: "failed", fault: { code: "RPC_HOST_MALFORMED" } });
  });

  test("shows what a host says with nothing that could act on a terminal", () => {
    const { client: end } = open(client(), host({ product: "\u001b[31m9.9.9" }));
    expect(end.k === "opened" && end.host.product).not.toContain("\u001b");
  });
});
