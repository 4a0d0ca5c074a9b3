import { Agent } from "node:http";
import { Readable } from "node:stream";
import type { Duplex } from "node:stream";

import Docker from "dockerode";

import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";

import { createEngineCalls } from "./engine-call.ts";
import type { EngineCallLimits, EngineCalls, EngineRefusal } from "./engine-call.ts";

export interface ContainerState {
  readonly id: string;
  /** What the engine knew when the container ended; it never learns it later. */
  readonly outOfMemory: boolean;
  /** Of the container's first process; 0 while it runs. */
  readonly exitCode: number;
  /** Unix milliseconds by the engine's own clock; before it has ended, the last is of no meaning. */
  readonly startedMs: number;
  readonly finishedMs: number;
  /** Of the container's first process, as the engine's machine counts; 0 while it does not run. */
  readonly processId: number;
}

/** A container or an image. */
export interface Listed {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The calls of a Docker Engine that a sandbox needs, each with a limit of its own. None throws. */
export interface Engine {
  /**
   * Name, version and other facts that decide how the engine behaves.
   *
   * @param limitMs longest that it may take to tell.
   */
  facts(limitMs?: number): Promise<Result<EngineFacts, EngineRefusal>>;
  /** Whether it is there and will do more. One that is going down takes no new connection, and is not. */
  answers(): Promise<boolean>;
  /** Settles once it has been silent for a while: it takes calls and does not say that it is there. */
  silence(over: AbortSignal): Promise<EngineRefusal>;
  /** Gives the container's id, by which it is found from then on: a name can be changed by anybody who may ask the engine. */
  create(name: string, options: Docker.ContainerCreateOptions): Promise<Result<string, EngineRefusal>>;
  /** One connection for the input and the outputs of a container's first process, which need not have been started. */
  attach(name: string): Promise<Result<Duplex, EngineRefusal>>;
  start(name: string): Promise<Result<void, EngineRefusal>>;
  /** Kills and removes; settles when the container is gone. One that is gone already is no refusal. */
  remove(name: string): Promise<Result<void, EngineRefusal>>;
  state(name: string): Promise<Result<ContainerState, EngineRefusal>>;
  /**
   * Whether the engine hears that the container's kernel was in want of memory and killed, at the latest at
   * `untilMs`. Times are of the engine's own clock.
   */
  sawOutOfMemory(
    name: string,
    times: { readonly fromMs: number; readonly untilMs: number },
    signal: AbortSignal,
  ): Promise<Result<boolean, EngineRefusal>>;
  /** True when the container no longer runs, false when the engine no longer answers or nobody waits any more. */
  stopped(name: string, signal: AbortSignal): Promise<boolean>;
  /** Every container that carries the label, running or not. */
  list(label: string): Promise<Result<readonly Listed[], EngineRefusal>>;
  /** The id of an image, null where there is none of that name. */
  image(name: string): Promise<Result<string | null, EngineRefusal>>;
  /** Every image that carries all of the labels. */
  listImages(labels: readonly string[]): Promise<Result<readonly Listed[], EngineRefusal>>;
  /** Refused where a container uses it. */
  removeUnusedImage(id: string): Promise<Result<void, EngineRefusal>>;
  /** Makes an image of an archive of its files. */
  importImage(
    archive: Uint8Array,
    name: string,
    changes: readonly string[],
  ): Promise<Result<void, EngineRefusal>>;
}

export interface EngineFacts {
  readonly version: string;
  readonly kernel: string;
  /** Random, and its own. */
  readonly id: string;
  /** The runtimes that it knows, each with what it is and how it is started. */
  readonly runtimes: ReadonlyMap<string, EngineRuntime>;
}

export interface EngineRuntime {
  readonly path?: string;
  readonly runtimeArgs?: readonly string[];
}

/** Longest that an engine may take to make an image. */
const IMPORT_MS_MAX = 120_000;

const OK = 200;
const NOT_FOUND = 404;
const CONFLICT = 409;

/** @param limits how long it may take to answer. */
export const connectEngine = (socketPath: string, limits?: EngineCallLimits): Engine => {
  // Each call has a connection of its own: an engine that is going down still answers on those that it has,
  // while it ends the containers, and takes no new ones.
  const agent = new Agent({ keepAlive: false });
  // Without `host` and `protocol` the client would go by variables of the environment.
  const options: Docker.DockerOptions & { readonly agent: Agent } = {
    socketPath,
    host: "",
    protocol: "http",
    agent,
  };
  const docker = new Docker(options);
  // Its types do not say that these take a signal.
  const cancellable = docker as unknown as Cancellable;
  const { answers, silence, bounded } = createEngineCalls(
    (abortSignal) => cancellable.ping({ abortSignal }),
    limits,
  );
  const container = (name: string): Docker.Container => docker.getContainer(name);
  return {
    facts: (limitMs) =>
      bounded(async (abortSignal) => {
        const [version, info] = await Promise.all([
          cancellable.version({ abortSignal }),
          cancellable.info({ abortSignal }),
        ]);
        return {
          version: textOf(version.Version),
          kernel: textOf(version.KernelVersion),
          id: info.ID ?? "",
          runtimes: new Map(Object.entries(info.Runtimes ?? {})),
        };
      }, limitMs),
    answers,
    silence,
    create: (name, options) =>
      bounded(async (abortSignal) => (await docker.createContainer({ ...options, name, abortSignal })).id),
    attach: (name) =>
      bounded(async (abortSignal) => {
        const stream = await container(name).attach({
          stream: true,
          hijack: true,
          stdin: true,
          stdout: true,
          stderr: true,
          abortSignal,
        });
        return stream as Duplex;
      }),
    start: (name) => bounded(async (abortSignal) => void (await container(name).start({ abortSignal }))),
    remove: (name) => removed(container(name), bounded),
    state: (name) =>
      bounded(async (abortSignal) => {
        const { Id, State } = await container(name).inspect({ abortSignal });
        return {
          id: Id,
          outOfMemory: State.OOMKilled,
          exitCode: State.ExitCode,
          startedMs: Date.parse(State.StartedAt),
          finishedMs: Date.parse(State.FinishedAt),
          processId: State.Pid,
        };
      }),
    sawOutOfMemory: (name, { fromMs, untilMs }, signal) =>
      bounded(async (late) => {
        const events = await docker.getEvents({
          since: fromMs / 1_000,
          until: untilMs / 1_000,
          filters: { container: [name], event: ["oom"] },
          abortSignal: AbortSignal.any([late, signal]),
        });
        // The first one says it; to leave the loop ends the connection.
        for await (const event of events) return Buffer.byteLength(event) > 0;
        return false;
      }),
    stopped: (name, abortSignal) =>
      container(name)
        .wait({ abortSignal })
        .then(
          () => true,
          () => false,
        ),
    list: (label) =>
      bounded(async (abortSignal) => {
        const found = await docker.listContainers({ all: true, filters: { label: [label] }, abortSignal });
        return found.map(({ Id, Labels }) => ({ id: Id, labels: Labels }));
      }),
    image: async (name) => {
      const found = await bounded(
        async (abortSignal) => (await cancellable.getImage(name).inspect({ abortSignal })).Id,
      );
      return !found.ok && found.fault.status === NOT_FOUND ? ok(null) : found;
    },
    listImages: (labels) =>
      bounded(async (abortSignal) => {
        const found = await docker.listImages({ filters: { label: [...labels] }, abortSignal });
        return found.map(({ Id, Labels }) => ({ id: Id, labels: Labels ?? {} }));
      }),
    removeUnusedImage: (id) =>
      bounded(async (abortSignal) => void (await docker.getImage(id).remove({ abortSignal }))),
    importImage: async (archive, name, changes) => {
      const said = await bounded(async (abortSignal) => {
        const [repo = "", tag = ""] = name.split(":");
        const lines = await docker.importImage(Readable.from([archive], { objectMode: false }), {
          repo,
          tag,
          changes: [...changes],
          abortSignal,
        });
        return importError(lines);
      }, IMPORT_MS_MAX);
      if (!said.ok || said.value === null) return said.ok ? ok(undefined) : said;
      return failed({ status: OK, why: `it made no image: ${visibleExcerpt(said.value, 300)}` });
    },
  };
};

/** What an engine may say while it makes an image; more is read and not kept. */
const IMPORT_CHARACTERS_MAX = 65_536;

/** An engine that has begun to make an image says in its last line that it could not; null where it could. */
const importError = async (lines: AsyncIterable<string | Uint8Array>): Promise<string | null> => {
  let text = "";
  for await (const chunk of lines)
    text = `${text}${Buffer.from(chunk).toString()}`.slice(-IMPORT_CHARACTERS_MAX);
  const read = readJson(text.trim().split("\n").at(-1) ?? "");
  const said = read.ok && isJsonObject(read.value) ? ownValue(read.value, "error") : undefined;
  return typeof said === "string" ? said : null;
};

interface Cancellable {
  version(options: Pick<Docker.ContainerInspectOptions, "abortSignal">): Promise<EngineVersion>;
  info(options: Pick<Docker.ContainerInspectOptions, "abortSignal">): Promise<EngineInfo>;
  ping(options: Pick<Docker.ContainerInspectOptions, "abortSignal">): Promise<unknown>;
  getImage(name: string): {
    inspect(options: Pick<Docker.ContainerInspectOptions, "abortSignal">): Promise<Docker.ImageInspectInfo>;
  };
}

interface EngineVersion {
  readonly Version?: unknown;
  readonly KernelVersion?: unknown;
}

interface EngineInfo {
  readonly ID?: string;
  readonly Runtimes?: Readonly<Record<string, EngineRuntime>>;
}

/** Of what an engine says, which may be anything. */
const textOf = (said: unknown): string => (typeof said === "string" ? said : "");

const GONE_POLL_MS = 50;
/** Longest that a container which another is removing is waited for. */
const REMOVING_MS_MAX = 30_000;

/** Two that sweep may meet at one container: what another is removing is waited for. */
const removed = async (
  container: Docker.Container,
  bounded: EngineCalls["bounded"],
): Promise<Result<void, EngineRefusal>> => {
  const asked = await bounded(
    async (abortSignal) => void (await container.remove({ force: true, v: true, abortSignal })),
  );
  if (asked.ok || asked.fault.status === NOT_FOUND) return ok(undefined);
  if (asked.fault.status !== CONFLICT) return asked;
  for (let waitedMs = 0; waitedMs < REMOVING_MS_MAX; waitedMs += GONE_POLL_MS) {
    const there = await bounded((abortSignal) => container.inspect({ abortSignal }));
    if (!there.ok) return there.fault.status === NOT_FOUND ? ok(undefined) : there;
    await new Promise((resolve) => setTimeout(resolve, GONE_POLL_MS));
  }
  return asked;
};
