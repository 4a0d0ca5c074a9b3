import { utf8 } from "#kernel/bytes.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { SandboxFault } from "#ports/sandbox.ts";

const DEFAULT_SOCKET = "/var/run/docker.sock";

/**
 * The socket of the engine that the person's surroundings name: `DOCKER_HOST`, else the usual place. Only
 * sockets of this machine: an engine behind TCP would see every file of a run, and one without TLS obeys
 * whoever can reach it. A workspace has no say in this. What is refused is never repeated: it may hold a
 * password.
 */
export const engineSocket = (
  variables: Readonly<Record<string, string | undefined>>,
): Result<string, SandboxFault> => {
  const host = variables["DOCKER_HOST"] ?? "";
  if (host === "") return ok(DEFAULT_SOCKET);
  const [, path] = /^unix:\/\/(\/.+)$/.exec(host) ?? [];
  if (path !== undefined && utf8(path).length <= SOCKET_PATH_BYTES_MAX) return ok(path);
  const why =
    path === undefined
      ? whyNot(host)
      : `names a path of more than ${SOCKET_PATH_BYTES_MAX} bytes, which no socket has`;
  return failed(
    fault("SANDBOX_UNAVAILABLE", `DOCKER_HOST ${why}`, {
      help: "set DOCKER_HOST to `unix://` and the path of the engine's socket, or leave it unset",
    }),
  );
};

/** As Linux has them; other systems have a few less. */
const SOCKET_PATH_BYTES_MAX = 107;

const whyNot = (host: string): string => {
  if (host.startsWith("ssh://")) {
    return "names an engine behind ssh, no socket of this machine: such engines are not supported, nor are BuildKit sessions";
  }
  return /^(?:tcp|https?):\/\//.test(host)
    ? "names an engine behind the network, no socket of this machine: it would have every file of a run"
    : "names no socket of this machine";
};
