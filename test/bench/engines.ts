import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { OWNER_LABEL } from "#adapters/docker/container-options.ts";
import { createDockerSandboxes } from "#adapters/docker/docker-sandbox.ts";
import { connectEngine } from "#adapters/docker/engine.ts";
import { IMAGE_OWNER_LABEL } from "#adapters/docker/image.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { ok } from "#kernel/result.ts";
import type { SandboxProgram, SandboxProvider, SandboxSession } from "#ports/sandbox.ts";
import { containerProfile } from "#sandbox/container-profile.ts";
import type { ContainerTier } from "#sandbox/container-profile.ts";
import { WASM_LIMITS_DEFAULT } from "#sandbox/profile.ts";
import { canStartEngine, startEngine } from "#test/kit/engine-host.ts";
import { valueOf } from "./kit/ledgers.ts";
import type { Comparison, Work } from "./measure.ts";
import { compare } from "./measure.ts";

const RUNTIMES: Readonly<Record<ContainerTier, string>> = { docker: "runc", gvisor: "runsc" };
const LIMITS = WASM_LIMITS_DEFAULT;
const GOAL = { k: "ratio", most: 1.25 } as const;
const ROUNDS = 9;
const IN_A_ROW = 4;
/** In which a container that was just started has come to rest, and one that has ended is gone. */
const REST_MS = 500;
const REST_MS_MAX = 30_000;

const SHELL: SandboxProgram = { kind: "shell", command: "true" };
const JAVASCRIPT: SandboxProgram = { kind: "javascript", code: "1 + 1" };

/** Containers on an engine of our own, each beside the engine's own command line with the same image, runtime and options. */
export const engineComparisons = async (): Promise<readonly Comparison[]> => {
  if (!canStartEngine()) {
    process.stderr.write("no Docker Engine with gVisor can be started here: nothing is measured of them\n");
    return [];
  }
  const engine = await startEngine();
  try {
    const comparisons: Comparison[] = [];
    // One owner for both tiers, since an image belongs to who made it.
    const owner = randomBytes(16).toString("hex");
    for (const tier of ["docker", "gvisor"] as const) {
      const bench = createBench(engine.socket, tier, owner);
      try {
        comparisons.push(...(await comparisonsOf(tier, bench)));
      } finally {
        await bench.close();
      }
    }
    return comparisons;
  } finally {
    await engine.stop();
  }
};

const comparisonsOf = async (tier: ContainerTier, bench: Bench): Promise<readonly Comparison[]> => {
  const shell = ["/bin/sh", "-c", "true"];
  return [
    await compare({
      title: `${tier}: \`true\` in a new session`,
      unit: "session",
      baseline: bench.dockerRun(shell),
      ours: bench.newSession(SHELL),
      rounds: ROUNDS,
      goal: GOAL,
    }),
    await compare({
      title: `${tier}: \`true\`, a container waiting`,
      unit: "program",
      baseline: bench.dockerExec(shell),
      ours: bench.waiting(SHELL),
      rounds: ROUNDS,
      goal: GOAL,
    }),
    await compare({
      title: `${tier}: \`1 + 1\` in Node, a container waiting`,
      unit: "program",
      baseline: bench.dockerExec(["/bin/node", "-p", "1 + 1"]),
      ours: bench.waiting(JAVASCRIPT),
      rounds: ROUNDS,
      goal: GOAL,
    }),
    await compare({
      title: `${tier}: \`true\` ${IN_A_ROW} times without a pause`,
      unit: "program",
      baseline: bench.dockerRun(shell),
      ours: {
        name: "exec",
        run: async () => {
          for (let time = 0; time < IN_A_ROW; time += 1) await bench.exec(SHELL);
          return IN_A_ROW;
        },
      },
      rounds: ROUNDS,
    }),
  ];
};

interface Bench {
  dockerRun(command: readonly string[]): Work;
  dockerExec(command: readonly string[]): Work;
  newSession(program: SandboxProgram): Work;
  /** One program in the session whose next container is there. */
  waiting(program: SandboxProgram): Work;
  exec(program: SandboxProgram): Promise<void>;
  close(): Promise<void>;
}

const createBench = (socket: string, tier: ContainerTier, owner: string): Bench => {
  const engine = connectEngine(socket);
  const provider = providerOf(socket, tier, owner);
  const docker = async (...args: readonly string[]): Promise<string> =>
    (await promisify(execFile)("docker", args, { env: { ...process.env, DOCKER_HOST: `unix://${socket}` } }))
      .stdout;
  const options = {
    timeoutMs: 30_000,
    signal: new AbortController().signal,
    hidden: new Set<string>(),
    mayKeep: async () => true,
  };
  const open = async (): Promise<SandboxSession> =>
    valueOf(await provider.open({ files: [], limits: LIMITS }, options.signal));
  const execIn = async (session: SandboxSession, program: SandboxProgram): Promise<void> => {
    const { exitCode } = valueOf(await session.exec(program, options));
    if (exitCode !== 0) throw new Error(`it ended with ${String(exitCode)}`);
  };
  /** The container that runs, where there is no other. */
  const onlyOne = async (): Promise<string | null> => {
    const found = await engine.list(`${OWNER_LABEL}=${owner}`);
    if (!found.ok) throw new Error(found.fault.why);
    const [only, ...others] = await Promise.all(found.value.map(({ id }) => engine.state(id)));
    return only?.ok === true && others.length === 0 && only.value.processId > 0 ? only.value.id : null;
  };
  /** Until nothing of ours runs but what waits, and nothing is being started or cleaned up. */
  const atRest = async (): Promise<void> => {
    for (let waitedMs = 0; waitedMs < REST_MS_MAX; waitedMs += REST_MS) {
      const before = await onlyOne();
      await pause(REST_MS);
      if (before !== null && before === (await onlyOne())) return;
    }
    throw new Error("containers do not come to rest");
  };
  let session: SandboxSession | null = null;
  const held = async (): Promise<SandboxSession> => {
    if (session !== null) return session;
    session = await open();
    await execIn(session, SHELL);
    return session;
  };
  const image = async (): Promise<string> => {
    await held();
    return (await docker("images", "--quiet", "--filter", `label=${IMAGE_OWNER_LABEL}=${owner}`)).trim();
  };
  let running: Promise<string> | null = null;
  const container = async (): Promise<string> => {
    running ??= docker("run", "--detach", ...flagsOf(tier), await image(), "/bin/sleep", "3600");
    return (await running).trim();
  };
  const prepare = async (): Promise<void> => {
    await held();
    await atRest();
  };
  return {
    dockerRun: (command) => {
      let named = "";
      return {
        name: "`docker run --rm`",
        prepare: async () => {
          named = await image();
          await atRest();
        },
        run: async () => void (await docker("run", "--rm", ...flagsOf(tier), named, ...command)),
      };
    },
    dockerExec: (command) => {
      let named = "";
      return {
        name: "`docker exec`",
        prepare: async () => {
          named = await container();
          await prepare();
        },
        run: async () => void (await docker("exec", named, ...command)),
      };
    },
    newSession: (program) => ({
      name: "open, exec, close",
      prepare,
      run: async () => {
        const fresh = await open();
        await execIn(fresh, program);
        await fresh.close();
      },
    }),
    waiting: (program) => ({
      name: "exec",
      prepare,
      run: async () => execIn(await held(), program),
    }),
    exec: async (program) => execIn(await held(), program),
    close: async () => {
      await session?.close();
      if (running !== null) await docker("rm", "--force", await container());
    },
  };
};

const providerOf = (socket: string, tier: ContainerTier, owner: string): SandboxProvider => {
  const deps = { clock: systemClock, entropy: createSystemEntropy(), crypto: createNodeCrypto() };
  const tiers = createDockerSandboxes(deps, {
    variables: { DOCKER_HOST: `unix://${socket}` },
    memory: {
      owner: () => Promise.resolve(ok(owner)),
      recall: () => Promise.resolve(null),
      keep: () => Promise.resolve(),
    },
  });
  const provider = tiers.find((each) => each.tier === tier);
  if (provider === undefined) throw new Error(`there is no tier ${tier}`);
  return provider;
};

/** What our containers have, as the command line of the engine takes it. */
const flagsOf = (tier: ContainerTier): readonly string[] => {
  const profile = containerProfile(tier, LIMITS);
  const mount = ({ bytesMax, entriesMax }: (typeof profile)["work"]): string =>
    `rw,exec,nosuid,nodev,mode=0700,uid=10000,gid=10000,size=${bytesMax},nr_inodes=${entriesMax}`;
  return [
    [`--runtime=${RUNTIMES[tier]}`, "--network=none", "--read-only", "--cap-drop=ALL"],
    ["--security-opt=no-new-privileges", "--ipc=none", "--log-driver=none", "--user=10000:10000"],
    [`--memory=${profile.memoryBytesMax}`, `--memory-swap=${profile.memoryBytesMax}`],
    [`--pids-limit=${profile.processesMax}`, `--cpus=${profile.processorsMax}`, "--workdir=/work"],
    [`--ulimit=fsize=${profile.fileBytesMax}`, "--ulimit=core=0", "--ulimit=nofile=1024"],
    [`--tmpfs=/work:${mount(profile.work)}`, `--tmpfs=/tmp:${mount(profile.temporary)}`],
  ].flat();
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
