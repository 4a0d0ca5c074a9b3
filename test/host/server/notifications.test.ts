import { describe, expect, test } from "vitest";

import type { RunId } from "#kernel/ids.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import type { Params, Peer } from "#host/rpc/peer.ts";
import { Notifier } from "#host/server/notifier.ts";
import type { RunOutcome } from "#protocol/run-event.ts";
import type { Rig } from "./rig.ts";
import {
  AGENT,
  createRig,
  key,
  NEVER,
  NO_OFFERS,
  PERSON,
  settle,
  startParams,
  untilCancelled,
} from "./rig.ts";

/* What people are told at clients that show notifications. */

type Shown = Params<"notification/show">;

const showing = async (
  rig: Rig,
  offers = { ...NO_OFFERS, notifications: true },
): Promise<HostConnection & { readonly shown: Shown[] }> => {
  const shown: Shown[] = [];
  const handlers = {
    requests: {},
    notifications: { "notification/show": (said: Shown) => void shown.push(said) },
  };
  return { ...(await rig.connect({ offers, handlers })), shown };
};

const start = async (client: HostConnection): Promise<string> => {
  const started = await client.peer.call("run/start", startParams(), { signal: NEVER });
  if (!started.ok) throw new Error(started.fault.message);
  return started.value.run;
};

describe("a notification", () => {
  test("tells that an approval waits, where the question itself is not shown", async () => {
    const rig = await createRig();
    rig.script = async (asking) => {
      await asking.ask();
      return "completed";
    };
    const told = await showing(rig);
    const asked = await showing(rig, { ...PERSON, notifications: true });
    const quiet = await showing(rig, NO_OFFERS);
    const run = await start(quiet);
    await settle();
    expect(told.shown).toEqual([{ level: "warning", text: `${AGENT} waits for an approval`, run }]);
    expect([asked.shown, quiet.shown]).toEqual([[], []]);
  });

  test.each<[RunOutcome, Shown["level"]]>([
    ["completed", "information"],
    ["failed", "error"],
    ["limited", "warning"],
  ])("tells that a run whose client has left is over: %s", async (outcome, level) => {
    const rig = await createRig();
    const goOn = Promise.withResolvers<RunOutcome>();
    rig.script = () => goOn.promise;
    const told = await showing(rig);
    const starter = await rig.connect();
    const run = await start(starter);
    starter.end();
    await settle();
    goOn.resolve(outcome);
    await settle();
    expect(told.shown).toEqual([{ level, text: `${AGENT} ended: ${outcome}`, run }]);
  });

  test("does not tell of the end of a run whose client is there", async () => {
    const rig = await createRig();
    rig.script = untilCancelled;
    const told = await showing(rig);
    const starter = await rig.connect();
    const run = await start(starter);
    await starter.peer.call("run/cancel", { run, reason: null }, { signal: NEVER });
    await settle();
    expect(told.shown).toEqual([]);
  });

  test("that nobody shows keeps nothing from happening", async () => {
    const rig = await createRig();
    const goOn = Promise.withResolvers<RunOutcome>();
    rig.script = () => goOn.promise;
    const starter = await rig.connect();
    const run = await start(starter);
    starter.end();
    await settle();
    goOn.resolve("completed");
    await settle();
    const later = await rig.connect();
    const got = await later.peer.call("run/get", { run }, { signal: NEVER });
    expect(got).toMatchObject({ ok: true, value: { state: "completed" } });
  });

  test("is bounded, and shows what would be invisible", () => {
    const run = key(1) as RunId;
    const offers = { ...NO_OFFERS, notifications: true };
    const said: Shown[] = [];
    const peer = { notify: (_method: string, params: Shown) => void said.push(params) } as unknown as Peer;
    new Notifier(() => [{ kind: "editor", offers, peer }]).show("warning", `\u202e${"n".repeat(2_000)}`, run);
    expect(said).toHaveLength(1);
    expect(said[0]?.text).toContain(String.raw`\u{202e}`);
    expect(said[0]?.text.length).toBeLessThanOrEqual(340);
  });
});
