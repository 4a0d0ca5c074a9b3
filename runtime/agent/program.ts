import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Fault } from "#kernel/result.ts";
import type { AgentDefinition, AgentSpec } from "#protocol/agent-spec.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { compileBody } from "./body/compile.ts";
import type { Code } from "./body/instructions.ts";
import { namesField } from "./body/instructions.ts";
import type { RunLimits } from "./limits.ts";
import { LOOP_END_FIELD } from "./loop-ends.ts";
import { limitsFor } from "./limits.ts";
import { instructionsOf } from "./prompt.ts";

/**
 * The rules by which the results of a run follow from its inputs: of bodies, of the loop, of what
 * the model is sent. Rises with every change that could make a recorded run replay otherwise.
 */
export const ENGINE_SEMANTICS = 2;

/** What stays the same during a run: the agent as compiled, what it was given, and its bounds. */
export interface Program {
  readonly agent: AgentDefinition;
  /** Null where the agent has no body: then the run is one reasoning loop over the inputs. */
  readonly code: Code | null;
  /** Whether the body looks at how its reasoning loops ended. */
  readonly looksAtLoopEnds: boolean;
  /** What the file tells the model about the agent. */
  readonly instructions: string | null;
  /** The tools that the run was given, for its model and its body alike. */
  readonly tools: readonly ToolDescriptor[];
  readonly limits: RunLimits;
}

export interface ProgramSource {
  readonly spec: AgentSpec;
  readonly agent: string;
  /** Every tool of this build. */
  readonly registry: readonly ToolDescriptor[];
  /** Names of the tools that the run is given. */
  readonly offered: readonly string[];
  /** As configured; the file narrows them. */
  readonly limits: RunLimits;
}

/** The program of one agent of a file that may run. */
export const programOf = (source: ProgramSource): Result<Program, Fault<"AGENT_UNKNOWN">> => {
  const { spec, registry } = source;
  const agent = spec.agents.find((known) => known.name === source.agent);
  if (agent === undefined) {
    const names = spec.agents.map((known) => known.name).join(", ");
    return failed(
      fault("AGENT_UNKNOWN", "the file has no agent of that name", {
        help: names === "" ? "it declares no agent at all" : `it declares ${names}`,
      }),
    );
  }
  const code = agent.body === null ? null : compileBody(spec, agent, agent.body, registry);
  return ok({
    agent,
    code,
    looksAtLoopEnds: code !== null && namesField(code, LOOP_END_FIELD),
    instructions: instructionsOf(spec.metadata),
    tools: registry.filter((tool) => source.offered.includes(tool.name)),
    limits: limitsFor(agent, source.limits),
  });
};
