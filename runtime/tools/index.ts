export { createExecutors } from "./create-executors.ts";
export { namedFile } from "./file-tools.ts";
export { createRunFiles } from "./run-files.ts";
