export { createExecutors } from "./create-executors.ts";
export { createRunFiles, type RunFiles, type RunFilesOptions } from "./run-files.ts";
