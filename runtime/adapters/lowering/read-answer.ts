import { createHash } from "node:crypto";

import { type Sha256, sha256OfBytes } from "#kernel/digest.ts";
import type { LoweringInput } from "#ports/lowering.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import { readAgentSpec } from "#protocol/agent-spec-schema.ts";
import { type Checked, mayRun } from "#protocol/problem.ts";
import { readProblems } from "#protocol/problem-schema.ts";

/** What the thread sent, if that is what a lowering of this input gives. The thread has read a hostile text. */
export const readAnswer = (
  answer: unknown,
  { path, bytes }: LoweringInput,
): Checked<AgentSpec | null> | undefined => {
  if (typeof answer !== "object" || answer === null) return undefined;
  if (!("value" in answer) || !("problems" in answer)) return undefined;
  const problems = readProblems(answer.problems);
  if (problems === undefined) return undefined;
  if (answer.value === null) return { value: null, problems };
  const spec = readAgentSpec(answer.value, sha256);
  // A spec says itself whether it may run; one that says more than its problems do is not believed.
  if (!spec.ok || spec.value.isWhole !== mayRun(problems)) return undefined;
  const { source } = spec.value;
  if (source.path !== path || source.sizeBytes !== bytes.length || source.digest !== sha256(bytes)) {
    return undefined;
  }
  return { value: spec.value, problems };
};

const sha256 = (bytes: Uint8Array): Sha256 => sha256OfBytes(createHash("sha256").update(bytes).digest());
