import type { AgentDefinition, AgentSpec, Block } from "#protocol/agent-spec.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import type { FunctionSource } from "./compile-function.ts";
import { compileFunction } from "./compile-function.ts";
import type { Code, CompiledFunction } from "./instructions.ts";
import { Unit } from "./unit.ts";

/**
 * Compiles an agent's body with every function that it reaches. Total: whatever lowering would
 * not have made (an unknown name, a call that does not fit) becomes an instruction that ends the
 * run there with the reason.
 *
 * @param tools every tool that a body may name; whether the run is given it is for the gate.
 */
export const compileBody = (
  spec: Pick<AgentSpec, "functions">,
  agent: Pick<AgentDefinition, "functions" | "parameters">,
  body: Block,
  tools: readonly ToolDescriptor[],
): Code => {
  const unit = new Unit(agent.functions, spec.functions, tools);
  const functions: CompiledFunction[] = [];
  const compile = (source: FunctionSource): void => {
    functions.push(compileFunction(unit, source));
  };
  compile({ name: "", parameters: agent.parameters, body, home: "agent" });
  // The list grows while it is read: a function may want others.
  for (const { definition, home } of unit.wanted) {
    compile({ name: definition.name, parameters: definition.parameters, body: definition.body, home });
  }
  return {
    instructions: unit.instructions,
    spans: unit.spans,
    statements: unit.statements,
    functions,
  };
};
