export { runAgent } from "./driver.ts";
export { checkInputs, inputsFromTexts } from "./inputs.ts";
export { RUN_LIMITS_DEFAULT } from "./limits.ts";
export { createRunRecorder } from "./recorder.ts";
/** @public for readers of finished runs. */
export { replayRun } from "./replay.ts";
export type { RunReport, RunSession, SessionRequest } from "./run-request.ts";
