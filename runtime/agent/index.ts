export { BODY_LIMITS_DEFAULT } from "./body/limits.ts";
export { runAgent } from "./driver.ts";
export { checkInputs, inputsFromTexts } from "./inputs.ts";
export type { JournalEntry } from "./journal.ts";
export type { RunLimits } from "./limits.ts";
export { RUN_LIMITS_DEFAULT } from "./limits.ts";
export { createRunRecorder } from "./recorder.ts";
export { replayRun } from "./replay.ts";
export type { RunReport, RunRequest, RunSession, SessionRequest } from "./run-request.ts";
