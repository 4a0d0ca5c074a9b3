import type { Area } from "./row.ts";

export const config = {
  title: "Configuration",
  summary: "One file, one schema, every old variable honoured, and the origin of each value on request.",
  rows: {
    "config.file.toml": {
      kind: "keep",
      promise:
        "You configure in one TOML file, with sections `[runtime]`, `[security]`, `[context]` and `[mcp]`, for which the code has structured types in a single place.",
      how: "For `writ.toml` one schema validates, completes and documents; a test changes every key and sees behaviour change.",
      stages: ["service"],
    },
    "config.file.yaml": {
      kind: "adapt",
      promise: "Configuration may be written in YAML.",
      how: "Imported fixtures give the `writ.toml` expected of them, and a running host ignores the originals.",
      reason:
        "A YAML file, or an old TOML one, is imported a single time and then left alone, so that there is one file to believe.",
      stages: ["service", "polish"],
    },
    "config.env-override": {
      kind: "keep",
      promise: "Environment variables, the old names among them, win over configuration files.",
      how: "Flags come first, then `WRIT_*`, old variables, user file and workspace file; `writ config explain` tells where a value comes from, and each variable has a test.",
      stages: ["service"],
    },
    "config.hot-reload": {
      kind: "keep",
      promise: "New configuration is taken up without a restart (this was planned).",
      how: "It is validated and swapped in one step, and keys that do need a restart are named.",
      stages: ["service"],
    },
    "config.runtime.max_concurrent_agents": {
      kind: "keep",
      promise: "The number of agents is bounded by `max_concurrent_agents = 10000` under `[runtime]`.",
      how: "A test of admission.",
      stages: ["scheduler", "service"],
    },
    "config.runtime.scheduler_threads": {
      kind: "adapt",
      promise: "The scheduler has as many threads as `scheduler_threads = 8` under `[runtime]` says.",
      how: "A test counts the worker threads.",
      reason:
        "Scheduling runs on one thread; the number is that of the worker threads that run bodies, sign and verify.",
      stages: ["scheduler", "service"],
    },
    "config.runtime.message_buffer_size": {
      kind: "keep",
      promise:
        "The buffer for messages has the bytes given by `message_buffer_size = 1048576` under `[runtime]`.",
      how: "It bounds the bytes queued for a recipient, and the policy for overflow is tested.",
      stages: ["scheduler", "service"],
    },
    "config.runtime.gc_interval_ms": {
      kind: "adapt",
      promise: "`gc_interval_ms = 100` under `[runtime]` says how often memory is cleaned.",
      how: "On a virtual clock, sweeps follow the value.",
      reason:
        "V8's collector cannot be steered, so the value is the interval at which Writ sweeps its own caches, pools and memories.",
      stages: ["scheduler", "service"],
    },
    "config.security.default_sandbox_tier": {
      kind: "adapt",
      promise:
        'Agents that name no tier get the one in `default_sandbox_tier = "gvisor"` under `[security]`.',
      how: "Each value is tried on machines with and without gVisor.",
      reason:
        "Without the key it is `auto`, the strongest tier present and at least `docker`, since a desk may have no gVisor and should still work. Set to `gvisor`, it requires gVisor.",
      stages: ["sandbox", "service"],
    },
    "config.security.crypto_provider": {
      kind: "adapt",
      promise:
        'The library for cryptography is chosen by `crypto_provider = "ring"` under `[security]` or by `SYMBI_CRYPTO_PROVIDER=ring`.',
      how: "Tests start with `ring`, with the platform's name and with an unknown one.",
      reason:
        "`ring` is a Rust library; the name is accepted and means the platform's provider. A value that is not known stops the start.",
      stages: ["ledger", "service"],
    },
    "config.context.vector_backend": {
      kind: "keep",
      promise:
        'The vector store is chosen by `vector_backend = "lancedb"` (or `"qdrant"`) under `[context]` or by `SYMBIONT_VECTOR_BACKEND=lancedb`.',
      how: "Both values are tested with their stores.",
      stages: ["knowledge", "service"],
    },
    "config.context.vector_data_path": {
      kind: "keep",
      promise:
        'Vectors are kept in the folder given by `vector_data_path = "./data/vectors"` under `[context]` or by `SYMBIONT_VECTOR_DATA_PATH`.',
      how: "Files appear in that folder; one outside the workspace requires trust.",
      stages: ["knowledge", "service"],
    },
    "config.context.embedding_dimension": {
      kind: "keep",
      promise: "Vectors have the length given by `embedding_dimension = 1536` under `[context]`.",
      how: "If the model's length differs, a named problem says so.",
      stages: ["knowledge", "service"],
    },
    "config.context.context_cache_size": {
      kind: "keep",
      promise: 'The cache for context is no larger than `context_cache_size = "1GB"` under `[context]`.',
      how: "The size is read with its unit, and items are evicted at the bound.",
      stages: ["knowledge", "service"],
    },
    "config.context.knowledge_retention_days": {
      kind: "keep",
      promise:
        "Knowledge is kept for as many days as `knowledge_retention_days = 365` under `[context]` says.",
      how: "A test in virtual time.",
      stages: ["knowledge", "service"],
    },
    "config.context.qdrant": {
      kind: "keep",
      promise:
        'Qdrant is found at `host = "localhost"` and `port = 6334` under `[context.qdrant]`, or through `SYMBIONT_VECTOR_HOST` and `SYMBIONT_VECTOR_PORT=6334`; other backends need neither.',
      how: "A contract test of the protocol; the host can be set per machine only, never by a workspace.",
      stages: ["knowledge", "service"],
    },
    "config.env.symbi_log_level": {
      kind: "keep",
      promise: "How much is logged is set by `SYMBI_LOG_LEVEL=info`.",
      how: "Tests of the level in each room, of the output channel and of rotation, and one that finds no secret in any log.",
      stages: ["service"],
    },
    "config.env.symbi_runtime_mode": {
      kind: "adapt",
      promise: "`SYMBI_RUNTIME_MODE=production` selects production mode.",
      how: "Each line of the published list has a test in production mode.",
      reason:
        "Production mode has a written meaning: checkpoints are anchored, HTTP is never anonymous, MCP is secure, nothing is edited live, and models are neither scripted nor replayed.",
      stages: ["service"],
    },
    "config.env.symbi_config_path": {
      kind: "keep",
      promise: "`SYMBI_CONFIG_PATH` points to the configuration file (formerly `/etc/symbi/config.toml`).",
      how: "`writ config explain` shows it as the origin, and `--config` has the same effect.",
      stages: ["service"],
    },
    "config.env.rust_log": {
      kind: "adapt",
      promise: "`RUST_LOG`, as in `RUST_LOG=debug`, sets how much is logged.",
      how: "A test sets it, sees the level change and reads the hint.",
      reason:
        "It is an alias that comes with a hint to the present name, and filters on modules are translated to rooms as far as such rooms exist.",
      stages: ["service"],
    },
    "config.env.otel_exporter_otlp_endpoint": {
      kind: "keep",
      promise: "Traces are sent to the endpoint in `OTEL_EXPORTER_OTLP_ENDPOINT`.",
      how: "A local collector receives the spans, and a workspace file is not able to set the endpoint.",
      stages: ["service"],
    },
    "config.env.memory_pool_size_mb": {
      kind: "keep",
      promise: "The memory pool is as large as `MEMORY_POOL_SIZE_MB` says.",
      how: "Requests are rejected at another point when the value changes.",
      stages: ["tools", "service"],
    },
    "config.env.tool_cache_ttl_seconds": {
      kind: "keep",
      promise: "Cached tool results expire after `TOOL_CACHE_TTL_SECONDS` unless their tool says otherwise.",
      how: "A test on a virtual clock.",
      stages: ["tools", "service"],
    },
  },
} as const satisfies Area;
