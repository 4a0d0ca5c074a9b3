import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { attachToHost } from "#host/compose/attach.ts";
import { newStartKey, newWorkspaceId } from "#host/compose/ids.ts";
import { digest } from "#host/compose/policies.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import type { Handlers } from "#host/rpc/peer.ts";
import type { Workspace } from "#host/workspace.ts";
import { identifyWorkspace } from "#host/workspace-identity.ts";
import { killHosts } from "#test/kit/hosts.ts";

import { valueOf } from "./kit/ledgers.ts";
import { withScratchFolder } from "./kit/scratch.ts";
import { CLI } from "./kit/shell.ts";
import type { Comparison } from "./measure.ts";
import { compare } from "./measure.ts";

const AGAIN_MS = 2;
const ATTACHMENTS = 20;
const QUESTIONS = 200;

/** Records 60 calls, more than a hundred entries. */
const AGENT = `agent busy() -> String {
    capabilities = ["list_files"]
    policy desk { allow: [list_files] }
    with sandbox = "wasm" {
        for folder in [${Array.from({ length: 30 }, () => '"."').join(", ")}] { list_files(folder); }
        return "done";
    }
}
`;
const AGENT_FILE = "busy.symbi";
const MODEL = "scripted:model.json";

/** A host of its own: how long until a client is attached to one that starts, and to one that runs; and what it is asked then. */
export const hostComparisons = (): Promise<readonly Comparison[]> =>
  withScratchFolder(async (root) => {
    const [folder, state, runtime] = ["workspace", "state", "run"].map((name) => join(root, name));
    if (folder === undefined || state === undefined || runtime === undefined) throw new Error("no folders");
    for (const path of [folder, state, runtime]) mkdirSync(path, { recursive: true });
    const workspace = valueOf(await identifyWorkspace(folder, state, newWorkspaceId));
    const desk = { workspace, state, runtime };
    try {
      return [await compareStart(desk), ...(await compareRunning(desk))];
    } finally {
      await killHosts(folder);
    }
  });

interface BenchDesk {
  readonly workspace: Workspace;
  readonly state: string;
  readonly runtime: string;
}

/** From the spawn of a host to a client that has shown who it is. */
const compareStart = (desk: BenchDesk): Promise<Comparison> =>
  compare({
    title: "a host that starts",
    unit: "start",
    baseline: {
      name: "Node that opens a Unix socket",
      run: () => withBareServer(desk, async () => undefined),
    },
    ours: {
      name: "`writ host`, attached",
      run: async () => {
        const connection = await startHost(desk);
        connection.end();
        await connection.closed;
        await killHosts(desk.workspace.folder);
      },
    },
    rounds: 9,
  });

/** All that is compared while one host runs. */
const compareRunning = async (desk: BenchDesk): Promise<readonly Comparison[]> => {
  const arrivals = new Arrivals();
  const first = await startHost(desk, arrivals.handlers);
  try {
    const run = await busyRun(desk, first, arrivals);
    return await withBareServer(desk, async (path) => {
      const bare = await echoed(path);
      try {
        return [
          await compareAttach(desk, path),
          await compareQuestions(first, bare),
          await compareEvents(first, arrivals, run, bare),
        ];
      } finally {
        bare.destroy();
      }
    });
  } finally {
    first.end();
  }
};

/** With both sides proven, beside a line there and back. */
const compareAttach = (desk: BenchDesk, path: string): Promise<Comparison> =>
  compare({
    title: "a client that attaches",
    unit: "client",
    baseline: {
      name: "connect, one byte there and back",
      run: async () => {
        for (let time = 0; time < ATTACHMENTS; time += 1) (await echoed(path)).destroy();
        return ATTACHMENTS;
      },
    },
    ours: {
      name: "attachToHost",
      run: async () => {
        for (let time = 0; time < ATTACHMENTS; time += 1) {
          const connection = await attached(desk);
          if (connection === null) throw new Error("the host is gone");
          connection.end();
          await connection.closed;
        }
        return ATTACHMENTS;
      },
    },
    rounds: 11,
  });

/** One question after the other on a connection that is there. */
const compareQuestions = ({ peer }: HostConnection, bare: Socket): Promise<Comparison> =>
  compare({
    title: "a question to a host",
    unit: "question",
    baseline: {
      name: "one byte there and back",
      run: async () => {
        for (let time = 0; time < QUESTIONS; time += 1) await thereAndBack(bare, 1);
        return QUESTIONS;
      },
    },
    ours: {
      name: "`host/status`",
      run: async () => {
        for (let time = 0; time < QUESTIONS; time += 1)
          valueOf(await peer.call("host/status", {}, forever()));
        return QUESTIONS;
      },
    },
    rounds: 11,
  });

/** A reader that comes to a run which is over: asks for its events, gets them all and says so. The stream then ends by itself. */
const compareEvents = async (
  { peer }: HostConnection,
  arrivals: Arrivals,
  run: string,
  bare: Socket,
): Promise<Comparison> => {
  const read = async (): Promise<Arrived> => {
    const params = { scope: { run }, from: { runSeq: 0 }, level: "entries", window: 10_000 } as const;
    const over = arrivals.untilEnd();
    const { subscription } = valueOf(await peer.call("events/subscribe", params, forever()));
    const arrived = await over;
    peer.notify("events/acknowledge", { subscription, batch: arrived.batch });
    return arrived;
  };
  const { bytes, events } = await read();
  return compare({
    title: "events of a run, from asking for them to the last",
    unit: "event",
    baseline: {
      name: "as many bytes there and back",
      run: async () => {
        await thereAndBack(bare, bytes);
        return events;
      },
    },
    ours: { name: "`events/subscribe`", run: async () => (await read()).events },
    rounds: 11,
  });
};

interface Arrived {
  readonly events: number;
  readonly bytes: number;
  readonly batch: number;
}

/** Counts the events that come until that of a run's end. */
class Arrivals {
  private arrived: Arrived = NOTHING;
  private end = Promise.withResolvers<Arrived>();

  readonly handlers: Handlers = {
    requests: {},
    notifications: {
      "events/batch": ({ events, batch }) => {
        const bytes = Buffer.byteLength(JSON.stringify(events));
        this.arrived = {
          events: this.arrived.events + events.length,
          bytes: this.arrived.bytes + bytes,
          batch,
        };
        if (events.some(({ type }) => type === "run.ended")) this.end.resolve(this.arrived);
      },
    },
  };

  /** What has come once the next end of a run is there, counted from now. */
  untilEnd(): Promise<Arrived> {
    this.arrived = NOTHING;
    this.end = Promise.withResolvers();
    return this.end.promise;
  }
}
const NOTHING: Arrived = { events: 0, bytes: 0, batch: 0 };

/** Has the host run an agent to its end; the run. */
const busyRun = async (
  { workspace, state }: BenchDesk,
  { peer }: HostConnection,
  arrivals: Arrivals,
): Promise<string> => {
  const path = join(workspace.folder, AGENT_FILE);
  writeFileSync(path, AGENT);
  writeFileSync(join(workspace.folder, "model.json"), JSON.stringify({ turns: [{ text: "Done." }] }));
  const checked = spawnSync(process.execPath, [CLI, "check", AGENT_FILE, "--powers", "--model", MODEL], {
    cwd: workspace.folder,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: state, WRIT_STATE: state },
  });
  const start = {
    idempotencyKey: newStartKey(),
    path: AGENT_FILE,
    digest: digest(readFileSync(path)),
    agent: "busy",
    inputs: {},
    model: MODEL,
    sandboxFloor: null,
    consent: /\b[0-9a-f]{64}\b/.exec(checked.stdout)?.[0] ?? null,
    onBehalf: null,
    parent: null,
  };
  const { run } = valueOf(await peer.call("run/start", start, forever()));
  const params = { scope: { run }, from: { runSeq: 0 }, level: "entries", window: 10_000 } as const;
  const over = arrivals.untilEnd();
  valueOf(await peer.call("events/subscribe", params, forever()));
  await over;
  return run;
};

const forever = () => ({ signal: new AbortController().signal });

const startHost = async (desk: BenchDesk, handlers = NO_HANDLERS): Promise<HostConnection> => {
  const { workspace, state, runtime } = desk;
  spawn(process.execPath, [CLI, "host", "--workspace", workspace.folder], {
    stdio: "ignore",
    env: { PATH: process.env["PATH"], HOME: state, WRIT_STATE: state, XDG_RUNTIME_DIR: runtime },
  });
  for (;;) {
    const connection = await attached(desk, handlers);
    if (connection !== null) return connection;
    await sleep(AGAIN_MS);
  }
};

const NO_HANDLERS: Handlers = { requests: {}, notifications: {} };

const attached = async (
  { workspace, state, runtime }: BenchDesk,
  handlers = NO_HANDLERS,
): Promise<HostConnection | null> =>
  valueOf(
    await attachToHost(
      {
        surroundings: {
          workspace,
          stateDirectory: state,
          variables: { XDG_RUNTIME_DIR: runtime },
          product: "writ bench",
        },
        kind: "cli",
        offers: { models: [], approvals: false, secrets: [], notifications: false },
        handlers,
        starts: false,
        onWaiting: () => undefined,
      },
      new AbortController().signal,
    ),
  );

const ECHO =
  "const { createServer } = require('node:net'); createServer((s) => s.pipe(s)).listen(process.argv[1]);";

/** Does something with the socket of an empty Node program that gives back what it gets, from its spawn on. */
const withBareServer = async <T>({ runtime }: BenchDesk, use: (path: string) => Promise<T>): Promise<T> => {
  const path = join(runtime, "bare.sock");
  const server = spawn(process.execPath, ["-e", ECHO, path], { stdio: "ignore" });
  try {
    for (;;) {
      try {
        (await echoed(path)).destroy();
        break;
      } catch {
        await sleep(AGAIN_MS);
      }
    }
    return await use(path);
  } finally {
    server.kill("SIGKILL");
    await once(server, "exit");
    rmSync(path, { force: true });
  }
};

const echoed = async (path: string): Promise<Socket> => {
  const socket = connect(path);
  await once(socket, "connect");
  await thereAndBack(socket, 1);
  return socket;
};

/** Sends so many bytes and resolves when they are back. */
const thereAndBack = (socket: Socket, bytes: number): Promise<void> =>
  new Promise((resolve) => {
    let left = bytes;
    const hear = (chunk: Buffer): void => {
      left -= chunk.length;
      if (left > 0) return;
      socket.off("data", hear);
      resolve();
    };
    socket.on("data", hear);
    socket.write(Buffer.alloc(bytes, "x"));
  });
