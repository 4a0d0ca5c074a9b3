import type { Area } from "./row.ts";

export const queue = {
  title: "Job queue",
  summary: "Jobs over RabbitMQ that survive restarts, spread over workers and can be watched.",
  rows: {
    "queue.sentinel_task_queue": {
      kind: "keep",
      promise:
        "RabbitMQ carries jobs on the queue `sentinel_task_queue`, a work queue of durable messages: who orders work and who does it need not be up at the same time.",
      how: "A real broker and real workers are restarted under load and lose no job.",
      stages: ["service"],
    },
    "queue.results": {
      kind: "keep",
      promise: "Whoever queued a job receives its result.",
      how: "The result is stored as well as sent, and the job is acknowledged only once that is done.",
      stages: ["service"],
    },
    "queue.scaling": {
      kind: "keep",
      promise:
        "Which agents are available is found out while running, and several workers share the work (both were planned).",
      how: "A worker that joins gets work and one that leaves gets none; two workers on two cores are timed against one.",
      stages: ["service"],
    },
    "queue.metrics.per-agent": {
      kind: "adapt",
      promise:
        "The time that executions take is tracked for each agent and each implementation (this was planned).",
      how: "The figures follow a scripted mix of jobs.",
      reason:
        "There is one implementation, so times are kept per agent and host; cases, distinct behaviours and bugs per request stand next to them.",
      stages: ["service"],
    },
    "queue.caching": {
      kind: "keep",
      promise: "Both sides use one cache of results (this was planned).",
      how: "A test changes document, agent, seed and options in turn, each of which changes the key, a digest.",
      stages: ["service"],
    },
    "queue.monitoring": {
      kind: "keep",
      promise: "You can watch messages being processed; the broker has a management page on port 15672.",
      how: "View and metrics show depth, age of the oldest job, consumers and dead letters, and link to that page.",
      stages: ["service"],
    },
    "queue.credentials": {
      kind: "refuse",
      promise: "The default credentials `guest/guest` open the broker.",
      how: "Credentials are generated for tests and by the Compose file, and configuring `guest/guest` is an error.",
      reason: "A password that everybody knows protects nothing.",
      stages: ["service"],
    },
  },
} as const satisfies Area;
