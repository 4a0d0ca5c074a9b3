import type { Area } from "./row.ts";

export const policy = {
  title: "Policy",
  summary: "Rules in the agent file or in Cedar decide every effect, in layers that can only narrow.",
  rows: {
    "policy.everything": {
      kind: "keep",
      promise: "Nothing the system does takes effect before a policy has decided on it.",
      how: "A test lists every effect of the runtime and shows that each one goes through the gate.",
      stages: ["gate"],
    },
    "policy.type.access-control": {
      kind: "keep",
      promise: "Policies for access control state which principal may touch which resource.",
      how: "Each type of resource has its decision tests.",
      stages: ["gate"],
    },
    "policy.type.data-flow": {
      kind: "adapt",
      promise: "Policies for data flow state where data may go.",
      how: "Tests follow a label from an input, a file, a tool result, a message and a memory to the decision that reads it.",
      reason:
        "Data flow is followed with labels: a derived value carries the labels of all its sources, rules can read them, and only a person may lower one. The runtime cannot see inside a model, so labels are what it can hold to.",
      stages: ["gate"],
    },
    "policy.type.resource-usage": {
      kind: "keep",
      promise: "Policies for resource usage cap computation: memory, CPU, time, tokens and cost.",
      how: "A grant above the cap is denied in a test, and nothing has started by then.",
      stages: ["gate", "scheduler"],
    },
    "policy.type.audit-requirements": {
      kind: "keep",
      promise: "Policies for audit state what goes on record and how much of it.",
      how: "Two runs that differ only in their audit rules differ in the ledger exactly as the rules say.",
      stages: ["gate", "ledger"],
    },
    "policy.engine.evaluate": {
      kind: "keep",
      promise:
        "`evaluate_policy(PolicyContext, Action)` returns exactly one `PolicyDecision`, and the audit trail receives each of them.",
      how: "Runtime, command line and editor share one pure decision function; a ledger query gives back all decisions of a run.",
      stages: ["foundation", "gate", "ledger"],
    },
    "policy.engine.register": {
      kind: "keep",
      promise: "A policy can be added to a running system: `register_policy` answers with its `PolicyId`.",
      how: "Tests over HTTP and RPC find layer, author and id on record, and show that the new policy narrows the layers above it and never widens them.",
      stages: ["gate", "service"],
    },
    "policy.decision.allow-deny": {
      kind: "keep",
      promise: "The answer may be `Allow`, or `Deny` with the reason.",
      how: "Both are tested, and the reason gives rule, file and range.",
      stages: ["foundation", "gate"],
    },
    "policy.decision.allow-with-conditions": {
      kind: "keep",
      promise:
        "The answer may be `AllowWithConditions`, with the list of every `PolicyCondition` that the execution has to respect.",
      how: "Conditions come from annotations on permits and from require rules; a test adds a plain permit and the strictest condition of all satisfied permits still holds.",
      stages: ["gate"],
    },
    "policy.cedar": {
      kind: "keep",
      promise:
        "Rules in the style of Cedar authorise tool calls, messages and every other action, down to fine detail; the loop's gate puts them to a Cedar engine.",
      how: "The real `cedar-wasm` engine decides, and its answers are compared with a readable reference model.",
      stages: ["foundation", "gate"],
    },
    "policy.update.realtime": {
      kind: "keep",
      promise: "Change a policy, and the next decision already follows it.",
      how: "A test swaps policies while decisions are made: no decision sees half of each, and a batch finishes on the version it started with.",
      stages: ["gate"],
    },
    "policy.evaluation.latency": {
      kind: "keep",
      promise: "Evaluating a policy takes under 1 ms.",
      how: "A benchmark reports the 99th percentile, warm.",
      stages: ["gate", "performance"],
    },
    "policy.evaluation.batch-rate": {
      kind: "keep",
      promise: "A batch is evaluated at 10,000 decisions per second or more.",
      how: "A benchmark, in which conditions are evaluated too.",
      stages: ["gate", "performance"],
    },
    "policy.beyond.backtest": {
      kind: "beyond",
      promise:
        "Try a new policy on the past: every recorded action is decided again, flipped answers are listed, and so is the count of those that erasure has made undecidable.",
      how: "100,000 recorded decisions are tried in under 5 s.",
      stages: ["gate"],
    },
    "policy.beyond.mutation-tests": {
      kind: "beyond",
      promise:
        "Rules are mutated (dropped, flipped, negated, widened) to show which of them your policy tests leave unguarded.",
      how: "A fixture with known survivors, all of which are found.",
      stages: ["gate"],
    },
    "policy.beyond.effective-view": {
      kind: "beyond",
      promise:
        "One view gathers what all layers together mean for an agent, with the Cedar text generated from each rule at its side.",
      how: "Golden texts and the real-editor suite.",
      stages: ["language", "gate"],
    },
    "policy.beyond.layers-intersect": {
      kind: "beyond",
      promise:
        "Policy comes in layers (built-in, machine, user, workspace, file), and each can take away but never add.",
      how: "A property test over random layers.",
      stages: ["gate"],
    },
    "policy.beyond.explain": {
      kind: "beyond",
      promise:
        "Each decision can be explained: which rules made it and where they stand, which permit was missing, and which rule came nearest.",
      how: "Golden outputs of `writ policy explain`.",
      stages: ["gate"],
    },
    "policy.beyond.step-up-defer": {
      kind: "beyond",
      promise:
        "Two more answers exist: `StepUp` asks a person, and `Defer` waits for a bounded time and then denies.",
      how: "Decision tests on a virtual clock.",
      stages: ["gate"],
    },
    "policy.beyond.injective-encoding": {
      kind: "beyond",
      promise:
        "No argument, whatever JSON a model writes, can pass itself off as a Cedar entity or extension value.",
      how: "A property test over arbitrary JSON values.",
      stages: ["gate"],
    },
  },
} as const satisfies Area;
