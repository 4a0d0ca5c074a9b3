import type { Area } from "./row.ts";

export const deploy = {
  title: "Deployment",
  summary: "From one desk to a fleet of workers, in one image that runs as it was tested.",
  rows: {
    "deploy.modes": {
      kind: "adapt",
      promise:
        "You deploy in one of three ways: hybrid (two services, agents go where they are available, with fallback), single (one service runs all agents, simpler and slower) or development (parts combined for tests and debugged singly).",
      how: "Each way has a scenario test.",
      reason:
        "One program serves all three: `writ serve` with `workers=broker`, with `workers=none` or `local` (the default on a desk), or with one worker started from source under a debugger.",
      stages: ["service"],
    },
    "deploy.compose.services": {
      kind: "adapt",
      promise:
        "With Compose you start `api_gateway`, `spec_service` and `orchestration_service` singly, or all together.",
      how: "The Compose file is started and each of the three roles is called.",
      reason:
        "One service plays the three roles. Documents under test are kept at `/specifications` with name, version and digest.",
      stages: ["service"],
    },
    "deploy.images": {
      kind: "adapt",
      promise:
        "There are container images for the runtime (`EXPOSE 8080`, from `rust:1.88-slim` to `debian:bookworm-slim` with `ca-certificates`) and for the agent core (`EXPOSE 50051 2113`, from `rust:1.75` to `debian:bookworm-slim`).",
      how: "Tests build the image, run it, and call its three ports.",
      reason:
        "Nothing is built in Rust: one slim or distroless image on Node, not run as root, serves 8080, 50051 and 2113.",
      stages: ["service"],
    },
    "deploy.image.command": {
      kind: "adapt",
      promise: "A container runs the MCP command, configured by the file behind `--config`.",
      how: "The image is started with both commands.",
      reason:
        "The image is made for the service, so `writ serve --config` is what it runs, with `writ mcp --config` for those who want MCP.",
      stages: ["tools", "service"],
    },
    "deploy.kubernetes": {
      kind: "adapt",
      promise:
        "For Kubernetes there is an `apps/v1` Deployment called `symbi-runtime`, as is its `app` label: 3 replicas, container `runtime`, `containerPort` 8080, `SYMBI_RUNTIME_MODE` at `production`, requests of memory `1Gi` and cpu `500m`, limits of memory `4Gi` and cpu `2`.",
      how: "Tests render it and check it against the schema.",
      reason: "Its name is `writ-runtime`, after the product; the values are the same.",
      stages: ["service"],
    },
    "deploy.image.latest-tag": {
      kind: "refuse",
      promise: "Deployments use whatever the tag `latest` of the published image points to.",
      how: "Every image in a deployment file is named by its digest.",
      reason: "A tag that moves may run something that nobody has tested.",
      stages: ["service"],
    },
    "deploy.dependency.redis": {
      kind: "keep",
      promise: "For local development Redis comes up next to the runtime.",
      how: "It is a Compose profile, needed for shared limits and caches and for nothing else.",
      stages: ["gate", "service"],
    },
    "deploy.dependency.postgres": {
      kind: "refuse",
      promise: "For local development Postgres comes up next to the runtime.",
      how: "The ledger is made of files; all else is embedded or lives in Redis and RabbitMQ.",
      reason: "No part of Writ needs a relational server.",
      stages: ["service"],
    },
    "deploy.example.full_system": {
      kind: "keep",
      promise: "The example `full_system` brings up all parts in development mode.",
      how: "Tests run `examples/full-system` by its one command.",
      stages: ["service"],
    },
    "deploy.production-feature": {
      kind: "adapt",
      promise: "`--features production` makes a build for production.",
      how: "A test starts the same bundle in both modes.",
      reason:
        "There is one build, so that what was tested is what runs; production is a mode in the configuration.",
      stages: ["service"],
    },
    "deploy.gpu": {
      kind: "adapt",
      promise: "Machine learning is to be sped up with CUDA and ROCm (this was planned).",
      how: "A tool that requires `gpu` is routed in a test, and `writ doctor` lists devices.",
      reason:
        "Writ holds no GPU code: a tool may require `gpu`, and its calls then go where there is one, be it a worker or an endpoint.",
      stages: ["tools", "service"],
    },
    "deploy.multi-region": {
      kind: "adapt",
      promise: "Agents are to be spread over several regions (this was planned).",
      how: "A test routes jobs by region label.",
      reason:
        "Workers and endpoints may have a region label, which jobs prefer. Replication between regions is not claimed.",
      stages: ["service"],
    },
  },
} as const satisfies Area;
