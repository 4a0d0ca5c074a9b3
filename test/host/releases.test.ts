/*
 * Clients and hosts of different releases, on real hosts in processes of their own: who is older is
 * said by the client's version, which is given here instead of being built.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { attachToHost } from "#host/compose/attach.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import { findIdentity } from "#host/workspace-identity.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { hostsOf, killHosts } from "#test/kit/hosts.ts";
import type { Desk } from "#test/spine/desk.ts";
import { createDesk } from "#test/spine/desk.ts";

const FILE = "agents/notes.symbi";
const MODEL = "scripted:model.json";
const AGENT = `agent notes(topic: String) -> String {
    capabilities = ["read_file"]
    policy desk { allow: read_file }
    with sandbox = "wasm", timeout = 5.minutes { return reason("You take notes.", topic).response; }
}
`;

let desk: Desk;
let run: string;

beforeEach(async () => {
  desk = createDesk(null);
  desk.write(FILE, AGENT);
  desk.write("model.json", JSON.stringify({ turns: [{ text: "Done.", delayMs: 600_000 }] }));
  const consent = await desk.powers(FILE, MODEL);
  const line = ["run", FILE, "--model", MODEL, "--input", "topic=tides", "--detach", "--consent", consent];
  const started = await desk.writ(line);
  if (started.code !== 0) throw new Error(started.err.join("\n"));
  run = started.out[0] ?? "";
}, 120_000);
afterEach(async () => {
  await killHosts(desk.workspace);
  desk.dispose();
});

interface As {
  readonly product: string;
  readonly versions?: readonly [number, number];
  readonly starts?: boolean;
}

/** A client of a release attaches to the desk's host; what it is told while it waits. */
const attachAs = async (
  { product, versions, starts = true }: As,
  signal: AbortSignal = new AbortController().signal,
): Promise<{
  readonly told: readonly string[];
  readonly attached: Promise<Result<HostConnection | null, Fault<string>>>;
}> => {
  const known = await findIdentity(desk.workspace, desk.state);
  if (!known.ok || known.value === null) throw new Error("the workspace has no identity");
  const told: string[] = [];
  const attached = attachToHost(
    {
      surroundings: {
        workspace: known.value,
        stateDirectory: desk.state,
        variables: desk.variables,
        product,
      },
      kind: "cli",
      offers: { models: [], approvals: false, secrets: [], notifications: false },
      handlers: { requests: {}, notifications: {} },
      starts,
      onWaiting: (host) => told.push(host),
      ...(versions === undefined ? {} : { versions }),
    },
    signal,
  );
  return { told, attached };
};

const connected = async (attaching: Awaited<ReturnType<typeof attachAs>>): Promise<HostConnection> => {
  const attached = await attaching.attached;
  if (!attached.ok || attached.value === null) throw new Error("not attached");
  return attached.value;
};

test("an older host is asked to finish, waited for, and followed by one of the client's own", async () => {
  const [before] = hostsOf(desk.workspace);
  // One who only asks leaves it alone.
  const asking = await connected(await attachAs({ product: "writ 99.0.0", starts: false }));
  asking.end();

  const impatient = new AbortController();
  const first = await attachAs({ product: "writ 99.0.0" }, impatient.signal);
  await vi.waitFor(() => expect(first.told).toHaveLength(1), { timeout: 60_000, interval: 20 });
  impatient.abort();
  await expect(first.attached).rejects.toMatchObject({ name: "AbortError" });
  // The run did not notice.
  const state = (await desk.writ(["ps", "--json"])).events().find((one) => one["run"] === run)?.["state"];
  expect(state).toBe("running");

  const second = await attachAs({ product: "writ 99.0.0" });
  await sleep(500);
  expect((await desk.writ(["stop", run.slice(-8)])).code).toBe(0);
  const connection = await connected(second);
  const after = hostsOf(desk.workspace);
  expect(after).toHaveLength(1);
  expect(after).not.toEqual([before]);
  expect(second.told).toHaveLength(1);
  connection.end();
}, 180_000);

test("a host without a protocol in common is drained by a later client, and left alone by an earlier one", async () => {
  const [before] = hostsOf(desk.workspace);
  const earlier = await attachAs({ product: "writ 0.0.1", versions: [2, 2] });
  expect(await earlier.attached).toMatchObject({
    ok: false,
    fault: { code: "HOST_NEWER_RELEASE", help: expect.stringContaining("writ stop") },
  });
  expect(hostsOf(desk.workspace)).toEqual([before]);

  const later = await attachAs({ product: "writ 99.0.0", versions: [2, 2] });
  await vi.waitFor(() => expect(later.told).toHaveLength(1), { timeout: 60_000, interval: 20 });
  expect((await desk.writ(["stop", run.slice(-8)])).code).toBe(0);
  // The host that it starts is this build's again, and it does not begin anew with that.
  expect(await later.attached).toMatchObject({ ok: false, fault: { code: "HOST_OTHER_RELEASE" } });
  expect(hostsOf(desk.workspace)).not.toEqual([before]);
}, 180_000);

test("a client that waits for a host that is killed hears of it, and how to go on", async () => {
  const connection = await connected(await attachAs({ product: "writ 0.1.0" }));
  const { signal } = new AbortController();
  const drained = connection.peer.call("host/drain", { reason: "test" }, { signal });
  await killHosts(desk.workspace);
  expect(await drained).toMatchObject({
    ok: false,
    fault: { code: "RPC_CONNECTION_LOST", help: expect.stringContaining("`writ ps`") },
  });
  const listed = await desk.writ(["ps"]);
  expect(listed.out.join("\n")).toContain("interrupted");
  expect(listed.err.join(" ")).toContain(`writ run --resume ${run.slice(-8)}`);
}, 180_000);
