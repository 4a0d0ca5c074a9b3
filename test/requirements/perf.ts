import type { Area } from "./row.ts";

export const perf = {
  title: "Performance",
  summary: "Published figures for start-up, memory, CPU and pauses, with the commands to repeat them.",
  rows: {
    "perf.agent.startup": {
      kind: "keep",
      promise: "An ordinary agent starts in <1s.",
      how: "A benchmark for each tier, and one with no container.",
      stages: ["loop", "sandbox", "performance"],
    },
    "perf.agent.memory": {
      kind: "keep",
      promise: "Depending on how it is configured, an agent needs 1-5MB of memory.",
      how: "Resident bytes per agent among 10,000 stay at 5 MB or less.",
      stages: ["scheduler", "performance"],
    },
    "perf.runtime.cpu": {
      kind: "keep",
      promise: "On top of what agents do, the runtime takes <5% of the CPU.",
      how: "A benchmark compares a scripted load with the bare work.",
      stages: ["performance"],
    },
    "perf.gc.incremental": {
      kind: "adapt",
      promise: "Garbage is collected step by step, in pauses that are bounded.",
      how: "Delay of the event loop and pauses of the collector are held, at their 99th percentile, to a published bound.",
      reason:
        "The collector is V8's and not ours to program. Its pauses are measured, and Writ's own sweeps work in slices.",
      stages: ["performance"],
    },
    "perf.guard-pages": {
      kind: "adapt",
      promise: "Guard pages and detection of overflows keep memory safe.",
      how: "The attack suite writes past the end of memory on the wasm tier.",
      reason:
        "JavaScript cannot overflow a buffer, and every write to one is checked for length; the engine bounds wasm memories, which live in child processes.",
      stages: ["sandbox", "performance"],
    },
    "perf.leaks": {
      kind: "keep",
      promise: "Clean-up by itself and constant watching prevent leaks.",
      how: "A soak run looks for growth of the heap, and handles are counted before and after.",
      stages: ["performance"],
    },
    "perf.virtual-threads": {
      kind: "refuse",
      promise: "Hardware-assisted virtual threads switch contexts.",
      how: "Concurrency comes from an event loop and from worker threads.",
      reason: "JavaScript has no access to such threads.",
      stages: ["performance"],
    },
    "perf.native": {
      kind: "adapt",
      promise:
        "The implementation is native, with an architecture that is modular, secure and scales, and fast enough for production.",
      how: "A capacity plan rests on the measured cost of each agent, message, decision, entry and job.",
      reason:
        "Writ runs on Node and is written in TypeScript; wasm and native cryptography are used where measurement shows that they pay.",
      stages: ["service", "performance"],
    },
  },
} as const satisfies Area;
