/*
 * The entry of `writ`. The thread that parses takes longer to start than everything else of a command
 * takes to load, so it starts first; where it cannot, the command finds out and says so.
 */
const [, , command, ...words] = process.argv;
if ((command === "check" || command === "run") && !words.includes("--help")) {
  const { startLowering } = await import("#host/compose/lowering.ts");
  startLowering();
}
await import("./main.ts");
