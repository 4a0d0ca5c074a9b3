import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

import { attachToHost } from "#host/compose/attach.ts";
import { newWorkspaceId } from "#host/compose/ids.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import type { Answer, Params } from "#host/rpc/peer.ts";
import { identifyWorkspace } from "#host/workspace-identity.ts";
import type { JsonObject } from "#kernel/json.ts";
import { ok } from "#kernel/result.ts";
import { environmentsBelow, hostsOf, killHosts } from "#test/kit/hosts.ts";
import type { WireServer } from "#test/kit/openai-wire-server.ts";
import { answers, hangs, startWireServer } from "#test/kit/openai-wire-server.ts";
import { verifies } from "#test/kit/verifies.ts";
import type { Desk, Said } from "#test/spine/desk.ts";
import { createDesk } from "#test/spine/desk.ts";

/*
 * What only a client has, for runs of a real host in a process of its own: a key that stays in the
 * environment of a command, and a model that a client serves.
 */

const FILE = "agents/notes.symbi";
const KEY = "sk-canary-7c1d02e94bfa4c0e";
const NOTES = "notes/tides.md";
const WAIT = { timeout: 90_000, interval: 50 };

const AGENT = `agent notes(topic: String) -> String {
    capabilities = ["write_file", "publish_file", "run_javascript"]

    policy desk {
        allow: [write_file, run_javascript]
        allow: publish_file(path) if path.starts_with("notes/")
    }

    with sandbox = "wasm", timeout = 5.minutes, max_iterations = 20 {
        return reason("You take notes.", topic).response;
    }
}
`;

let desk: Desk;
let server: WireServer;

beforeAll(async () => {
  desk = createDesk(null);
  desk.write(FILE, AGENT);
  server = await startWireServer();
});
afterEach(() => rmSync(keyFile(), { force: true }));
afterAll(async () => {
  await killHosts(desk.workspace);
  desk.dispose();
  await server.close();
});

const keyFile = (): string => join(desk.state, "model-keys.json");

/** The surroundings of a person whose settings have the endpoint `lab` at that URL. */
const withLab = (url: string, key: string | null = KEY): Readonly<Record<string, string>> => {
  const settings = join(desk.state, "config", "writ", "models.json");
  mkdirSync(dirname(settings), { recursive: true });
  writeFileSync(settings, JSON.stringify({ endpoints: { lab: { url, needsKey: true } } }));
  return {
    XDG_CONFIG_HOME: join(desk.state, "config"),
    WRIT_MODEL_URL: url,
    ...(key === null ? {} : { WRIT_MODEL_KEY: key }),
  };
};

const detach = async (
  model: string,
  variables: Readonly<Record<string, string>>,
  options: { readonly signal?: AbortSignal; readonly onLine?: (line: string) => void } = {},
): Promise<Said> => {
  const consent = await desk.powers(FILE, model, { variables });
  const line = ["run", FILE, "--model", model, "--detach", "--input", "topic=tides", "--consent", consent];
  return desk.writ(line, { variables, ...options });
};

const runs = async (): Promise<readonly JsonObject[]> =>
  (await desk.writ(["ps", "--all", "--json"])).events();

const stateOf = async (run: string): Promise<unknown> =>
  (await runs()).find((one) => one["run"] === run)?.["state"];

const entriesOf = (run: string) => desk.entries().filter((entry) => entry.run?.id === run);

/** Files below the folder that hold the text. */
const holding = (folder: string, text: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    const path = join(folder, name);
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path).includes(text);
  });

const call = (tool: string, given: object) => ({ tool, argumentsText: JSON.stringify(given) });
const WRITES = { toolCalls: [call("write_file", { path: NOTES, content: "Low tide at noon.\n" })] };
const PUBLISHES = { toolCalls: [call("publish_file", { path: NOTES })] };
const LOOPS = { toolCalls: [call("run_javascript", { code: "for (;;) {}" })] };

describe("a key that only the environment of the command has", { timeout: 300_000 }, () => {
  test("is asked for at each model call, goes to its origin, and stays nowhere", async () => {
    verifies("gate.beyond.secrets-stay-out");
    const url = server.endpoint(answers(WRITES), answers(PUBLISHES), answers({ text: "Done." }));
    const before = server.requests.length;
    const ran = await detach("lab:tiny", withLab(url));
    expect(ran, ran.err.join("\n")).toMatchObject({ code: 0 });
    const [run = ""] = ran.out;
    expect(await stateOf(run)).toBe("completed");
    expect(ran.err.join(" ")).toContain("so the command stays until the run is over");
    expect(desk.read(NOTES)).toBe("Low tide at noon.\n");
    const requests = server.requests.slice(before);
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(
      [1, 2, 3].map(() => `Bearer ${KEY}`),
    );
    expect(JSON.stringify(requests.map(({ body }) => body))).not.toContain(KEY);

    // The desk's root holds the state with ledger, content, log and consents, the socket's folder and the workspace.
    expect(holding(dirname(desk.state), KEY)).toEqual([]);
    expect(holding(dirname(desk.state), "Low tide").length).toBeGreaterThan(0);
    expect([...ran.out, ...ran.err].join("\n")).not.toContain(KEY);
    const shown = await desk.writ(["audit", "show", run, "--json"]);
    expect(shown.out.join("\n")).not.toContain(KEY);
    expect((await desk.writ(["audit", "verify"])).code).toBe(0);
  });

  test("is in the environment of no process of the host while a program of the agent runs", async () => {
    const url = server.endpoint(answers(LOOPS), answers({ text: "Done." }));
    const leave = new AbortController();
    let run = "";
    const running = detach("lab:tiny", withLab(url), {
      signal: leave.signal,
      onLine: (line) => (run ||= line),
    });
    await vi.waitFor(() => expect(entriesOf(run).map(({ type }) => type)).toContain("action.intended"), WAIT);
    await vi.waitFor(() => {
      const [host = 0] = hostsOf(desk.workspace);
      const environments = environmentsBelow(host);
      expect(environments.length).toBeGreaterThan(1);
      expect(environments[0]).toContain("XDG_CONFIG_HOME");
      expect(environments.join("\n")).not.toContain(KEY);
    }, WAIT);
    leave.abort();
    const left = await running;
    expect(left.code).toBe(130);
    expect(left.err.join(" ")).toContain("goes on without the key");
    expect(await stateOf(run)).toBe("running");
    expect((await desk.writ(["stop", run])).code).toBe(0);
    expect(holding(dirname(desk.state), KEY)).toEqual([]);
  });

  test("that leaves with its command is not there for the next model call, which is refused", async () => {
    const leave = new AbortController();
    const gone = Promise.withResolvers<void>();
    const url = server.endpoint(
      async (response, request) => {
        leave.abort();
        await gone.promise;
        await answers(WRITES)(response, request);
      },
      answers({ text: "Done." }),
    );
    const before = server.requests.length;
    let run = "";
    const left = await detach("lab:tiny", withLab(url), {
      signal: leave.signal,
      onLine: (line) => (run ||= line),
    });
    expect(left.code).toBe(130);
    gone.resolve();
    await vi.waitFor(async () => expect(await stateOf(run)).toBe("failed"), WAIT);
    expect(server.requests.length - before).toBe(1);
    expect(entriesOf(run).filter(({ type }) => type === "model.failed")).toMatchObject([
      { public: { code: "MODEL_REFUSED" } },
    ]);
  });

  test("is there again for a run that its host left and that is resumed", async () => {
    const url = server.endpoint(hangs(null), answers({ text: "Done." }));
    const before = server.requests.length;
    const variables = withLab(url);
    let run = "";
    const first = detach("lab:tiny", variables, { onLine: (line) => (run ||= line) });
    await vi.waitFor(() => expect(server.requests.length - before).toBe(1), WAIT);
    await vi.waitFor(() => expect(run).not.toBe(""), WAIT);
    await killHosts(desk.workspace);
    const left = await first;
    expect(left.code).toBe(3);
    expect(left.err.join(" ")).toContain("the host ended before the run did");
    const resumed = await desk.writ(["run", "--resume", run, "--detach"], { variables });
    expect(resumed, resumed.err.join("\n")).toMatchObject({ code: 0 });
    expect(await stateOf(run)).toBe("completed");
    expect(server.requests.slice(before).map(({ headers }) => headers.authorization)).toEqual(
      [1, 2].map(() => `Bearer ${KEY}`),
    );
    expect(holding(dirname(desk.state), KEY)).toEqual([]);
  });

  test("is not needed where the host reads one from the user's file", async () => {
    const url = server.endpoint(answers({ text: "Done." }));
    const before = server.requests.length;
    const { origin } = new URL(url);
    writeFileSync(keyFile(), JSON.stringify({ [origin]: "sk-of-the-file" }), { mode: 0o600 });
    const ran = await detach("lab:tiny", withLab(url));
    expect(ran.code).toBe(0);
    expect(ran.err.join(" ")).not.toContain("stays until");
    await vi.waitFor(async () => expect(await stateOf(ran.out[0] ?? "")).toBe("completed"), WAIT);
    expect(server.requests[before]?.headers.authorization).toBe("Bearer sk-of-the-file");
  });

  test.each([
    ["that nobody has keeps the run from starting", "lab:tiny", null, 3, "there is no key"],
    ["brings no endpoint of the environment along", "openai:tiny", KEY, 2, "WRIT_MODEL_URL"],
  ])("%s", async (_what, model, key, code, why) => {
    const variables = withLab(server.endpoint(), key);
    const line = ["run", FILE, "--model", model, "--detach", "--input", "topic=tides"];
    const ran = await desk.writ(line, { variables });
    expect(ran.code).toBe(code);
    expect(ran.err.join("\n")).toContain(why);
  });
});

describe("a model that a client serves", { timeout: 300_000 }, () => {
  const MODEL = "client:window";
  type Said = Answer<"model/stream">;

  const said = (text: string, tool?: string, given?: object): Said => ({
    k: "finished",
    reason: tool === undefined ? "stop" : "tool-calls",
    text,
    toolCalls: tool === undefined ? [] : [{ callId: "1", ...call(tool, given ?? {}) }],
    usage: { inputTokens: 10, outputTokens: 5, source: "estimated" },
  });

  /** A window that serves the model by these answers in turn; null for none, after some text. */
  const openWindow = async (
    turns: (Said | null)[],
  ): Promise<HostConnection & { readonly asked: Params<"model/stream">[] }> => {
    const identity = await identifyWorkspace(desk.workspace, desk.state, newWorkspaceId);
    if (!identity.ok) throw new Error(identity.fault.message);
    const asked: Params<"model/stream">[] = [];
    let window: HostConnection | null = null;
    const attached = await attachToHost(
      {
        surroundings: {
          workspace: identity.value,
          stateDirectory: desk.state,
          variables: { PATH: process.env["PATH"], XDG_RUNTIME_DIR: join(dirname(desk.state), "run") },
          product: "window",
        },
        kind: "editor",
        offers: { models: [MODEL], approvals: false, secrets: [], notifications: false },
        handlers: {
          requests: {
            "model/stream": async (params) => {
              asked.push(params);
              const turn = turns.shift() ?? null;
              // It is asked as soon as it is there, also before this side knows that it is.
              window?.peer.notify("model/delta", { stream: params.stream, text: "I" });
              return turn === null ? new Promise(() => undefined) : ok(turn);
            },
          },
          notifications: {},
        },
        starts: true,
        onWaiting: () => undefined,
      },
      new AbortController().signal,
    );
    if (!attached.ok || attached.value === null) throw new Error("no host");
    window = attached.value;
    return { ...window, asked };
  };

  test("is refused where no client offers it, and where no host is asked", async () => {
    expect((await detach(MODEL, {})).code).toBe(3);
    const consent = await desk.powers(FILE, MODEL);
    const here = await desk.writ([
      "run",
      FILE,
      "--model",
      MODEL,
      "--input",
      "topic=tides",
      "--consent",
      consent,
    ]);
    expect(here.code).toBe(2);
    expect(here.err.join("\n")).toContain("--detach");
  });

  test("drives a run; when its window closes the run parks, and the next window takes it to its end", async () => {
    const first = await openWindow([
      said("I write", "write_file", { path: NOTES, content: "High.\n" }),
      null,
    ]);
    const ran = await detach(MODEL, {});
    expect(ran, ran.err.join("\n")).toMatchObject({ code: 0 });
    const [run = ""] = ran.out;
    await vi.waitFor(() => expect(first.asked).toHaveLength(2), WAIT);
    first.end();
    await vi.waitFor(async () => expect(await stateOf(run)).toBe("parked"), WAIT);
    const types = entriesOf(run).map(({ type }) => type);
    expect(types.filter((type) => type === "model.answered")).toHaveLength(1);
    expect(types.at(-1)).toBe("model.retried");

    const second = await openWindow([said("I publish", "publish_file", { path: NOTES }), said("I am done.")]);
    await vi.waitFor(async () => expect(await stateOf(run)).toBe("completed"), WAIT);
    second.end();
    // What the first window was asked last is what the second was asked first.
    expect(second.asked[0]?.request).toEqual(first.asked[1]?.request);
    expect(desk.read(NOTES)).toBe("High.\n");
    const requested = entriesOf(run).find(({ type }) => type === "model.requested");
    expect(requested?.public).toMatchObject({ model: MODEL });
    expect((await desk.writ(["audit", "verify"])).code).toBe(0);
  });
});
