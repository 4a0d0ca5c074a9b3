import type { Area } from "./row.ts";

export const resources = {
  title: "Resources",
  summary: "Memory, CPU, time, disk and network are limited, watched and given back.",
  rows: {
    "resources.memory-cpu-time": {
      kind: "keep",
      promise:
        "Memory has a limit and is watched, CPU cores are assigned and accounted for, and running time ends at a timeout.",
      how: "On each tier a memory hog, a busy loop and a task that hangs are stopped.",
      stages: ["engines", "sandbox", "scheduler"],
    },
    "resources.disk-io": {
      kind: "adapt",
      promise: "How fast a disk may be read and written is limited.",
      how: "A test on an engine with the limit measures the rate, and one without it reads the refusal or the notice.",
      reason:
        "Not every engine can limit this. Where it cannot, the run is refused or you are told, as you have configured.",
      stages: ["sandbox", "scheduler"],
    },
    "resources.network-io": {
      kind: "adapt",
      promise: "Bandwidth and connections on the network are limited.",
      how: "Tests flood the HTTP tools and the MCP transports of one agent while another goes on undisturbed.",
      reason:
        "A sandbox has no network to limit. The limits apply, per agent, to the HTTP tools and MCP transports of the host.",
      stages: ["sandbox", "scheduler"],
    },
    "resources.strategies": {
      kind: "keep",
      promise:
        "Resources are allotted by first fit (quickest, low latency), best fit (fullest use) or by priority (guaranteed to critical agents).",
      how: "Configuration chooses; each is property-tested against a reference allocator.",
      stages: ["scheduler"],
    },
    "resources.limits.fields": {
      kind: "keep",
      promise:
        "`ResourceLimits` consists of `memory_mb`, `cpu_cores`, `disk_io_mbps`, `network_io_mbps` and `execution_timeout`.",
      how: "A schema with units reads them, and imported files may use the old names.",
      stages: ["scheduler", "service"],
    },
  },
} as const satisfies Area;
