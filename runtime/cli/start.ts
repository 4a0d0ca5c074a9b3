/*
 * The entry of `writ`. The thread that parses takes longer to start than everything else of a command
 * takes to load, so it starts first; where it cannot, the command finds out and says so.
 */
import { setFlagsFromString } from "node:v8";
import { V8_FLAGS } from "./v8-flags.ts";

setFlagsFromString(V8_FLAGS);

const [, , command, ...words] = process.argv;
if ((command === "check" || command === "run") && !words.includes("--help")) {
  const { startLowering } = await import("#host/compose/lowering-thread.ts");
  startLowering();
}
await import("./main.ts");
