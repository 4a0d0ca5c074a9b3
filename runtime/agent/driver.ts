import type { Fault, Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { InputsFault } from "./inputs.ts";
import { checkInputs } from "./inputs.ts";
import { programOf } from "./program.ts";
import type { ResumePlan } from "./resume.ts";
import type { Begun } from "./run.ts";
import { Run } from "./run.ts";
import type { ResumeDeps, RunDeps, RunReport, RunRequest } from "./run-request.ts";
import { RUN_KEY_BYTES } from "./state-digest.ts";

/**
 * Runs an agent to its end and says how that was. Refuses, with nothing recorded, a name that the
 * file does not have or inputs that do not fit; everything after that is a report. Aborting
 * `signal` cancels: what is under way is ended and gone before this resolves. Never rejects.
 */
export const runAgent = async (
  deps: RunDeps,
  request: RunRequest,
  signal: AbortSignal,
): Promise<Result<RunReport, Fault<"AGENT_UNKNOWN"> | InputsFault>> => {
  const program = programOf(request);
  if (!program.ok) return program;
  const inputs = checkInputs(program.value.agent.parameters, request.inputs);
  if (!inputs.ok) return inputs;
  const run = new Run(deps, { ...request, inputs: inputs.value }, program.value, {
    key: deps.entropy.bytes(RUN_KEY_BYTES),
    state: null,
    used: NOTHING_USED,
  });
  return ok(await run.toEnd(() => run.start(), signal));
};

/**
 * Goes on with a run that was interrupted, from the state that its inputs lead to, and says how it
 * ended like `runAgent`. What its dead host left open is closed on record first; nothing of which
 * that host may have had an effect is done again without a person. Refuses where another host went
 * on with the run at the same moment and is the run: then nothing was done here.
 *
 * @param request as the plan was made with.
 */
export const resumeAgent = async (
  deps: ResumeDeps,
  request: Omit<RunRequest, "inputs">,
  plan: ResumePlan,
  signal: AbortSignal,
): Promise<Result<RunReport, Fault<string>>> => {
  const { inputs, past, replay } = plan;
  const whole = { ...request, inputs };
  const program = programOf(whole);
  if (!program.ok) return program;
  const { key, state } = replay;
  const used = { ...past.used, inputs: past.journal.length };
  const run = new Run(deps, whole, program.value, { key, state, used });
  const report = await run.toEnd(() => run.resume(deps, plan), signal);
  return run.withdrawn === null ? ok(report) : failed(run.withdrawn);
};

const NOTHING_USED: Begun["used"] = { inputs: 0, wallMs: 0, toolMs: 0, calls: 0 };
