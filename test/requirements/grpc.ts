import type { Area } from "./row.ts";

export const grpc = {
  title: "gRPC interface",
  summary: "Run tasks, stream their progress and discover tools over gRPC.",
  rows: {
    "grpc.port-50051": {
      kind: "keep",
      promise: "Port 50051 is where the gRPC server listens.",
      how: "A client written in another language calls it.",
      stages: ["service"],
    },
    "grpc.agent-service.execute": {
      kind: "keep",
      promise:
        "Tasks are run by two calls of `AgentService`: `ExecuteTask(ExecuteTaskRequest)` returns an `ExecuteTaskResponse`, and `StreamExecuteTask(ExecuteTaskRequest)` a stream of `TaskUpdate`.",
      how: "A real run is carried through, with deadline and cancellation from end to end; limits hold in the stream too.",
      stages: ["service"],
    },
    "grpc.agent-service.state": {
      kind: "keep",
      promise:
        "State is read by two calls of `AgentService`: `GetCapabilities(GetCapabilitiesRequest)` returns a `GetCapabilitiesResponse`, and `HealthCheck(HealthCheckRequest)` a `HealthCheckResponse`.",
      how: "Tests add and remove tools, tiers, models and components, and the answers follow.",
      stages: ["service"],
    },
    "grpc.agent-service.tools": {
      kind: "keep",
      promise:
        "Tools are found by two calls of `AgentService`: `DiscoverTools(DiscoverToolsRequest)` returns a `DiscoverToolsResponse`, and `GetToolCapability(GetToolCapabilityRequest)` a `GetToolCapabilityResponse`.",
      how: "Ranking and descriptors equal those of the registry.",
      stages: ["tools", "service"],
    },
    "grpc.health": {
      kind: "adapt",
      promise: "The gRPC port tells its health at `:50051/health`.",
      how: "A standard health client asks 50051, and a plain GET asks the HTTP ports.",
      reason:
        "There are no URL paths in gRPC: 50051 serves `grpc.health.v1`, while `/health` belongs to the HTTP ports.",
      stages: ["service"],
    },
  },
} as const satisfies Area;
