import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";

/*
 * Stands before a real engine on a socket of its own and lets everything through, but for what engines do at
 * times and never on demand: not to know with a container that its kernel was in want of memory, not to hear
 * of it later either, not to answer, and to go away all at once, as an engine does that is killed.
 */

export interface EngineProxy {
  readonly socket: string;
  /** Ends every connection and takes none any more. The engine behind it goes on. */
  readonly close: () => Promise<void>;
}

/** What an engine says of a container, as far as anybody here changes it. */
interface Inspection {
  readonly Id: string;
  readonly State: { readonly OOMKilled: boolean; readonly Pid: number };
}

const INSPECTION = /^\/containers\/[^/]+\/json/;
const EVENTS = /^\/events\b/;

export interface EngineProxyOptions {
  /** What is passed on of what the engine says of a container. */
  readonly told?: (said: Inspection) => Inspection;
  /** Whether events are passed on, asked anew for each that wants to hear them; none is said to have been otherwise. */
  readonly tells?: () => boolean;
  /** Paths of questions that are never answered. */
  readonly hangs?: RegExp;
}

export const startEngineProxy = async (
  engine: string,
  { told = (said) => said, tells = () => true, hangs }: EngineProxyOptions = {},
): Promise<EngineProxy> => {
  const folder = mkdtempSync(join(tmpdir(), "writ-engine-proxy-"));
  const socket = join(folder, "sock");
  const open = new Set<Duplex>();
  const until = (end: Duplex): void => {
    open.add(end);
    end.once("close", () => open.delete(end));
    // One end of a connection that goes takes the other along, and says nothing more of it.
    end.on("error", () => end.destroy());
  };
  const onward = ({ method, url, headers }: IncomingMessage): RequestOptions => ({
    socketPath: engine,
    method,
    path: url,
    headers,
    agent: false,
  });
  const server = createServer((asked, answer) => {
    if (hangs?.test(asked.url ?? "") === true) return;
    if (EVENTS.test(asked.url ?? "") && !tells()) {
      answer.end();
      return;
    }
    const forwarded = request(onward(asked), (said) => {
      if (!INSPECTION.test(asked.url ?? "") || said.statusCode !== 200) {
        answer.writeHead(said.statusCode ?? 502, said.headers);
        said.pipe(answer);
        return;
      }
      const parts: Uint8Array[] = [];
      said.on("data", (part: Uint8Array) => parts.push(part));
      said.once("end", () => {
        const body = told(JSON.parse(Buffer.concat(parts).toString()) as Inspection);
        answer.writeHead(200, { "content-type": "application/json" });
        answer.end(JSON.stringify(body));
      });
    });
    forwarded.once("socket", until);
    forwarded.once("error", () => answer.destroy());
    answer.once("close", () => forwarded.destroy());
    asked.pipe(forwarded);
  });
  server.on("connection", until);
  // A connection that becomes a stream is passed on as it is, with whatever body the client sent first.
  server.on("upgrade", ({ method, url, rawHeaders }: IncomingMessage, near: Socket, begun: Uint8Array) => {
    const far = connect({ path: engine, allowHalfOpen: true });
    until(far);
    near.once("close", () => far.destroy());
    far.once("close", () => near.destroy());
    far.write(`${String(method)} ${String(url)} HTTP/1.1\r\n`);
    for (let at = 0; at < rawHeaders.length; at += 2)
      far.write(`${String(rawHeaders[at])}: ${String(rawHeaders[at + 1])}\r\n`);
    far.write("\r\n");
    far.write(begun);
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const end of open) end.destroy();
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
