import type { RunId } from "#kernel/ids.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { PROGRAM_TIMEOUT_MS_DEFAULT } from "#sandbox/profile.ts";

import { RUN_LABEL } from "./container-options.ts";
import type { DockerSandboxOptions } from "./docker-sandbox.ts";
import { engineSocket } from "./endpoint.ts";
import { removeOfRun } from "./remove-of-run.ts";
import { lifeMsOf } from "./run-program.ts";
import { sweep } from "./sweep.ts";

/**
 * Ends what the dead process of a run that is over left on the engine, and waits until it is gone. What other
 * ended processes of this user left is removed too where its lease is over.
 */
export const removeLeft = async (
  { variables, memory }: Pick<DockerSandboxOptions, "variables" | "memory">,
  run: RunId,
  wallMs: number,
): Promise<Result<void, Fault<"SANDBOX_LEFT">>> => {
  const socket = engineSocket(variables);
  if (!socket.ok) return failed(left(run, socket.fault.message));
  const owner = await memory.owner();
  if (!owner.ok) return failed(left(run, owner.fault.message));
  const { connectEngine } = await import("./engine.ts");
  const engine = connectEngine(socket.value);
  const removed = await removeOfRun(engine, owner.value, run);
  if (!removed.ok) return failed(left(run, removed.fault.why));
  // What stays of others is no matter of this run's: the next sandbox that is opened takes it away.
  await sweep(engine, owner.value, wallMs);
  return ok(undefined);
};

const MINUTES_LEFT_MAX = Math.ceil(lifeMsOf(PROGRAM_TIMEOUT_MS_DEFAULT) / 60_000);

const left = (run: RunId, why: string): Fault<"SANDBOX_LEFT"> =>
  fault("SANDBOX_LEFT", `the run is over, but its containers could not be removed: the engine: ${why}`, {
    help: `a program of it may still run, and is ended at the latest ${MINUTES_LEFT_MAX} minutes after it began; \`docker ps --filter label=${RUN_LABEL}=${run}\` shows it`,
  });
