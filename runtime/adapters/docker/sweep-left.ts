import type { Result } from "#kernel/result.ts";
import type { SandboxFault } from "#ports/sandbox.ts";

import type { DockerSandboxOptions } from "./docker-sandbox.ts";
import { engineSocket } from "./endpoint.ts";
import { noEngine } from "./image.ts";
import { sweep } from "./sweep.ts";

/**
 * Removes what ended processes of this user left on the engine, where no run is about to need one;
 * opening a sandbox does it too. A container whose lease is not over yet ends by itself within it, and
 * is removed the next time. Gives how many are gone.
 */
export const sweepLeft = async (
  { variables, memory }: Pick<DockerSandboxOptions, "variables" | "memory">,
  wallMs: number,
): Promise<Result<number, SandboxFault>> => {
  const socket = engineSocket(variables);
  if (!socket.ok) return socket;
  const owner = await memory.owner();
  if (!owner.ok) return owner;
  const { connectEngine } = await import("./engine.ts");
  const swept = await sweep(connectEngine(socket.value), owner.value, wallMs);
  return swept.ok ? swept : noEngine(swept.fault);
};
