import type { Area } from "./row.ts";

export const language = {
  title: "Agent language",
  summary:
    "Agent files say who an agent is, what it may do and how it works, and the file is what is enforced.",
  rows: {
    "language.agent-file.validated-first": {
      kind: "keep",
      promise: "No agent becomes ready before its file has been parsed and its settings have been checked.",
      how: "A lifecycle test feeds invalid text and finds the agent in `Failed`, with problems that carry ranges.",
      stages: ["foundation", "scheduler"],
    },
    "language.policy.declarative": {
      kind: "keep",
      promise:
        "Policies are written down as text, never programmed, and they govern all of the system's behaviour.",
      how: "In the gate tests every decision comes from a policy block of an agent file or from a `.cedar` file.",
      stages: ["language", "gate"],
    },
    "language.builtins.inter-agent": {
      kind: "keep",
      promise:
        "The body of an agent talks to other agents with the builtins `ask`, `delegate`, `send_to`, `parallel` and `race`.",
      how: "The interpreter has a test for each builtin, run over the real bus.",
      stages: ["loop", "scheduler"],
    },
    "language.execution-modes": {
      kind: "keep",
      promise:
        "An agent file chooses whether its agent is ephemeral, persistent, scheduled or event-driven, and names its triggers.",
      how: "Each mode has a lowering test and is run once.",
      stages: ["language", "scheduler"],
    },
    "language.resource-limits": {
      kind: "keep",
      promise:
        "An agent file may set limits, each with its unit, for memory, CPU, disk rate, network rate and execution time; the editor checks what is written.",
      how: "Diagnostic tests cover wrong values and units, and golden agent specs cover the right ones.",
      stages: ["language", "scheduler"],
    },
    "language.sandbox-tier": {
      kind: "adapt",
      promise: "An agent file names the sandbox tier its agent runs in.",
      how: "Runs on a machine with several tiers take the written tier or one above it, and a machine with only weaker ones refuses.",
      reason:
        "The tier in the file is a floor: policy or risk may ask for a stronger one, and nothing may lower it.",
      stages: ["language", "sandbox"],
    },
    "language.repl": {
      kind: "adapt",
      promise: "`writ repl` is an interactive session in which you evaluate expressions and call builtins.",
      how: "A session test evaluates, calls a permitted and a forbidden builtin, and reads both decisions in the ledger.",
      reason:
        "The session is a scratch run behind the gate. A mode that skips policy checks is declined, since no path may go round the gate.",
      stages: ["loop"],
    },
    "language.beyond.text-is-enforced": {
      kind: "beyond",
      promise:
        "What runs is the text you see: the runtime does the lowering, keeps a digest of the source, and so no client can hand in a plan of its own.",
      how: "A forged agent spec is refused, and the first entry of a run holds the digests of source, policies and tools.",
      stages: ["foundation", "language", "loop"],
    },
    "language.beyond.seven-dialects": {
      kind: "beyond",
      promise:
        "The seven dialects of agent files that exist in the wild all open under one tolerant grammar, and a code action converts between them without losing a comment.",
      how: "A corpus of fixtures in all dialects parses with no crash and with honest problems.",
      stages: ["language"],
    },
    "language.beyond.diagnostics": {
      kind: "beyond",
      promise:
        "65 diagnostics point at the exact range and say what is wrong, who enforces it and how to repair it; those that concern enforcement cannot be switched off.",
      how: "Every code has its test, and its documentation page is generated.",
      stages: ["language"],
    },
    "language.beyond.format-and-rename": {
      kind: "beyond",
      promise:
        "Formatting loses no comment and no token, not even in a broken file; renaming an agent, tool, topic or memory follows its name into strings and policies.",
      how: "Property tests, cursor-mark tests and the real-editor suite.",
      stages: ["language"],
    },
    "language.beyond.any-editor": {
      kind: "beyond",
      promise: "Any editor that speaks LSP can use the language server, over stdio or inside a browser.",
      how: "A plain LSP client runs the conformance test.",
      stages: ["language", "browser"],
    },
  },
} as const satisfies Area;
