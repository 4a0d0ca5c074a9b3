export { asksModel } from "./asks-model.ts";
export { resumeAgent, runAgent } from "./driver.ts";
export type { Abandoned } from "./give-up.ts";
export { giveUpRun } from "./give-up.ts";
export { checkInputs, inputsFromTexts } from "./inputs.ts";
export type { EffectAnswer, LostEffect } from "./lost-effects.ts";
export { untoldEffects } from "./lost-effects.ts";
export { HOST_DIED } from "./journal.ts";
export { RUN_LIMITS_DEFAULT } from "./limits.ts";
export type { PastEntry, RunPast } from "./past.ts";
export { decisionsOf, PARTS_OF_PAST, readPast } from "./past.ts";
export type { RecorderPlace } from "./recorder.ts";
export { createRunRecorder } from "./recorder.ts";
/** @public for readers of finished runs. */
export { replayRun } from "./replay.ts";
export { planResume } from "./resume.ts";
export type { RunDeps, RunReport, RunRequest, RunSession, SessionRequest } from "./run-request.ts";
