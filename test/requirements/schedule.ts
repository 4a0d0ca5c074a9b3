import type { Area } from "./row.ts";

export const schedule = {
  title: "Scheduler",
  summary:
    "Runs once, for long, by the clock or on events, with priorities and without losing an occurrence.",
  rows: {
    "schedule.priority": {
      kind: "keep",
      promise: "Which task runs next follows from priority and from the resources there are.",
      how: "Property tests hold the decision, a pure function, to its four inputs: queue, resources, time and version of the policy.",
      stages: ["scheduler"],
    },
    "schedule.real-execution": {
      kind: "keep",
      promise: "A task is a real process, started in a secure environment and fully measured while it runs.",
      how: "Integration tests on real containers.",
      stages: ["engines", "scheduler"],
    },
    "schedule.load-balancing": {
      kind: "keep",
      promise: "Work is spread over the available resources as their load changes.",
      how: "The strategies (round robin, least loaded, weighted, resource-based) are tried on simulated workers.",
      stages: ["scheduler", "service"],
    },
    "schedule.placement": {
      kind: "keep",
      promise:
        "Every task is placed where its memory, CPU and I/O can be had, and gives them back when it ends.",
      how: "A simulation over unequal hosts; however a task ends, releases equal grants.",
      stages: ["scheduler"],
    },
    "schedule.policy-coordination": {
      kind: "keep",
      promise: "Before it starts anything, the scheduler asks the policy engine.",
      how: "A start that is denied leaves an entry and no process.",
      stages: ["gate", "scheduler"],
    },
    "schedule.preemption": {
      kind: "keep",
      promise: "A task of higher priority displaces one of lower priority.",
      how: "A test sees the lowest of the preemptible runs park where it is safe and later go on from there.",
      stages: ["scheduler"],
    },
    "schedule.real-time-and-batch": {
      kind: "adapt",
      promise: "There is a tier for real-time work and one for batch work.",
      how: "Tests show the deadline class served first and the batch class keeping its quota.",
      reason:
        "Node cannot give hard real time, so deadlines are soft: a deadline class stands beside a batch class that has its own quota.",
      stages: ["scheduler"],
    },
    "schedule.mode.ephemeral": {
      kind: "keep",
      promise: "In mode `Ephemeral` a task runs one time and is gone.",
      how: "A scenario test.",
      stages: ["foundation", "scheduler"],
    },
    "schedule.mode.persistent": {
      kind: "keep",
      promise: "In mode `Persistent` an agent stays up and is watched all the time.",
      how: "Tests kill it: it restarts with growing pauses, up to a ceiling.",
      stages: ["scheduler"],
    },
    "schedule.mode.scheduled": {
      kind: "keep",
      promise: "In mode `Scheduled` runs follow a set interval, and each puts the next on the schedule.",
      how: "Weeks of virtual time with jumping clocks lose no occurrence and double none.",
      stages: ["scheduler"],
    },
    "schedule.mode.event-driven": {
      kind: "keep",
      promise: "In mode `Event-Driven` an agent is started by events of the system.",
      how: "Topics, webhooks, files and runs each trigger a real run.",
      stages: ["scheduler"],
    },
    "schedule.agents.10000": {
      kind: "keep",
      promise:
        "Memory holds 10,000+ logical agents at once; host and tier determine how many sandboxes run at the same moment.",
      how: "A benchmark admits 10,000 and holds them, and states how many sandboxes its host can run.",
      stages: ["scheduler", "performance"],
    },
    "schedule.decision.latency": {
      kind: "keep",
      promise: "The scheduler decides in under one millisecond.",
      how: "The 99th percentile of a benchmark with 10,000 tasks in the queue.",
      stages: ["scheduler", "performance"],
    },
    "schedule.overhead.cpu": {
      kind: "keep",
      promise: "With 10,000 agents, scheduling takes <2% of the CPU.",
      how: "CPU is measured idle and busy.",
      stages: ["scheduler", "performance"],
    },
    "schedule.monitor.5s": {
      kind: "keep",
      promise:
        "A sample of memory and CPU is taken from each task every 5 seconds, and each execution leaves thorough metrics and statistics.",
      how: "Samples come from the counters of the engine; view, command line and scrape show duration, peaks and outcome of a run.",
      stages: ["sandbox", "scheduler", "service"],
    },
    "schedule.task-control": {
      kind: "keep",
      promise:
        "Tasks have timeouts that you can set and that are enforced; the health of processes is watched live, and failures are noticed without help.",
      how: "Tests with a process that hangs, one that is killed and one that is frozen.",
      stages: ["scheduler"],
    },
    "schedule.shutdown.steps": {
      kind: "keep",
      promise:
        "Shutdown has an order: schedule nothing new, ask running agents to end within 30s, kill those that are left, flush the metrics, free resources and tidy up state.",
      how: "On real containers each step has its test, and a table lists the steps with their times.",
      stages: ["scheduler"],
    },
    "schedule.shutdown.queue": {
      kind: "adapt",
      promise: "The sixth and final step of shutdown clears the queue of agents that were still pending.",
      how: "A test shuts down with jobs waiting and finds all of them running after the next start.",
      reason:
        "Clearing would lose work, so the queue is moved to durable storage, and the next start takes it up.",
      stages: ["scheduler"],
    },
    "schedule.api": {
      kind: "keep",
      promise:
        "`AgentScheduler` (`priority_queues`, `resource_pool`, `policy_engine`, `load_balancer`, `task_manager`) has four calls: `schedule_agent(AgentConfig)` for an `AgentId`, `shutdown_agent`, `get_system_status` for a `SystemStatus`, and `shutdown`.",
      how: "RPC, HTTP and command line offer these four and answer from real state.",
      stages: ["scheduler", "service"],
    },
    "schedule.beyond.exactly-one-occurrence": {
      kind: "beyond",
      promise:
        "Every occurrence is known by its identity: crashes, two processes and clock changes in spring and autumn neither repeat it nor drop it.",
      how: "A seeded simulation of weeks.",
      stages: ["scheduler"],
    },
  },
} as const satisfies Area;
