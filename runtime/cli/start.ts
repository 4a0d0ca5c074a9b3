/*
 * The entry of `writ`. The thread that parses takes longer to start than everything else of a command
 * takes to load, so it starts first; where it cannot, the command finds out and says so.
 */
import { setFlagsFromString } from "node:v8";

// Cedar runs as WebAssembly in several threads of this process, and V8 at times aborts while it frees code that one
// of them has replaced (nodejs/node#64500). What is kept instead is bounded by the size of Cedar itself.
setFlagsFromString("--no-wasm-code-gc");

const [, , command, ...words] = process.argv;
if ((command === "check" || command === "run") && !words.includes("--help")) {
  const { startLowering } = await import("#host/compose/lowering-thread.ts");
  startLowering();
}
await import("./main.ts");
