import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { compiledIn, type RunScript, workerScript } from "./worker-script.ts";

/*
 * What a build starts as the lowering thread: the code of `worker.ts`, already compiled. Both files were
 * written by the build and lie beside this one; nothing writes there later.
 */
const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const path = beside("./lowering-code.cjs");
const code = readFileSync(path, "utf8");
const compiled = beside("./lowering-code.v8");
const script = workerScript(
  code,
  path,
  existsSync(compiled) ? compiledIn(readFileSync(compiled), code) : undefined,
);
const run = script.runInThisContext() as RunScript;
run((name) => process.getBuiltinModule(name));
