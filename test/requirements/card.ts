import type { Area } from "./row.ts";

export const card = {
  title: "The product in short",
  summary: "One extension with its own runtime: completion, checks, Run Agent, and views of runs and audit.",
  rows: {
    "card.language.typescript": {
      kind: "keep",
      promise:
        "TypeScript is the only language of extension, language server and runtime, all under the same strict compiler options.",
      how: "The test command type-checks every folder with one `tsconfig.json`.",
      stages: ["foundation"],
    },
    "card.shape.top-level": {
      kind: "keep",
      promise:
        "The repository opens with `package.json`, `tsconfig.json`, `extension`, `language-server`, `runtime`, `syntaxes`, `webviews`, `test`, `.vscodeignore` and `README.md`.",
      how: "An architecture test reads the root folder and fails when one of these is absent or something unplanned lies beside them.",
      stages: ["foundation", "editor"],
    },
    "card.packages": {
      kind: "keep",
      promise:
        "Known packages do what they are made for: `vscode-languageclient`, `vscode-languageserver`, `langium`, `openai`, `@lancedb/lancedb`, `dockerode` and `zod` at run time, `esbuild` for bundles, `vitest` for tests, and `@vscode/test-electron` to start the editor suite on machines that may download VS Code.",
      how: "An architecture test finds the import or the script that uses each; LanceDB has its own lock in an optional part and is loaded only on demand; the editor suite runs on code-server as well.",
      stages: ["foundation", "knowledge"],
    },
    "card.extension.bundled-runtime": {
      kind: "keep",
      promise:
        "Installing the extension is enough to run an agent: the runtime comes inside, and the embedded sandbox needs nothing more.",
      how: "The suite in a real editor starts from the `.vsix` alone and runs an agent with it.",
      stages: ["editor"],
    },
    "card.extension.thin-client": {
      kind: "keep",
      promise:
        "Extension and language server are two processes that cooperate, and neither holds logic of the other.",
      how: "The import-boundary test keeps them apart, and typing help goes on in a test that kills the runtime.",
      stages: ["editor"],
    },
    "card.languageserver.completion": {
      kind: "keep",
      promise: "A language server built on Langium completes what you type in agent files and in policies.",
      how: "Each completion has a test with a cursor mark, and the real-editor suite uses them as a person would.",
      stages: ["editor", "language"],
    },
    "card.languageserver.validation": {
      kind: "keep",
      promise: "The same server checks agent files and policies as you type.",
      how: "Each diagnostic has a test that asserts its exact range.",
      stages: ["editor", "language"],
    },
    "card.sandbox.docker-or-gvisor": {
      kind: "keep",
      promise: "An agent started in the editor runs in a Docker or gVisor sandbox.",
      how: "Integration tests use a real Docker Engine and a real `runsc`.",
      stages: ["engines", "sandbox"],
    },
    "card.webview.reasoning-loop": {
      kind: "keep",
      promise: "While an agent runs, a webview shows its reasoning loop step by step.",
      how: "The real-editor suite watches a run and keeps screenshots.",
      stages: ["editor", "loop"],
    },
    "card.webview.audit-chain": {
      kind: "keep",
      promise: "The audit chain has a webview, and beside the chain stands what its verification found.",
      how: "The real-editor suite verifies, changes a byte on disk, and verifies again.",
      stages: ["editor", "ledger"],
    },
    "card.apitest.open-document": {
      kind: "keep",
      promise: "The OpenAPI document in front of you can be turned into tests, saved or not.",
      how: "The real-editor suite generates from an unsaved document and runs what came out.",
      stages: ["editor", "apitest"],
    },
    "card.intellisense.dsl": {
      kind: "keep",
      promise: "Agent files get IntelliSense in full: completion, hover, diagnostics and navigation.",
      how: "The real-editor suite exercises every one of these features.",
      stages: ["editor", "language"],
    },
    "card.lens.run-agent": {
      kind: "keep",
      promise: "Above each agent declaration stands a code lens, Run Agent, that starts it.",
      how: "The real-editor suite clicks it.",
      stages: ["editor"],
    },
    "card.palette.generate-tests": {
      kind: "keep",
      promise: "For an OpenAPI document the command palette has an entry that generates tests.",
      how: "The real-editor suite runs the entry from the palette.",
      stages: ["editor", "apitest"],
    },
    "card.sidebar.audit-explorer": {
      kind: "keep",
      promise:
        "The activity bar opens an audit explorer, a sidebar with runs and the ledger entries of each.",
      how: "The real-editor suite opens it, filters, and verifies from there.",
      stages: ["editor", "ledger"],
    },
    "card.beyond.cli": {
      kind: "beyond",
      promise:
        "Whatever the runtime can do, the `writ` command can do: with `--json`, and with exit codes 0 (done), 1 (failed or tampered with), 2 (wrong usage), 3 (something missing in the environment) and 130 (interrupted).",
      how: "One table of tests covers each command with each exit code.",
      stages: ["foundation"],
    },
  },
} as const satisfies Area;
