import type { Area } from "./row.ts";

export const apitest = {
  title: "API tests",
  summary: "Seven agents turn an OpenAPI document into tests, run them, and explain what failed.",
  rows: {
    "apitest.agents.seven-two-hosts": {
      kind: "adapt",
      promise:
        "Each of the 7 testing agents exists twice, so that where one implementation is missing the other steps in.",
      how: "A differential test gives both hosts one seed and compares the bytes they return.",
      reason:
        "Two implementations drift apart. Each agent is written once, as a pure function, and has two hosts: in process and on a worker.",
      stages: ["apitest", "service"],
    },
    "apitest.agent.functional-positive": {
      kind: "keep",
      promise: "`Functional-Positive-Agent` writes valid cases for the happy path.",
      how: "An independent validator accepts each value, and the bug bench has a score per class.",
      stages: ["engines", "apitest"],
    },
    "apitest.agent.functional-negative": {
      kind: "keep",
      promise: "`Functional-Negative-Agent` writes cases with invalid data and with values at the boundary.",
      how: "A case breaks one rule, names it, and breaks no other.",
      stages: ["engines", "apitest"],
    },
    "apitest.agent.functional-stateful": {
      kind: "keep",
      promise: "`Functional-Stateful-Agent` exercises workflows that take several steps.",
      how: "Sequences follow the dependency graph; on the bug bench they find a lost update and a stale read.",
      stages: ["apitest"],
    },
    "apitest.agent.security-auth": {
      kind: "keep",
      promise: "`Security-Auth-Agent` tries who can log in and who may do what.",
      how: "On the bug bench its matrix of roles uncovers broken access to objects of others.",
      stages: ["apitest"],
    },
    "apitest.agent.security-injection": {
      kind: "keep",
      promise: "`Security-Injection-Agent` looks for places where input can be injected.",
      how: "It reports only on evidence: three kinds found on the bug bench, nothing on the correct API.",
      stages: ["apitest"],
    },
    "apitest.agent.performance-planner": {
      kind: "keep",
      promise: "`Performance-Planner-Agent` produces scripts for load tests.",
      how: "The parser of k6 accepts the script, and the built-in runner is bounded.",
      stages: ["apitest"],
    },
    "apitest.agent.data-mocking": {
      kind: "keep",
      promise: "`Data-Mocking-Agent` invents test data that looks real.",
      how: "Data is valid, repeats with its seed, and keeps references between resources whole.",
      stages: ["apitest"],
    },
    "apitest.agent.alias-data-mocking": {
      kind: "keep",
      promise: "Whether you write `Data-Mocking-Agent` or `data-mocking`, you get the same agent.",
      how: "The seven ids are a typed union, matched in any case; an id that is unknown is a usage error.",
      stages: ["apitest", "service"],
    },
    "apitest.flow.generate-tests": {
      kind: "keep",
      promise:
        "Send a request to `/generate-tests`: the answer comes when the agents you chose have run, wherever that was, and their results are together.",
      how: "`POST /generate-tests` answers directly or with a job id, and both hosts give the same result.",
      stages: ["apitest", "service"],
    },
    "apitest.store": {
      kind: "keep",
      promise: "By the time you get the response, the generated cases are stored.",
      how: "Cases and suites have digests for ids; `writ test` lists, shows and reruns them, and each operation has its history.",
      stages: ["apitest", "service"],
    },
    "apitest.selection.rule": {
      kind: "keep",
      promise:
        "Per agent the orchestrator asks two things: is a worker service up, and does it have this agent? Twice yes means the queue, anything else means in process.",
      how: "The decision table is tested, and each of its rows is run.",
      stages: ["service"],
    },
    "apitest.selection.port-8088": {
      kind: "adapt",
      promise: "Whether workers are there is asked on port 8088.",
      how: "A worker is found on its default port, and one on another port by its announcement.",
      reason:
        "A worker answers for its health on 8088 unless set otherwise, and announces itself, so that nobody needs to know a fixed port.",
      stages: ["service"],
    },
    "apitest.selection.switches": {
      kind: "adapt",
      promise:
        "`USE_RUST_AGENTS = True` turns workers on or off for every agent, and `RUST_AVAILABLE_AGENTS` names the ones they may run.",
      how: "Tests set old and new names and see where each agent runs.",
      reason:
        "The workers are not written in Rust, so the keys are `enabled` and `agents` under `[workers]`. The old names are aliases, and the default list is whatever workers announce.",
      stages: ["service"],
    },
    "apitest.host.in-process": {
      kind: "keep",
      promise:
        "Running in process is the standard: calls are direct, models are integrated, and it takes over when there is no worker.",
      how: "Broker and workers are killed, and generation carries on.",
      stages: ["apitest", "service"],
    },
    "apitest.host.worker": {
      kind: "adapt",
      promise:
        "Running on workers, over the message queue, is fast and memory-safe, with many jobs in parallel and no global interpreter lock.",
      how: "Whatever the order of jobs, the output is the same, and the speed is measured.",
      reason:
        "There is one runtime, not a second one in another language: workers are threads and processes of it.",
      stages: ["apitest", "service", "performance"],
    },
    "apitest.llm-integration": {
      kind: "keep",
      promise: "Model providers may suggest cases to the test agents, which manage without them too.",
      how: "Any failure falls back to the deterministic way, and the share of suggestions that were accepted is shown.",
      stages: ["service"],
    },
    "apitest.new-agent": {
      kind: "adapt",
      promise:
        "To add a test agent you derive a class from `BaseAgent`, with a name in `agent_type` (say `New-Agent`) and with `execute(AgentTask, api_spec)` that returns an `AgentResult`, and register it with every host.",
      how: "An example with its test lies under `examples`.",
      reason:
        "Behind the interface `TestAgent` an agent is a function without side effects that takes model, seed and options. Registered once, it runs on every host, and nobody has to subclass.",
      stages: ["apitest", "service"],
    },
    "apitest.ecosystem": {
      kind: "refuse",
      promise: "Test agents can draw on Python's many libraries, which makes for quick prototypes.",
      how: "Packages from npm and small modules with checks of your own do this job.",
      reason: "Writ is a TypeScript product and carries no Python.",
      stages: ["apitest"],
    },
    "apitest.speed.10-50x": {
      kind: "adapt",
      promise: "Heavy computation is 10-50x faster on workers than in process, and takes less memory.",
      how: "One benchmark run measures time and bytes per job on both hosts and on comparable tools.",
      reason:
        "The ratio compared two languages, and here there is one. The figures are published as measured.",
      stages: ["apitest", "service", "performance"],
    },
    "apitest.no-gc-pauses": {
      kind: "refuse",
      promise: "No execution ever pauses for garbage collection.",
      how: "Pauses and the delay of the event loop are measured and kept under a bound.",
      reason: "V8 collects garbage, so the claim cannot be true here.",
      stages: ["performance"],
    },
    "apitest.browser-execution": {
      kind: "adapt",
      promise: "Through WebAssembly, agents are to run in a browser (this was planned).",
      how: "A browser test generates the same bytes as Node does.",
      reason:
        "The agents are TypeScript and run in a browser worker as they are; only raw modules are WebAssembly.",
      stages: ["apitest", "browser"],
    },
    "apitest.beyond.shrunk-failures": {
      kind: "beyond",
      promise:
        "Failures with one cause appear as one, reduced to the smallest request that shows it, with a link to the line in your document.",
      how: "The bug bench compares with known minimal cases.",
      stages: ["apitest"],
    },
    "apitest.beyond.bug-bench": {
      kind: "beyond",
      promise:
        "How good the generator is can be measured: bugs found per request, on an API with 60 bugs to switch on, next to other tools.",
      how: "20,000 requests to the correct API raise no false alarm.",
      stages: ["apitest"],
    },
    "apitest.beyond.in-editor-run": {
      kind: "beyond",
      promise:
        "Run generated tests from the Test Explorer and read failures and coverage within the document.",
      how: "The real-editor suite.",
      stages: ["apitest"],
    },
  },
} as const satisfies Area;
