import { isAbsolute, relative, resolve, sep } from "node:path";

import type { JsonObject } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import { inputsFromTexts } from "#agent/index.ts";

import type { PlanRefusal, RunOrder } from "../plan-run.ts";
import { bindAgent } from "../plan-run.ts";
import { openLowering } from "./lowering.ts";
import { openPolicyEngine } from "./policies.ts";

/**
 * Looks at what a host is about to be asked for, where its person still is: problems of the file and
 * the policies are shown here, and texts become values of the agent's parameters. The host looks again.
 */
export const checkOrder = async (
  order: RunOrder,
  texts: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<Result<JsonObject, PlanRefusal>> => {
  const policies = await openPolicyEngine();
  if (!policies.ok) return failed({ k: "unavailable", fault: policies.fault });
  const { engine, decider } = policies.value;
  const lowering = openLowering();
  try {
    const bound = await bindAgent({ lowering, engine }, order, signal);
    if (!bound.ok) return bound;
    bound.value.policies.close();
    const inputs = inputsFromTexts(bound.value.agent.parameters, texts);
    return inputs.ok ? ok(inputs.value) : failed({ k: "usage", fault: inputs.fault });
  } finally {
    await lowering.close();
    await decider.close();
  }
};

/** The name of a model as it means the same to a host, which stands in the workspace's folder. */
export const modelForHost = (named: string | null, cwd: string, folder: string): string | null => {
  if (named?.startsWith(SCRIPTED) !== true) return named;
  const script = named.slice(SCRIPTED.length);
  if (isAbsolute(script)) return named;
  return `${SCRIPTED}${relative(folder, resolve(cwd, script)).split(sep).join("/")}`;
};

const SCRIPTED = "scripted:";
