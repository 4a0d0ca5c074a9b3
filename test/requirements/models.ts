import type { Area } from "./row.ts";

export const models = {
  title: "Models",
  summary: "Cloud, local, the editor's own, scripted or replayed models behind one narrow port.",
  rows: {
    "models.provider.cloud-or-slm": {
      kind: "keep",
      promise: "Inference can come from a model in the cloud or from a small local one.",
      how: "One port has one suite, which `vscode.lm`, local servers and OpenAI-compatible endpoints pass.",
      stages: ["engines", "loop"],
    },
    "models.openai.key": {
      kind: "keep",
      promise: "The OpenAI provider takes its key from `OPENAI_API_KEY`.",
      how: "Tests show that only the host reads it, that it goes to the origin it is bound to, and that keys entered in the editor live in secret storage.",
      stages: ["engines", "loop"],
    },
    "models.llm-service.client": {
      kind: "adapt",
      promise:
        "For choosing tools, executing tools and analysing tasks, the agent core calls an outside intelligence service over HTTP.",
      how: "One contract suite runs in both directions: Writ as client of the three endpoints and as their server.",
      reason:
        "Reasoning stays in Writ's own loop, so the outside service is one more provider of tools, used through the same three endpoints that Writ serves.",
      stages: ["tools", "service"],
    },
    "models.cache.simple-queries": {
      kind: "adapt",
      promise: "Simple queries to a model are answered from a cache.",
      how: "Tests show a hit at temperature 0, a miss at any other, and the mark that a hit leaves in the ledger.",
      reason:
        "Opt-in, for temperature 0, keyed by the digest of the request and by scope, and in production mode only where set: a silent cache would blur what the model really said.",
      stages: ["loop", "tools"],
    },
    "models.separation": {
      kind: "keep",
      promise: "Thinking and doing are kept apart and meet in one narrow contract.",
      how: "The contract is the `LanguageModel` port; scripted and replayed runs need no model at all.",
      stages: ["foundation", "loop"],
    },
    "models.beyond.vscode-lm": {
      kind: "beyond",
      promise: "An agent can think with the language models of the editor, no key required.",
      how: "A test of the bridge; when its window closes, the run parks.",
      stages: ["editor", "loop"],
    },
    "models.beyond.scripted-replay": {
      kind: "beyond",
      promise: "With a scripted or replayed model, a run can be repeated exactly and costs nothing.",
      how: "All integration runs are replayed and come out equal.",
      stages: ["foundation", "loop"],
    },
  },
} as const satisfies Area;
