import type { Area } from "./row.ts";

export const health = {
  title: "Health and troubleshooting",
  summary: "One health check over every interface, and a doctor that names the remedy.",
  rows: {
    "health.troubleshooting": {
      kind: "keep",
      promise:
        "To find a fault you check whether the core runs, whether RabbitMQ answers, what is logged, how switches are set and which agents have registered.",
      how: "`writ doctor` has a row and a remedy for broker, workers, ports, Redis, Qdrant, LanceDB, model endpoint, keyring, engines and editor version; the documentation has a page for each symptom.",
      stages: ["service", "polish"],
    },
    "health.status.fields": {
      kind: "keep",
      promise:
        "`HealthStatus` consists of `overall_status` (`SystemStatus`), `component_health` (a `ComponentHealth` for each name), `resource_utilization` (`ResourceUtilization`) and `recent_errors` (several `ErrorSummary`).",
      how: "Every field reflects real state: kill a part, and its row changes.",
      stages: ["service"],
    },
    "health.check": {
      kind: "keep",
      promise: "`health_check()` judges the system as a whole.",
      how: "Command line, HTTP, gRPC and view return one answer.",
      stages: ["service"],
    },
    "health.endpoints": {
      kind: "keep",
      promise: "At `/health` a worker lists its `available_agents`, and the orchestrator gives its status.",
      how: "The fleet test sends GET to both; being ready and being alive are two answers.",
      stages: ["service"],
    },
  },
} as const satisfies Area;
