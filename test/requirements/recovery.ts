import type { Area } from "./row.ts";

export const recovery = {
  title: "Recovery",
  summary: "Faults meet a strategy by class, and lost parts are replaced without losing work.",
  rows: {
    "recovery.error-handler": {
      kind: "keep",
      promise: "All faults of agents end up with one error handler.",
      how: "Policy picks the strategy for each class of fault (retry, fallback, compensate, restart, fail over, suspend, dead letter), and tests observe that it worked.",
      stages: ["scheduler"],
    },
    "recovery.failover": {
      kind: "keep",
      promise: "When a part fails, another takes over by itself.",
      how: "The job of a killed worker is delivered again; with the broker dead, work continues in process.",
      stages: ["scheduler", "service"],
    },
  },
} as const satisfies Area;
