import { afterAll, beforeAll } from "vitest";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { callFault } from "#host/rpc/errors.ts";
import type { LanguageModel } from "#ports/language-model.ts";
import { ClientModels } from "#host/server/client-models.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import type { Answer, Handlers, Peer } from "#host/rpc/peer.ts";
import { languageModelContract } from "#test/contracts/language-model.ts";
import type { SocketHost } from "#test/kit/socket-host.ts";
import { openSocketHost } from "#test/kit/socket-host.ts";

/* The models of a client at the other end of a real socket pass the suite of every LanguageModel. */

type Stream = NonNullable<Handlers["requests"]["model/stream"]>;
type Finished = Extract<Answer<"model/stream">, { k: "finished" }>;

const IDS = Array.from({ length: 40 }, (_, number) => `client:model-${number}`);
const BREAKING = "client:breaking";

/** What a model does when it is asked, by its id. */
const scripts = new Map<string, Stream>();
let host: SocketHost;
let client: HostConnection;
let models: ClientModels;

beforeAll(async () => {
  models = new ClientModels({ clock: systemClock, entropy: createSystemEntropy() });
  host = await openSocketHost({ onDelta: (from, params) => models.hear(from, params) });
  const handlers = {
    requests: {
      "model/stream": async (params, asked) => {
        const script = scripts.get(params.model);
        return script === undefined ? failed(NO_SCRIPT) : script(params, asked);
      },
    },
    notifications: {},
  } satisfies Handlers;
  client = await host.connect({ ...NOTHING, models: IDS }, handlers);
  const breaking = await host.connect(
    { ...NOTHING, models: [BREAKING] },
    {
      requests: {
        "model/stream": ({ stream }) => {
          breaking.peer.notify("model/delta", { stream, text: "I call" });
          setImmediate(() => breaking.end());
          return new Promise(() => undefined);
        },
      },
      notifications: {},
    },
  );
});
afterAll(() => host.close());

const NO_SCRIPT = callFault("refused", fault("TEST_NO_SCRIPT", "no script"));
const NOTHING = { models: [], approvals: false, secrets: [], notifications: false };

const modelOf = (id: string): LanguageModel => {
  const [starter] = host.clients;
  if (starter === undefined) throw new Error("nobody is connected");
  const model = models.modelFor(id, {
    clients: () => host.clients,
    starter,
    onParked: () => undefined,
  });
  if (model === undefined) throw new Error(`nobody offers ${id}`);
  return model;
};

let next = 0;
const scripted = (
  script: (peer: Peer, ...given: Parameters<Stream>) => ReturnType<Stream>,
): LanguageModel => {
  const id = IDS[next] ?? "too many models";
  next += 1;
  scripts.set(id, (params, asked) => script(client.peer, params, asked));
  return modelOf(id);
};

const finished = (change: Partial<Finished>): Finished => ({
  k: "finished",
  reason: "stop",
  text: "",
  toolCalls: [],
  usage: { inputTokens: 20, outputTokens: 10, source: "reported" },
  ...change,
});

languageModelContract("a client's model", {
  answering: ({ text, toolCalls }) =>
    scripted(async (peer, { stream }) => {
      for (const piece of text.match(/.{1,4}/gsu) ?? []) {
        peer.notify("model/delta", { stream, text: piece });
        await new Promise((resolve) => setImmediate(resolve));
      }
      const calls = toolCalls.map((call, index) => ({ callId: `call-${index}`, ...call }));
      return ok(finished({ text, toolCalls: calls, reason: calls.length > 0 ? "tool-calls" : "stop" }));
    }),
  failing: (code) =>
    scripted(async (peer, { stream }) => {
      peer.notify("model/delta", { stream, text: "I beg" });
      return ok({ k: "failed", code, message: "no", retryable: code !== "MODEL_REFUSED" });
    }),
  cut: () => modelOf(BREAKING),
  hanging: () => scripted(() => new Promise(() => undefined)),
});
