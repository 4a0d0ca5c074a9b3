import type { Area } from "./row.ts";

export const docs = {
  title: "Documentation and tests",
  summary: "Guides, test suites and diagrams that are checked or printed from what they describe.",
  rows: {
    "docs.architecture.arrows": {
      kind: "adapt",
      promise:
        "Parts depend on each other as the drawing shows: the scheduler on context, policy and loop; lifecycle on sandboxes, and these on Docker and gVisor; the bus on cryptography; context on vectors and RAG; the loop on inference, gate and executor; the knowledge bridge on context and loop; the gate on the policy engine, and this on audit; MCP on tool verification.",
      how: "The import-boundary test enforces a table, and the published diagram is printed from that table.",
      reason:
        "A drawing that nothing enforces ages, so this one is printed from the rules in force, and arrows differ where Writ's rooms do.",
      stages: ["foundation", "gate", "tools", "scheduler", "knowledge"],
    },
    "docs.migrate.names": {
      kind: "adapt",
      promise:
        "The documentation tells where every named part is: of the Symbi loop (phases, `policy_bridge`, `executor`, `circuit_breaker`, `loop_types`, `human_critic`, `cedar_gate`, `saga`, `agent_registry`, `tracing_spans`, `metrics`, `tool_profile`, `progress_tracker`, `pre_hydrate`), of the PolyAgent core (`enforcement`, `tool_registry`, `tool_cache`, `tools`, `wasi_sandbox`, `memory`, `config`, `tracing`, `metrics`) and of the Sentinel agents (`functional_positive`, `functional_negative`, `functional_stateful`, `security_auth`, `security_injection`, `performance_planner`, `data_mocking`, and each with the ending `_agent`, in `orchestration_service` and `sentinel_rust_core`).",
      how: "A test finds each old name in the tables and each room or agent id they point to in the code.",
      reason:
        "Those files do not exist in Writ, so tables under `docs/migrate` lead from an old name to a room or agent id.",
      stages: ["polish"],
    },
    "docs.migrate.guide": {
      kind: "adapt",
      promise: "A guide takes you from the patterns of before to those of today.",
      how: "The commands of every guide are run on fixtures in tests.",
      reason:
        "Three products came before, so there are guides for the files, the configuration and the APIs of each, with an import command.",
      stages: ["polish"],
    },
    "docs.rust.lazy-init": {
      kind: "refuse",
      promise:
        "Statics, metrics for one, are set up with `OnceLock` and `std::sync::Once` in place of `lazy_static`.",
      how: "Modules have constants, parts are composed openly in one place, heavy ones are imported on demand, and no global registry exists.",
      reason: "This is an idiom of Rust, and Writ is TypeScript.",
      stages: ["foundation", "performance"],
    },
    "docs.rust.zero-copy-strings": {
      kind: "refuse",
      promise: "Clones of text are avoided by passing `Cow<str>` or `&str`.",
      how: "Tool results stay views on a `Uint8Array`, and the bytes copied per result are measured.",
      reason: "JavaScript strings cannot change and are shared anyway.",
      stages: ["performance"],
    },
    "docs.rust.thiserror": {
      kind: "refuse",
      promise: "Errors come from `thiserror` with `context()`, and `unwrap()` is not used.",
      how: "Faults are closed unions, errors do not steer control flow, and lint rules catch ignored promises.",
      reason: "This is an idiom of Rust, and Writ is TypeScript.",
      stages: ["foundation", "tools"],
    },
    "docs.contributing": {
      kind: "adapt",
      promise:
        "Who contributes formats and lints first (`cargo fmt`, `cargo clippy`), adds tests, brings the documentation of a changed API up to date, handles errors in the agreed way and allocates no more than needed.",
      how: "Continuous integration checks it, and `CONTRIBUTING.md` describes it.",
      reason: "Here oxlint and a formatter, run as npm scripts, do what `cargo` did.",
      stages: ["foundation"],
    },
    "docs.license": {
      kind: "refuse",
      promise: "The code carries a copyright of 2025 and all rights are reserved.",
      how: "The `LICENSE` file and the manifest say Apache-2.0.",
      reason: "Writ is open source under the Apache-2.0 licence.",
      stages: ["foundation"],
    },
    "docs.suite.unit": {
      kind: "keep",
      promise: "Each component has unit tests, and logic that is hard has property-based ones.",
      how: "They are part of the test command, which counts them; fast-check works on codecs, parsers, state machines and the ledger.",
      stages: ["foundation"],
    },
    "docs.suite.mocks": {
      kind: "adapt",
      promise: "In unit tests, mocks stand in for dependencies.",
      how: "Every fake runs the conformance suite of its port.",
      reason:
        "A mock that nobody checks proves little: a fake has to pass the conformance suite of the port it stands behind, and only a real adapter proves a feature.",
      stages: ["foundation"],
    },
    "docs.suite.integration": {
      kind: "keep",
      promise:
        "Integration tests span components: contracts, tools run from end to end, the cache at work, and errors.",
      how: "`npm run test:integration` uses real components and counts its tests.",
      stages: ["engines", "tools"],
    },
    "docs.suite.performance": {
      kind: "keep",
      promise:
        "One command runs the performance tests: benchmarks of critical paths, profiles of memory, stress with much running at once.",
      how: "`npm run bench` measures, and `npm run soak` stresses and compares snapshots of the heap.",
      stages: ["performance"],
    },
    "docs.suite.security": {
      kind: "keep",
      promise:
        "Tests for penetration and compliance have a command to themselves (once feature `security-tests` with helpers `test-utils`).",
      how: "`npm run test:security` counts per class of attack.",
      stages: ["engines", "sandbox", "performance"],
    },
    "docs.suite.hybrid-e2e": {
      kind: "adapt",
      promise:
        "Every implementation can be tested by a command, all suites by another, and all services together by the end-to-end suite `test_hybrid_agents`.",
      how: "The vitest suite `hybrid-agents` runs on a real broker with real workers.",
      reason: "As there is one implementation, `npm test` runs everything.",
      stages: ["service"],
    },
    "docs.beyond.promise-ledger": {
      kind: "beyond",
      promise:
        "All that the product promises is on this page, row by row, with the test that proves it or the reason why not.",
      how: "The page is printed from data, and the checks fail on a row that lacks its evidence.",
      stages: ["foundation"],
    },
  },
} as const satisfies Area;
