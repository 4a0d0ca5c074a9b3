import type { Area } from "./row.ts";

export const gate = {
  title: "Gate and limits",
  summary: "One door to every effect: decided, asked for, recorded, bounded; unknown means denied.",
  rows: {
    "gate.secure-by-default": {
      kind: "keep",
      promise: "Safety needs no set-up: an action that no policy permits is denied.",
      how: "In a new workspace without any policy, each tool call is denied.",
      stages: ["foundation", "gate"],
    },
    "gate.zero-trust": {
      kind: "adapt",
      promise:
        "Trust never follows from where something comes from: every component and every communication is verified.",
      how: "Editor client, language server, runtime host, worker, sandbox shim, images, wasm modules, MCP commands and messages each have a test with an impostor.",
      reason:
        "A blanket claim cannot be tested, so it is a list: each named party proves itself by handshake (peer, token, version), by digest or by signature.",
      stages: ["gate", "sandbox", "scheduler", "service"],
    },
    "gate.decision.allow-deny-modify": {
      kind: "keep",
      promise: "Each action the loop proposes is judged `Allow`, `Deny` or `Modify`.",
      how: "A test shows that a modified action keeps its call id and is judged anew, for at most 4 rounds.",
      stages: ["gate"],
    },
    "gate.enforcement-points": {
      kind: "keep",
      promise:
        "Policy is enforced live in five places: when agents are created and configured, when messages are sent and routed, when resources are asked for, when external tools are called, and when data is accessed.",
      how: "Each place has a test with a denial and its ledger entry, and the full list of the runtime's effects shows that none was left out.",
      stages: ["foundation", "gate", "scheduler", "knowledge", "tools"],
    },
    "gate.human-critic": {
      kind: "keep",
      promise: "A sensitive action waits until a person, the human critic, has approved it.",
      how: "The real-editor suite approves, denies, and lets an approval expire.",
      stages: ["gate", "loop"],
    },
    "gate.switch.enforce_policies": {
      kind: "adapt",
      promise: "`enforce_policies = true` under `[security]` turns policy enforcement on.",
      how: "A test writes `false` and reads the named refusal at start.",
      reason:
        "The key is understood, but `false` stops the start with a message that enforcement cannot be disabled: a gate with a switch is no gate.",
      stages: ["gate", "service"],
    },
    "gate.unconfigured": {
      kind: "refuse",
      promise:
        "Where no communication policy gate is configured, the builtins between agents work on, unchecked and untracked.",
      how: "An unconfigured workspace has the built-in layer alone, which permits no more than `respond` and `terminate`.",
      reason: "One ungated path would be a second door; Writ has one.",
      stages: ["gate", "loop"],
    },
    "gate.builtin-context": {
      kind: "adapt",
      promise:
        "`ReasoningBuiltinContext` has three optional fields: `sender_agent_id` for the caller, `comm_bus` for the `CommunicationBus`, `comm_policy` for the `CommunicationPolicyGate`.",
      how: "The run's capability object does not compile without any of the three, and a test calls each builtin with it.",
      reason:
        "All three are mandatory parts of what a run is given, because an optional gate is a way round it.",
      stages: ["loop", "scheduler"],
    },
    "enforcement.uniform": {
      kind: "keep",
      promise: "Every request meets the same limits at the same gateway, whichever way it came in.",
      how: "One contract suite runs over command line, RPC, HTTP and gRPC, unary and streaming.",
      stages: ["gate", "service"],
    },
    "enforcement.timeout": {
      kind: "keep",
      promise: "No request outlives its wall-clock deadline.",
      how: "One test on a virtual clock, one with a tool that hangs.",
      stages: ["gate"],
    },
    "enforcement.token-ceiling": {
      kind: "keep",
      promise: "A request is turned away at once if its estimate of tokens lies above the ceiling.",
      how: "Tests cover the estimate, the reservation and the settlement.",
      stages: ["gate"],
    },
    "enforcement.ratelimit.per-key": {
      kind: "keep",
      promise: "Requests are rate-limited per key by a token bucket.",
      how: "A property test compares it with a reference bucket.",
      stages: ["gate"],
    },
    "enforcement.ratelimit.redis": {
      kind: "keep",
      promise: "With `ENFORCE_RATE_REDIS_URL` set, all instances draw from one token bucket kept in Redis.",
      how: "Two processes that share a real Redis stay within the bucket together, and what happens while Redis is away is documented and tested.",
      stages: ["gate"],
    },
    "enforcement.circuit-breaker": {
      kind: "keep",
      promise: "Each key has a circuit breaker that watches errors over a rolling window.",
      how: "A property test drives the state machine and shows that rejections by the breaker itself are not counted.",
      stages: ["gate"],
    },
    "enforcement.config": {
      kind: "adapt",
      promise:
        "Limits are set under `enforcement` in `config/agent.yaml`, and variables take precedence: `ENFORCE_TIMEOUT_SECONDS` (30), `ENFORCE_MAX_TOKENS` (4096), `ENFORCE_RATE_RPS` (10), `ENFORCE_CB_ERROR_THRESHOLD` (0.5), `ENFORCE_CB_WINDOW_SECONDS` (30), `ENFORCE_CB_MIN_REQUESTS` (20), `ENFORCE_RATE_REDIS_URL` (unset), `ENFORCE_RATE_REDIS_PREFIX` (`rate:`), `ENFORCE_RATE_REDIS_TTL` (60).",
      how: "Each variable has a test for its default and its effect.",
      reason:
        "The variables work as listed. The YAML file is imported once and not read afterwards, because a running system has one configuration file.",
      stages: ["gate", "service"],
    },
    "enforcement.metrics": {
      kind: "keep",
      promise: "Allowed requests are counted, and dropped ones by their reason.",
      how: "The metrics are scraped after a scripted mix of requests.",
      stages: ["gate", "service"],
    },
    "gate.beyond.secrets-stay-out": {
      kind: "beyond",
      promise:
        "A sandbox holds no secret and has no network; the host alone uses a secret, and only towards the origin it is bound to.",
      how: "Secrets are planted and then looked for in outputs, logs, ledger and screenshots, in vain, and an endpoint that has moved is sent no key.",
      stages: ["loop", "sandbox"],
    },
    "gate.beyond.single-use-capability": {
      kind: "beyond",
      promise:
        "An executor acts only on a capability that was made for exactly this call and is spent by it.",
      how: "Capabilities that are forged, used before, expired or meant for another call are refused and recorded.",
      stages: ["foundation", "gate"],
    },
    "gate.beyond.unknown-effects": {
      kind: "beyond",
      promise:
        "If an action was sent off and then failed, nobody can say whether it happened: the run parks for a person, and nothing is tried again blindly.",
      how: "A test crashes the runtime between intent and outcome.",
      stages: ["gate", "loop"],
    },
  },
} as const satisfies Area;
