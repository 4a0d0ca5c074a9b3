export { createExecutors } from "./create-executors.ts";
export { createRunFiles } from "./run-files.ts";
