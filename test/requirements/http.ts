import type { Area } from "./row.ts";

export const http = {
  title: "HTTP interface",
  summary: "The runtime over HTTP, on loopback by default and never public without authentication.",
  rows: {
    "http.api": {
      kind: "keep",
      promise: "Programs outside reach the runtime through an HTTP API.",
      how: "Its OpenAPI 3.1 document is generated from the schemas, and Writ's own test generator tests it.",
      stages: ["service"],
    },
    "http.port-8080": {
      kind: "adapt",
      promise: "Port 8080 is where the runtime serves HTTP.",
      how: "Tests find it on loopback by default, and a start on a public address without authentication refused.",
      reason:
        "`writ serve` takes 8080 unless told otherwise, but on loopback; to be reached from elsewhere it must be told so and must authenticate its callers.",
      stages: ["service"],
    },
    "http.port-8002": {
      kind: "adapt",
      promise:
        "Port 8002 is where orchestration is served, and with `--reload` the service restarts when its code changes.",
      how: "A test configures the port, and another edits a source file in watch mode.",
      reason:
        "One service does the work of several, on one port that you choose; restarting on change is a watch mode for development.",
      stages: ["service"],
    },
    "http.tools-select": {
      kind: "keep",
      promise:
        "`POST /tools/select`, given `task`, `context`, `exclude_dangerous` and `max_tools`, replies with the tools to take.",
      how: "The contract suite runs with Writ as server and as client.",
      stages: ["tools", "service"],
    },
    "http.tools-execute": {
      kind: "keep",
      promise: "`POST /tools/execute`, given `tool_name` and `parameters`, runs the tool.",
      how: "The call goes through the gate; the contract suite runs with Writ as server and as client.",
      stages: ["tools", "service"],
    },
    "http.analyze-task": {
      kind: "keep",
      promise: "`POST /analyze_task`, given `query` and `context`, replies with what it makes of the task.",
      how: "The contract suite runs with Writ as server and as client; with no model the analysis is deterministic.",
      stages: ["tools", "service"],
    },
  },
} as const satisfies Area;
