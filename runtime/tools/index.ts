export { createExecutors } from "./create-executors.ts";
export { namedFile, readToolArguments } from "./tool-arguments.ts";
export { createRunFiles } from "./run-files.ts";
export type { PastCall, ResumedFiles } from "./resume-files.ts";
export { resumeFiles } from "./resume-files.ts";
