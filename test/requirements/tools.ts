import type { Area } from "./row.ts";

export const tools = {
  title: "Tools",
  summary: "One registry, one executor and one honest cache for every kind of tool.",
  rows: {
    "tools.registry": {
      kind: "keep",
      promise:
        "The capabilities of all tools are managed in one registry, each with metadata such as schemas, permissions and time to live (TTL).",
      how: "One query lists built-in, MCP, manifest, agent and HTTP tools in one descriptor shape.",
      stages: ["tools"],
    },
    "tools.registry.discovery": {
      kind: "keep",
      promise: "Tools are found by filters and ranked by a relevance score.",
      how: "Ranked queries over 5,000 tools.",
      stages: ["tools"],
    },
    "tools.cache.lru-ttl": {
      kind: "keep",
      promise:
        "Cached tool results leave in order of least recent use or when their TTL, which you set, runs out (noticed on access and by a sweep); keys are deterministic.",
      how: "A property test on a virtual clock against a reference cache; a key digests canonical JSON together with the version of the tool and the scope.",
      stages: ["tools"],
    },
    "tools.cache.statistics": {
      kind: "keep",
      promise: "The cache accounts for itself in detail.",
      how: "Command line, metrics and view show hits, misses, evictions, bytes and age.",
      stages: ["tools"],
    },
    "tools.cache.automatic": {
      kind: "adapt",
      promise:
        "Without being told, the executor tries the cache before it runs a tool and keeps the result afterwards.",
      how: "Tests show a hit for a tool that allows it, an execution for one that does not, the age in the ledger, and the hit ratio in the benchmark.",
      reason:
        "This holds only for tools that declare effects which allow it: answering from a cache where an effect is wanted would skip the effect.",
      stages: ["tools", "performance"],
    },
    "tools.cache.discovery": {
      kind: "keep",
      promise: "What tool discovery found is cached.",
      how: "A changed registry empties that cache in a test.",
      stages: ["tools"],
    },
    "tools.cache.distributed": {
      kind: "keep",
      promise: "Several instances can have their caches in common through Redis.",
      how: "The second level of the cache is tested on a real Redis.",
      stages: ["tools"],
    },
    "tools.executor": {
      kind: "keep",
      promise:
        "All kinds of tools run through one executor interface, those executed by a remote intelligence service included.",
      how: "One conformance suite over every kind; remote tools pass gate and schema check as local ones do.",
      stages: ["tools"],
    },
    "tools.executor.wasi-routing": {
      kind: "adapt",
      promise: "Tools that execute code are sent to the WASI sandbox.",
      how: "A test runs the same tool under each tier and finds it in the sandbox of the run.",
      reason:
        "They go to the tier that holds for the run. `wasm` is one of three, and a policy may insist on a container.",
      stages: ["sandbox", "tools"],
    },
    "tools.executor.parallel": {
      kind: "keep",
      promise: "Tools run side by side, and the executor waits for all of their results.",
      how: "A test of the limit on parallel calls, with cancellation.",
      stages: ["loop", "tools"],
    },
    "tools.permissions": {
      kind: "keep",
      promise:
        "`required_permissions`, `is_dangerous` and `requires_confirmation` of a `ToolCapability` all do something.",
      how: "A missing permission denies; a dangerous tool is not offered unless asked for; a confirmation shows a person the exact call.",
      stages: ["gate", "tools"],
    },
    "tools.input-validation": {
      kind: "keep",
      promise:
        "Input is checked against the schema of the parameters, bounded in size, and guarded by timeouts.",
      how: "Bytes, depth and count are bounded first; schemas are fuzzed; a hostile pattern dies at the deadline, in a child that can be killed.",
      stages: ["gate", "tools"],
    },
    "tools.pool.blocks": {
      kind: "adapt",
      promise: "A memory pool lends out blocks allocated in advance and is safe between threads.",
      how: "A test over worker threads finds as many releases as grants.",
      reason:
        "JavaScript objects cannot be pooled in this way. Buffers for tool output are reused instead, owned by one party in each process, and are transferred between worker threads.",
      stages: ["tools", "performance"],
    },
    "tools.pool.pressure": {
      kind: "keep",
      promise:
        "The pool takes back memory that is not in use, and while memory is short it rejects requests.",
      how: "After a run the bytes are back; a rejection is a named fault that states both amounts.",
      stages: ["tools"],
    },
    "tools.errors": {
      kind: "keep",
      promise:
        "An operation that fails returns a structured `AgentError`, one of 20+ variants, such as `ToolNotFound{name}`, `ToolExecutionFailed{tool, reason}`, `MemoryExhausted{requested, available}`, `SandboxViolation{operation}`, `ConfigurationError` and `NetworkError`.",
      how: "Faults are a closed union; a test brings each about where it really occurs, and reads its code in gRPC, HTTP and JSON-RPC.",
      stages: ["tools"],
    },
  },
} as const satisfies Area;
