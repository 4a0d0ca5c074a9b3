import type { AgentDefinition } from "#protocol/agent-spec.ts";
import type { BodyLimits } from "./body/limits.ts";
import { BODY_LIMITS_DEFAULT } from "./body/limits.ts";

/** Bounds of one run. The gate has bounds of its own for single calls. */
export interface RunLimits {
  /** Turns in which the model answers, all loops of the run together. */
  readonly iterationsMax: number;
  /** Model tokens in and out, all calls together. */
  readonly tokensMax: number;
  /** From the start to the end, waiting for people and models included. */
  readonly wallMsMax: number;
  /** Execution of tool calls, all of them together. */
  readonly toolMsMax: number;
  /** All messages of one conversation together, in UTF-16 code units. */
  readonly conversationLengthMax: number;
  /** How often in a row the model may propose exactly the same calls. */
  readonly repeatsMax: number;
  /** Changed files that are proposed for the workspace at the end. */
  readonly proposalsMax: number;
  /** Steps of a body between two looks at whether it should stop. */
  readonly sliceSteps: number;
  readonly body: BodyLimits;
}

export const RUN_LIMITS_DEFAULT: RunLimits = {
  iterationsMax: 25,
  tokensMax: 100_000,
  wallMsMax: 15 * 60_000,
  toolMsMax: 10 * 60_000,
  conversationLengthMax: 4 * 1024 * 1024,
  repeatsMax: 4,
  proposalsMax: 50,
  sliceSteps: 100_000,
  body: BODY_LIMITS_DEFAULT,
};

/** The limits of a run of this agent: what the file says only ever narrows what is configured. */
export const limitsFor = (agent: Pick<AgentDefinition, "limits">, configured: RunLimits): RunLimits => {
  const { iterationsMax, tokensMax, timeoutMs } = agent.limits;
  return {
    ...configured,
    iterationsMax: Math.min(configured.iterationsMax, iterationsMax?.value ?? Infinity),
    tokensMax: Math.min(configured.tokensMax, tokensMax?.value ?? Infinity),
    wallMsMax: Math.min(configured.wallMsMax, timeoutMs?.value ?? Infinity),
  };
};
