import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { attachToHost } from "#host/compose/attach.ts";
import { newWorkspaceId } from "#host/compose/ids.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
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

/** A host of its own: how long until a client is attached to one that starts, and to one that runs. */
export const hostComparisons = (): Promise<readonly Comparison[]> =>
  withScratchFolder(async (root) => {
    const [folder, state, runtime] = ["workspace", "state", "run"].map((name) => join(root, name));
    if (folder === undefined || state === undefined || runtime === undefined) throw new Error("no folders");
    for (const path of [folder, state, runtime]) mkdirSync(path, { recursive: true });
    const workspace = valueOf(await identifyWorkspace(folder, state, newWorkspaceId));
    const desk = { workspace, state, runtime };
    try {
      return [await compareStart(desk), await compareAttach(desk)];
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

/** With both sides proven, beside a line there and back. */
const compareAttach = async (desk: BenchDesk): Promise<Comparison> => {
  const first = await startHost(desk);
  try {
    return await withBareServer(desk, (path) =>
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
      }),
    );
  } finally {
    first.end();
  }
};

const startHost = async (desk: BenchDesk): Promise<HostConnection> => {
  const { workspace, state, runtime } = desk;
  spawn(process.execPath, [CLI, "host", "--workspace", workspace.folder], {
    stdio: "ignore",
    env: { PATH: process.env["PATH"], HOME: state, WRIT_STATE: state, XDG_RUNTIME_DIR: runtime },
  });
  for (;;) {
    const connection = await attached(desk);
    if (connection !== null) return connection;
    await sleep(AGAIN_MS);
  }
};

const attached = async ({ workspace, state, runtime }: BenchDesk): Promise<HostConnection | null> =>
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
        handlers: { requests: {}, notifications: {} },
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
  socket.write("x");
  await once(socket, "data");
  return socket;
};
