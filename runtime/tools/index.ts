export { createExecutors } from "./create-executors.ts";
export { resumeFiles, type PastCall } from "./resume-files.ts";
export { createRunFiles, type RunFiles, type RunFilesOptions } from "./run-files.ts";
