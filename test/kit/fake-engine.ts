import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/*
 * Not an engine: something on a Unix socket that says what it is told to say of itself, and refuses or
 * leaves open everything else. For what is asked before any container; containers are tried on real ones.
 */

export interface FakeEngine {
  /** As DOCKER_HOST names it. */
  readonly host: string;
  readonly socket: string;
  /** Connections that are open now. */
  readonly connections: () => number;
  close(): Promise<void>;
}

export interface FakeEngineWords {
  readonly version: unknown;
  readonly runtimes: readonly string[];
  readonly images: readonly string[];
}

/** @param words null for one that takes connections and never answers. */
export const startFakeEngine = async (words: FakeEngineWords | null): Promise<FakeEngine> => {
  const folder = mkdtempSync(join(tmpdir(), "writ-fake-engine-"));
  const socket = join(folder, "sock");
  const open = new Set<Socket>();
  const server = createServer((request, response) => {
    if (words === null) return;
    const path = (request.url ?? "").replace(/\?.*$/, "");
    const image = words.images.find((name) => path === `/images/${name}/json`);
    const body =
      path === "/version"
        ? { Version: words.version, KernelVersion: "6.1.0" }
        : path === "/info"
          ? { ID: "fake", Runtimes: Object.fromEntries(words.runtimes.map((name) => [name, {}])) }
          : image === undefined
            ? null
            : { Id: `sha256:${image}` };
    response.writeHead(body === null ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(body ?? { message: "there is no such thing" }));
  });
  server.on("connection", (one) => {
    open.add(one);
    one.once("close", () => open.delete(one));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    host: `unix://${socket}`,
    socket,
    connections: () => open.size,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
