import type { Remedy } from "./finding.ts";

/** What of a machine decides how something is installed on it. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** Debian, or a system made of it, such as Ubuntu. */
  readonly isDebian: boolean;
  readonly isRoot: boolean;
  readonly hasSystemd: boolean;
  /** Whether the engine's program lies in one of its usual places. */
  readonly hasDockerd: boolean;
  /** The same for gVisor's. */
  readonly hasRunsc: boolean;
}

const ENGINE_PAGE = "https://docs.docker.com/engine/install/";
const GVISOR_PAGE = "https://gvisor.dev/docs/user_guide/install/";

/** Why an engine is of no use, as far as that decides what to do. */
export type EngineLack =
  /** There is no socket. */
  | "absent"
  /** Its socket is not for this user. */
  | "closed"
  /** Nobody listens at its socket. */
  | "dead"
  /** It did not answer as it should. */
  | "unanswered";

export const engineRemedy = (lack: EngineLack, machine: Machine): Remedy => {
  const { platform, isDebian, hasDockerd } = machine;
  if (platform === "win32") return WITHOUT_WINDOWS;
  if (lack === "closed") {
    return {
      what: "become a member of its group and log in again; whoever is in it can do what root can",
      command: 'sudo usermod -aG docker "$USER"',
    };
  }
  if (platform === "darwin") {
    return { what: "start Docker Desktop or another Docker Engine", command: null };
  }
  if (lack === "unanswered") return { what: "restart it", command: restart(machine) };
  if (lack === "dead" || hasDockerd) return { what: "start it", command: start(machine) };
  return isDebian
    ? { what: "install it", command: asRoot("apt install docker.io busybox-static", machine) }
    : { what: `install it as ${ENGINE_PAGE} says`, command: null };
};

/** How the engine gets a runtime named `runsc`. */
export const gvisorRemedy = (machine: Machine): Remedy => {
  const { platform, isDebian, hasRunsc } = machine;
  if (platform !== "linux") return { what: "gVisor runs on Linux only", command: null };
  const register = `${asRoot("runsc install", machine)} && ${restart(machine)}`;
  if (hasRunsc) return { what: "register it with the engine", command: register };
  return isDebian
    ? {
        what: "install it and register it with the engine",
        command: `${asRoot("apt install runsc", machine)} && ${register}`,
      }
    : { what: `install it as ${GVISOR_PAGE} says, then register it with the engine`, command: register };
};

/** What the image of containers is made of. */
export const imageRemedy = ({ platform, isDebian, ...machine }: Machine): Remedy => {
  const named = "name an image that the engine has in WRIT_SANDBOX_IMAGE";
  if (platform !== "linux") return { what: named, command: null };
  return isDebian
    ? {
        what: "install what it is made of",
        command: asRoot("apt install busybox-static", machine),
      }
    : { what: `install a busybox that is linked statically as /bin/busybox, or ${named}`, command: null };
};

const WITHOUT_WINDOWS: Remedy = {
  what: "containers need a Unix socket: use writ and Docker Engine in WSL 2",
  command: null,
};

const asRoot = (command: string, { isRoot }: Pick<Machine, "isRoot">): string =>
  isRoot ? command : `sudo ${command}`;

const start = (machine: Machine): string => service("start", machine);
const restart = (machine: Machine): string => service("restart", machine);

const service = (verb: string, machine: Machine): string =>
  asRoot(machine.hasSystemd ? `systemctl ${verb} docker` : `service docker ${verb}`, machine);
