export { createExecutors, type ExecutorDeps } from "./create-executors.ts";
export { resumeFiles, type PastCall, type ResumedFiles } from "./resume-files.ts";
export { createRunFiles, type RunFiles, type RunFilesOptions } from "./run-files.ts";
