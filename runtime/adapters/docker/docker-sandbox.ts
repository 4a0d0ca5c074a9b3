import { stat } from "node:fs/promises";

import { throwIfAborted } from "#kernel/abort.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { SandboxFault, SandboxProbe, SandboxProvider } from "#ports/sandbox.ts";
import type { ContainerTier } from "#sandbox/container-profile.ts";
import { FileSession } from "#sandbox/file-session.ts";
import { createFileSet } from "#sandbox/file-set.ts";

import type { ContainerDeps } from "./container.ts";
import { engineSocket } from "./endpoint.ts";
import type { Engine, EngineFacts } from "./engine.ts";
import { probeContainers } from "./probe.ts";
import { createPrograms } from "./run-program.ts";
import { noEngine, sandboxImage } from "./image.ts";
import type { SandboxImage } from "./image.ts";
import type { ContainerMemory } from "./state-files.ts";
import { removeOfRun } from "./remove-of-run.ts";
import { sweep } from "./sweep.ts";

export interface DockerSandboxDeps extends ContainerDeps {
  readonly crypto: Pick<Crypto, "sha256">;
}

export interface DockerSandboxOptions {
  /** The person's surroundings: `DOCKER_HOST`, `WRIT_SANDBOX_IMAGE`. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Whose containers these are, of which alone any is ever swept, and what was shown before. */
  readonly memory: ContainerMemory;
  /** What the engine calls the runtime of each tier. */
  readonly runtimes?: Readonly<Record<ContainerTier, string>>;
}

const RUNTIMES: Readonly<Record<ContainerTier, string>> = { docker: "runc", gvisor: "runsc" };

/** An engine with everything that a container needs of it. */
interface Ready {
  readonly engine: Engine;
  readonly facts: EngineFacts;
  readonly image: SandboxImage;
  readonly owner: string;
}

/**
 * The two tiers of containers on one engine. Connecting, making the image and sweeping are done once for
 * both, when first needed; what failed is tried again at the next call.
 */
export const createDockerSandboxes = (
  deps: DockerSandboxDeps,
  options: DockerSandboxOptions,
): readonly SandboxProvider[] => {
  let ready: Promise<Result<Ready, SandboxFault>> | null = null;
  const prepared = async (): Promise<Result<Ready, SandboxFault>> => {
    ready ??= prepare(deps, options);
    const result = await ready;
    if (!result.ok) ready = null;
    return result;
  };
  return (["docker", "gvisor"] as const).map((tier) =>
    createTier(tier, (options.runtimes ?? RUNTIMES)[tier], { ...deps, memory: options.memory }, prepared),
  );
};

const createTier = (
  tier: ContainerTier,
  runtime: string,
  deps: DockerSandboxDeps & { readonly memory: ContainerMemory },
  prepared: () => Promise<Result<Ready, SandboxFault>>,
): SandboxProvider => {
  let probed: SandboxProbe | null = null;
  const withRuntime = async (): Promise<Result<Ready, SandboxFault>> => {
    const ready = await prepared();
    return !ready.ok || ready.value.facts.runtimes.has(runtime) ? ready : noRuntime(tier, runtime);
  };
  return {
    tier,
    async probe(signal) {
      throwIfAborted(signal);
      if (probed !== null) return ok(probed);
      const ready = await withRuntime();
      throwIfAborted(signal);
      if (!ready.ok) return ready;
      const { facts, image } = ready.value;
      const circumstances = await circumstancesOf(facts, runtime, image.id());
      probed = await deps.memory.recall(tier, circumstances);
      if (probed !== null) return ok(probed);
      const result = await probeContainers(
        { ...deps, facts, kind: { ...ready.value, tier, runtime, run: null } },
        signal,
      );
      if (!result.ok) return result;
      probed = result.value;
      await deps.memory.keep(circumstances, probed);
      return result;
    },
    async open(request, signal) {
      throwIfAborted(signal);
      const files = createFileSet(
        request.files.map(({ path, bytes }) => ({ path, bytes: bytes.slice() })),
        request.limits,
      );
      if (!files.ok) return files;
      const ready = await withRuntime();
      throwIfAborted(signal);
      if (!ready.ok) return ready;
      const run = request.run ?? null;
      const kind = { ...ready.value, tier, runtime, run };
      const removed = run === null ? ok(undefined) : await removeOfRun(kind.engine, kind.owner, run);
      throwIfAborted(signal);
      if (!removed.ok) return noEngine(removed.fault);
      const executable = new Set(request.files.flatMap((file) => (file.executable ? [file.path] : [])));
      const programs = createPrograms(deps, kind, executable);
      return ok(
        new FileSession({
          tier,
          programs: ["javascript", "shell"],
          files: files.value,
          limits: request.limits,
          runProgram: programs.run,
          release: programs.release,
          crypto: deps.crypto,
          beyondLimits: "failed",
        }),
      );
    },
  };
};

const prepare = async (
  deps: DockerSandboxDeps,
  { variables, memory }: DockerSandboxOptions,
): Promise<Result<Ready, SandboxFault>> => {
  const socket = engineSocket(variables);
  if (!socket.ok) return socket;
  // Loaded when a container is wanted: most commands want none.
  const { connectEngine } = await import("./engine.ts");
  const engine = connectEngine(socket.value);
  const facts = await engine.facts();
  if (!facts.ok) return noEngine(facts.fault);
  const named = await memory.owner();
  if (!named.ok) return named;
  const swept = await sweep(engine, named.value, deps.clock.wallMs());
  if (!swept.ok) return noEngine(swept.fault);
  const wish = { named: variables["WRIT_SANDBOX_IMAGE"] ?? "", owner: named.value };
  const image = await sandboxImage(engine, wish, deps.crypto);
  return image.ok ? ok({ engine, facts: facts.value, image: image.value, owner: named.value }) : image;
};

/** Counts up when the probe shows more than it did, so that what was shown before is shown again. */
const PROBE_VERSION = 2;

/** Everything that a probe's answer hangs on, as one text. */
const circumstancesOf = async (facts: EngineFacts, runtime: string, image: string): Promise<string> => {
  const { path = "", runtimeArgs = [] } = facts.runtimes.get(runtime) ?? {};
  const binary = path.startsWith("/") ? await stat(path).catch(() => null) : null;
  return JSON.stringify([
    PROBE_VERSION,
    [facts.id, facts.version, facts.kernel, image],
    [runtime, path, runtimeArgs, binary?.size ?? null, binary?.mtimeMs ?? null, binary?.ino ?? null],
  ]);
};

const noRuntime = (tier: ContainerTier, runtime: string): Result<never, SandboxFault> =>
  failed(
    fault("SANDBOX_UNAVAILABLE", `the engine has no runtime named ${runtime}, which ${tier} runs on`, {
      help:
        tier === "gvisor"
          ? "install gVisor (Debian: `apt install runsc`), register it with `runsc install` and restart the engine"
          : "use an engine that runs containers with runc",
    }),
  );
