import { lowerSource } from "#language/lower/lower.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import { mayRun } from "#protocol/problem.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { sha256 } from "./policy-requests.ts";

/** The specification of an agent file that may run; throws with its problems otherwise. */
export const agentSpecOf = (text: string, path = "agents/reader.symbi"): AgentSpec => {
  const { value, problems } = lowerSource(
    { path, bytes: utf8(text) },
    { digest: sha256, tools: BUILTIN_TOOLS },
  );
  if (value === null || !mayRun(problems)) throw new Error(JSON.stringify(problems, null, 2));
  return value;
};
