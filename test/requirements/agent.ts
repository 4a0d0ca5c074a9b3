import type { Area } from "./row.ts";

export const agent = {
  title: "Reasoning loop",
  summary: "Observe, reason, gate, act: typed phases, one terminal event, resumable and replayable runs.",
  rows: {
    "agent.loop.orga": {
      kind: "keep",
      promise:
        "An agent is driven by one loop, Observe-Reason-Gate-Act (ORGA), in which inference, policy, tools and knowledge come together.",
      how: "A golden sequence of events is matched by a run in which all four take part.",
      stages: ["foundation", "loop"],
    },
    "agent.loop.phases": {
      kind: "keep",
      promise:
        "The loop has four phases. In Reasoning the model proposes tool calls or answers in text; in PolicyCheck each action is judged; in ToolDispatching the `ActionExecutor` runs the approved ones in parallel, behind circuit breakers; in Observing the results are gathered and the loop goes on or ends.",
      how: "Every pair of phase and event has a transition test; in simulations nothing is dispatched undecided, results keep the order of their calls, and exactly one event is terminal.",
      stages: ["foundation", "loop"],
    },
    "agent.loop.typestate": {
      kind: "adapt",
      promise:
        "A phase cannot be skipped, or the code does not compile: `AgentLoop<Reasoning>`, `AgentLoop<PolicyCheck>`, `AgentLoop<ToolDispatching>` and `AgentLoop<Observing>` are separate zero-sized types, each used up in making the next, with `LoopContinuation::Continue` closing the circle.",
      how: "Negative type tests show that a skipped phase does not compile, and a run-time test reuses a spent capability and is refused.",
      reason:
        "TypeScript cannot use a value up, so phases are classes with private constructors, and a single-use capability is checked at run time as well.",
      stages: ["foundation", "loop"],
    },
    "agent.runner.parts": {
      kind: "keep",
      promise:
        "`ReasoningLoopRunner` is the single way into the loop. It is made of `provider` (`InferenceProvider`), `policy_gate` (`ReasoningPolicyGate`), `executor` (`ActionExecutor`), `context_manager` (token budget), `circuit_breakers` (`CircuitBreakerRegistry`), `journal` (`JournalWriter`) and, if wanted, `knowledge_bridge`.",
      how: "A composition test puts a fake into each port.",
      stages: ["foundation", "loop"],
    },
    "agent.context.token-budget": {
      kind: "keep",
      promise: "However long a conversation grows, the context manager fits it into the token budget.",
      how: "A property test: the budget is never exceeded, a call is never parted from its result, and what was left out is shown.",
      stages: ["loop"],
    },
    "agent.journal.durable": {
      kind: "keep",
      promise:
        "Events are numbered and written to a durable journal, from which a run can be replayed and debugged.",
      how: "Each integration run replays to the same result, also after `kill -9` at any point.",
      stages: ["loop", "ledger"],
    },
    "agent.circuit-breakers": {
      kind: "keep",
      promise:
        "A circuit breaker opens at a threshold of failures, recovers after a timeout, and probes half-open before it closes.",
      how: "Every tool and provider has its own breaker, whose state the run view shows.",
      stages: ["gate", "loop"],
    },
    "agent.saga": {
      kind: "keep",
      promise: "Operations of several steps across parts run as sagas, with checkpoints and rollback.",
      how: "Under injected faults the compensations run in reverse order.",
      stages: ["loop", "scheduler"],
    },
    "agent.registry": {
      kind: "keep",
      promise:
        "What is known about each agent, and the lifecycle state it is in, survive in a durable registry.",
      how: "A restart brings back every entry.",
      stages: ["scheduler"],
    },
    "agent.tool-profile": {
      kind: "keep",
      promise:
        "Adaptive loop: a tool profile, made of glob patterns, chooses which tools the model gets to see.",
      how: "A hidden tool is missing from the prompt, and calling it by name is refused.",
      stages: ["loop", "tools"],
    },
    "agent.progress-tracker": {
      kind: "keep",
      promise:
        "Adaptive loop: a progress tracker caps new attempts at a step and notices when the loop is stuck.",
      how: "A scripted model that keeps repeating itself is ended, and the termination has a name.",
      stages: ["loop"],
    },
    "agent.pre-hydration": {
      kind: "keep",
      promise:
        "Adaptive loop: context that a task names is fetched before reasoning starts, in a deterministic way.",
      how: "Given twice, a task leads to equal fetches in equal order, each through the gate.",
      stages: ["loop"],
    },
    "agent.loop.observability": {
      kind: "keep",
      promise:
        "Each phase of the loop is an OpenTelemetry span of its own; counts of iterations, use of tokens and histograms of latency are reported.",
      how: "After a scripted run, the tree of spans and the scrape agree with the list of events.",
      stages: ["loop", "service"],
    },
    "agent.bridge.inject": {
      kind: "adapt",
      promise:
        "Ahead of every reasoning step, the bridge looks up knowledge that fits and gives it to the model as a system message.",
      how: "A test stores text that tries to give orders and finds it fenced, in the user role, in the next request.",
      reason:
        "The text is put in a fence and in the user role, since what was once stored must not speak with the authority of the system.",
      stages: ["loop", "knowledge"],
    },
    "agent.bridge.tools": {
      kind: "keep",
      promise:
        "The `KnowledgeAwareExecutor` answers the calls `recall_knowledge` and `store_knowledge` while tools are dispatched.",
      how: "A test sees both go through the gate and reach the real store.",
      stages: ["loop", "knowledge"],
    },
    "agent.bridge.learnings": {
      kind: "keep",
      promise: "When a loop has ended, what its conversation taught becomes episodic memory.",
      how: "The memory names the ledger entry it came from.",
      stages: ["loop", "knowledge"],
    },
    "agent.bridge.opt-in": {
      kind: "keep",
      promise:
        "The knowledge bridge (`KnowledgeBridge`) is there only for those who ask for it; a loop without one behaves as before in all else.",
      how: "Only a memory block or the setting turns it on, and tests compare the events of runs with and without it.",
      stages: ["loop", "knowledge"],
    },
    "agent.beyond.resume": {
      kind: "beyond",
      promise: "After a kill, a run goes on from the ledger and does nothing twice.",
      how: "A fixture run is killed with `kill -9` at each of its events.",
      stages: ["loop"],
    },
    "agent.beyond.step-back-debugger": {
      kind: "beyond",
      promise:
        "A debugger walks through phases and statements, forwards and backwards, in live runs and in recorded ones.",
      how: "A client that knows only DAP steps through runs, and so does the real-editor suite.",
      stages: ["loop"],
    },
    "agent.beyond.branch-and-diff": {
      kind: "beyond",
      promise:
        "Branch off a recorded run with another prompt, result or policy, put two runs side by side, and save the view as one HTML file that needs nothing else.",
      how: "A replay test covers branching, a screenshot the comparison, and the file is opened in a browser without a network.",
      stages: ["loop"],
    },
  },
} as const satisfies Area;
