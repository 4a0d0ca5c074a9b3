import type { Duplex } from "node:stream";

import { toHex } from "#kernel/bytes.ts";
import type { RunId } from "#kernel/ids.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { ContainerProfile, ContainerTier } from "#sandbox/container-profile.ts";

import { containerOptions } from "./container-options.ts";
import { controlGroupOf } from "./control-group.ts";
import type { ControlGroup } from "./control-group.ts";
import type { Engine } from "./engine.ts";
import type { EngineRefusal } from "./engine-call.ts";
import type { SandboxImage } from "./image.ts";

export interface ContainerDeps {
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs">;
  readonly entropy: Pick<Entropy, "bytes">;
}

/** The containers of one tier on one engine. */
export interface ContainerKind {
  readonly tier: ContainerTier;
  readonly engine: Engine;
  readonly runtime: string;
  readonly image: SandboxImage;
  readonly owner: string;
  readonly run: RunId | null;
}

/** A container that waits for its one program. */
export interface Container {
  /** The engine's, which stays the same whatever becomes of its name. */
  readonly id: string;
  /** Takes the driver's input and gives its outputs, in frames. */
  readonly stream: Duplex;
  /** Settles when the container no longer runs (true), or nobody knows (false). */
  readonly gone: Promise<boolean>;
  readonly hasGone: () => boolean;
  /** Where this machine's kernel counts its processes; null where it cannot be read from here. */
  readonly group: Promise<ControlGroup | null>;
  /** Ends the waiting for it, and with it this process's last connection to the engine. */
  readonly leave: () => void;
  readonly leaseEndMs: number;
}

export interface ContainerTimes {
  /** Longest that it waits for its program. */
  readonly waitMsMax: number;
  /** Longest that it lives from then on. */
  readonly lifeMsMax: number;
}

const NOT_FOUND = 404;

/** Starts a container. Where that fails, none is left. */
export const openContainer = async (
  deps: ContainerDeps,
  kind: ContainerKind,
  profile: ContainerProfile,
  { waitMsMax, lifeMsMax }: ContainerTimes,
): Promise<Result<Container, EngineRefusal>> => {
  const { engine } = kind;
  const name = `writ-${toHex(deps.entropy.bytes(16))}`;
  const leaseEndMs = deps.clock.wallMs() + waitMsMax + lifeMsMax;
  const create = (image: string): Promise<Result<string, EngineRefusal>> =>
    engine.create(
      name,
      containerOptions(profile, {
        owner: kind.owner,
        run: kind.run,
        leaseEndMs,
        waitSecondsMax: Math.ceil(waitMsMax / 1_000),
        image,
        runtime: kind.runtime,
        userId: userIdOf(deps.entropy.bytes(2)),
      }),
    );
  // Until the engine has said its id.
  let id = name;
  const attached = async (): Promise<Result<Duplex, EngineRefusal>> => {
    let created = await create(kind.image.id());
    if (!created.ok && created.fault.status === NOT_FOUND) {
      // Another process of this user has made a newer image and removed this one.
      const image = await kind.image.again();
      created = image.ok ? await create(image.value) : image;
    }
    if (!created.ok) return created;
    id = created.value;
    const stream = await engine.attach(id);
    if (!stream.ok) return stream;
    // A connection that breaks ends; what that means is asked of the engine.
    stream.value.on("error", () => stream.value.destroy());
    const started = await engine.start(id);
    return started.ok ? stream : started;
  };
  const stream = await attached();
  if (!stream.ok) {
    // What a silent engine may have begun ends by itself, and is swept.
    if (stream.fault.isSilent === true) return stream;
    // A creation that was refused late may have happened all the same.
    const removed = await engine.remove(id);
    return removed.ok ? stream : removed;
  }
  let hasGone = false;
  const waiting = new AbortController();
  const gone = engine.stopped(id, waiting.signal).then((known) => {
    hasGone = true;
    return known;
  });
  const group = engine.state(id).then((state) => (state.ok ? controlGroupOf(state.value) : null));
  return ok({
    id,
    stream: stream.value,
    gone,
    group,
    hasGone: () => hasGone,
    leave: () => waiting.abort(),
    leaseEndMs,
  });
};

/** Ends a container, whatever it does, and waits until it is gone. */
export const removeContainer = async (
  { engine }: ContainerKind,
  { id, stream, leave }: Container,
): Promise<Result<void, EngineRefusal>> => {
  stream.destroy();
  const removed = await engine.remove(id);
  leave();
  return removed;
};

/** 10,000 to 59,999: above what systems give to anybody, and below what every engine maps. */
const userIdOf = (bytes: Uint8Array): number =>
  10_000 + ((((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 50_000);

/** A refusal in our own words. */
export const refused = (why: string): Result<never, EngineRefusal> => failed({ status: null, why });
