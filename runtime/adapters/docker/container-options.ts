import type { ContainerCreateOptions } from "dockerode";

import type { RunId } from "#kernel/ids.ts";
import type { ContainerProfile, TemporaryFileSystem } from "#sandbox/container-profile.ts";

import { driver } from "./driver.ts";

/** Where the engine finds what is ours, and until when it may be there. */
export const OWNER_LABEL = "dev.writ.owner";
/** Unix milliseconds after which whoever owns it may take it away. */
export const LEASE_LABEL = "dev.writ.lease";
/** The run whose program is in it; a probe's has none. */
export const RUN_LABEL = "dev.writ.run";

export interface ContainerIdentity {
  readonly owner: string;
  readonly run: RunId | null;
  readonly leaseEndMs: number;
  /** Longest that the container waits for its program. */
  readonly waitSecondsMax: number;
  readonly image: string;
  /** The engine's runtime, such as `runc`. */
  readonly runtime: string;
  /** A user and a group that nothing else on the machine has. */
  readonly userId: number;
}

/** Everything that a container of a run is, with every wall that an engine offers. */
export const containerOptions = (
  profile: ContainerProfile,
  identity: ContainerIdentity,
): ContainerCreateOptions => {
  const { userId } = identity;
  return {
    Image: identity.image,
    Cmd: [...driver(identity.waitSecondsMax)],
    Entrypoint: [],
    Env: ["PATH=/bin", "HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8"],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    // Its input ends with the connection that brings it, so that it never waits for who is gone.
    StdinOnce: true,
    User: `${userId}:${userId}`,
    WorkingDir: "/work",
    // An engine that is going down asks its containers to end, and waits for them. Ours have nothing to finish.
    StopSignal: "SIGKILL",
    Hostname: "sandbox",
    NetworkDisabled: true,
    Labels: {
      [OWNER_LABEL]: identity.owner,
      [LEASE_LABEL]: String(identity.leaseEndMs),
      ...(identity.run === null ? {} : { [RUN_LABEL]: identity.run }),
    },
    HostConfig: {
      Runtime: identity.runtime,
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Privileged: false,
      IpcMode: "none",
      PidMode: "",
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "none", Config: {} },
      Memory: profile.memoryBytesMax,
      // Equal to the memory: no swap.
      MemorySwap: profile.memoryBytesMax,
      PidsLimit: profile.processesMax,
      NanoCpus: profile.processorsMax * 1_000_000_000,
      Ulimits: [
        { Name: "fsize", Soft: profile.fileBytesMax, Hard: profile.fileBytesMax },
        { Name: "core", Soft: 0, Hard: 0 },
        { Name: "nofile", Soft: 1_024, Hard: 1_024 },
      ],
      Tmpfs: {
        "/work": mountOptions(profile.work, userId),
        "/tmp": mountOptions(profile.temporary, userId),
      },
    },
  };
};

const mountOptions = ({ bytesMax, entriesMax }: TemporaryFileSystem, userId: number): string =>
  `rw,exec,nosuid,nodev,mode=0700,uid=${userId},gid=${userId},size=${bytesMax},nr_inodes=${entriesMax}`;
