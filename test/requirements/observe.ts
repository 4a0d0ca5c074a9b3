import type { Area } from "./row.ts";

export const observe = {
  title: "Observability",
  summary: "Traces, metrics and logs that are all read from the same run events.",
  rows: {
    "observe.traces": {
      kind: "keep",
      promise:
        "OpenTelemetry traces follow W3C trace context: the active span travels in outgoing calls, and the trace continues in the next service.",
      how: "A local collector sees one trace id from the editor over worker and tool process and back; receivers check parent ids.",
      stages: ["service"],
    },
    "observe.traces.custom": {
      kind: "keep",
      promise: "You can add metrics and spans of your own (this was planned).",
      how: "Configuration defines them over run events.",
      stages: ["service"],
    },
    "observe.metrics.prometheus": {
      kind: "keep",
      promise: "Prometheus finds the metrics on port 2113, under `:2113/metrics`.",
      how: "A parser reads the scrape; the port listens on loopback unless told otherwise.",
      stages: ["service"],
    },
    "observe.metrics.core": {
      kind: "keep",
      promise: "Metrics tell how tools execute, how memory is used and how well the cache works.",
      how: "`agent_core_tool_executions_total`, `agent_core_tool_duration_seconds`, `agent_core_memory_pool_used_bytes` and the counts of the cache follow a scripted mix of calls.",
      stages: ["tools", "service"],
    },
    "observe.metrics.system": {
      kind: "keep",
      promise:
        "System metrics tell the number of agents and their use of resources, the number and speed of messages, how policy evaluation performs, and the rate of security events.",
      how: "A scrape is compared with known state; failed logins, sandbox kills, tampering, step-ups and denials have separate counts.",
      stages: ["gate", "scheduler", "service"],
    },
    "observe.metrics.business": {
      kind: "keep",
      promise:
        "Business metrics tell what share of tasks is completed, how frequent each type of error is, how well resources are used, and what compliance audits found.",
      how: "Dashboards are checked over a scripted mix; errors are labelled by fault code, and gauges hold the last verification, its level and the gaps left open.",
      stages: ["ledger", "service"],
    },
    "observe.integrations": {
      kind: "keep",
      promise: "Metrics and alerts go to Prometheus, dashboards to Grafana, distributed traces to Jaeger.",
      how: "Rules, dashboards and Compose profiles are files, and tests find the metric behind each of their queries.",
      stages: ["service"],
    },
    "observe.elk": {
      kind: "adapt",
      promise: "Logs are collected and analysed in the ELK Stack.",
      how: "Schemas check what is exported, and a Compose profile takes it in.",
      reason:
        "JSON logs and ledger exports in the shapes of ECS and OCSF fit many collectors, so Writ contains no Elasticsearch client.",
      stages: ["ledger", "service"],
    },
  },
} as const satisfies Area;
