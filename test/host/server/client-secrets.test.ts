import { describe, expect, test } from "vitest";

import { ok } from "#kernel/result.ts";
import { failed, fault } from "#kernel/result.ts";
import { modelKeyName } from "#protocol/host-rpc.ts";
import { callFault } from "#host/rpc/errors.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import type { Handlers, Params } from "#host/rpc/peer.ts";
import type { Rig } from "./rig.ts";
import { createRig, NEVER, NO_OFFERS, settle, startParams } from "./rig.ts";

/* Keys that stay with clients, as a run of the host asks for them. */

const ORIGIN = "https://models.example.com";
const OTHER = "https://models.example.com:8443";

type Answering = NonNullable<Handlers["requests"]["secret/read"]>;

const offering = async (
  rig: Rig,
  answer: Answering,
): Promise<HostConnection & { readonly asked: Params<"secret/read">[] }> => {
  const asked: Params<"secret/read">[] = [];
  const connection = await rig.connect({
    offers: { ...NO_OFFERS, secrets: [modelKeyName(ORIGIN)] },
    handlers: {
      requests: {
        "secret/read": (params, given) => {
          asked.push(params);
          return answer(params, given);
        },
      },
      notifications: {},
    },
  });
  return { ...connection, asked };
};

const giving =
  (value: string | null): Answering =>
  async () =>
    ok({ value });

interface Read {
  readonly hadOne: boolean;
  readonly key: string | null;
}

/** A run that wants the key for an origin once, and what it got. */
const wanting = (rig: Rig, origin = ORIGIN): Promise<Read> =>
  new Promise((resolve, reject) => {
    rig.script = async ({ offered: { keys }, signal }) => {
      const hadOne = keys.has(origin);
      keys.read(origin, signal).then((key) => resolve({ hadOne, key }), reject);
      return "completed";
    };
  });

const start = async (client: HostConnection): Promise<void> => {
  const started = await client.peer.call("run/start", startParams(), { signal: NEVER });
  if (!started.ok) throw new Error(started.fault.message);
};

describe("a key that a client offers", () => {
  test("is read by its name and origin, from the client that started the run first", async () => {
    const rig = await createRig();
    const read = wanting(rig);
    const oldest = await offering(rig, giving("k-oldest"));
    const starter = await offering(rig, giving("k-starter"));
    await start(starter);
    expect(await read).toEqual({ hadOne: true, key: "k-starter" });
    expect(starter.asked).toEqual([{ name: modelKeyName(ORIGIN), origin: ORIGIN }]);
    expect(oldest.asked).toEqual([]);
  });

  test("is asked for at no other origin, also where only the port differs", async () => {
    const rig = await createRig();
    const read = wanting(rig, OTHER);
    const client = await offering(rig, giving("k"));
    await start(client);
    expect(await read).toEqual({ hadOne: false, key: null });
    expect(client.asked).toEqual([]);
  });

  test.each<[string, Answering]>([
    ["says that it has none", giving(null)],
    ["refuses", async () => failed(callFault("refused", fault("CLIENT_NO", "not bound")))],
    ["answers in another form", async () => ok({ value: 7 } as never)],
  ])("is taken from the next where the first %s", async (_, answer) => {
    const rig = await createRig();
    const read = wanting(rig);
    const first = await offering(rig, answer);
    await offering(rig, giving("k-next"));
    await start(first);
    expect(await read).toEqual({ hadOne: true, key: "k-next" });
  });

  test("is none where the client is silent for a minute, or leaves while it is asked", async () => {
    const rig = await createRig();
    const read = wanting(rig);
    const client = await offering(rig, () => new Promise(() => undefined));
    const leaving = await offering(rig, () => new Promise(() => undefined));
    await start(client);
    await settle();
    await rig.clock.advance(60_000);
    await settle();
    expect(leaving.asked).toHaveLength(1);
    rig.wires[1]?.drop();
    expect(await read).toEqual({ hadOne: true, key: null });
  });

  test("is asked for no longer once the run is cancelled", async () => {
    const rig = await createRig();
    const controller = new AbortController();
    const read = new Promise<unknown>((resolve) => {
      rig.script = async ({ offered: { keys } }) => {
        keys.read(ORIGIN, controller.signal).catch((error: unknown) => resolve((error as Error).name));
        return "completed";
      };
    });
    let told = false;
    const client = await offering(rig, (_params, { signal }) => {
      signal.addEventListener("abort", () => (told = true), { once: true });
      return new Promise(() => undefined);
    });
    await start(client);
    await settle();
    controller.abort();
    expect(await read).toBe("AbortError");
    await settle();
    expect(told).toBe(true);
  });
});
