import type { Area } from "./row.ts";

export const sandbox = {
  title: "Sandboxes",
  summary: "gVisor, Docker or embedded WebAssembly, used only after a probe has shown that the limits hold.",
  rows: {
    "sandbox.tiers.two": {
      kind: "keep",
      promise: "Isolation comes in two tiers: Tier 1 is Docker, Tier 2 is gVisor.",
      how: "Both pass one conformance suite on real engines, behind one port; an embedded wasm tier joins them.",
      stages: ["engines", "sandbox"],
    },
    "sandbox.tiers.by-risk": {
      kind: "adapt",
      promise: "How risky an operation is decides the tier it runs in.",
      how: "A decision table is tested row by row, and each outcome is run.",
      reason:
        "Risk alone is not enough: the file sets a floor, policy may oblige to more, the tool declares its risk, and the strongest of the three counts.",
      stages: ["gate", "sandbox"],
    },
    "sandbox.orchestrator": {
      kind: "keep",
      promise: "A sandbox orchestrator starts and ends sandboxes on behalf of the lifecycle controller.",
      how: "Kill the runtime with `kill -9` and nothing leaks; the sweep takes only leases of the same user that have expired and whose run cannot resume.",
      stages: ["engines", "sandbox"],
    },
    "sandbox.docker": {
      kind: "keep",
      promise:
        "For low risk, development and trusted code, Tier 1 is a container with limited resources, dropped capabilities, its network cut off and read-only file systems.",
      how: "The conformance suite runs on Docker Engine: no network at all inside, `/tmp` a tmpfs of fixed size, and each limit shown by a probe at start-up.",
      stages: ["engines", "sandbox"],
    },
    "sandbox.gvisor": {
      kind: "keep",
      promise:
        "For ordinary production and data processing, Tier 2 places a user-space kernel before the host: it intercepts system calls, guards memory and virtualises input and output.",
      how: "The conformance suite and the attacks by ptrace, `/proc`, devices and mounts run on `runsc`, and the probe shows the limits.",
      stages: ["engines", "sandbox"],
    },
    "sandbox.gvisor.impact": {
      kind: "adapt",
      promise: "Compared with Tier 1, Tier 2 costs little speed.",
      how: "One benchmark run measures both tiers on the same workloads.",
      reason:
        "What it costs depends on the workload, so the figures are measured and published whatever they are.",
      stages: ["sandbox", "performance"],
    },
    "sandbox.gvisor.default": {
      kind: "adapt",
      promise: "Unless told otherwise, most agent operations run in Tier 2.",
      how: "Tests on machines with and without gVisor find the tier and its reason where a run begins, and the remedy when a required tier is missing.",
      reason:
        "Many desks have no gVisor, so `auto` is the default and means the strongest tier that is there, never below Docker, and `wasm` only where it is named. A required tier that is missing is an error.",
      stages: ["engines", "sandbox"],
    },
    "sandbox.enterprise-tiers": {
      kind: "refuse",
      promise: "A paid enterprise edition offers more tiers of isolation.",
      how: "The embedded wasm tier is a third wall for everybody, and the sandbox port takes further ones.",
      reason: "Writ has a single edition, and it is open.",
      stages: ["sandbox"],
    },
    "sandbox.wasi": {
      kind: "keep",
      promise: "Code that is not trusted runs in a WASI sandbox with no access to the network.",
      how: "The attack suite runs on the wasm tier, where each job has a child process of its own that ends with it.",
      stages: ["sandbox"],
    },
    "sandbox.wasi.fs": {
      kind: "adapt",
      promise: "Inside the WASI sandbox the file system is limited, with `/tmp` open for reading only.",
      how: "A guest reads the snapshot it was given, fails to write it, and finds nothing of the host.",
      reason:
        "The guest's `/tmp` is a read-only snapshot that the run provides. The `/tmp` of the host belongs to everybody, so it is never shown.",
      stages: ["sandbox"],
    },
    "sandbox.wasi.memory": {
      kind: "keep",
      promise:
        "Memory in the WASI sandbox has a limit, 256MB unless `WASI_MEMORY_LIMIT_MB` or the configuration sets another.",
      how: "A memory hog is stopped and told which limit it hit, with the limit set in either way.",
      stages: ["sandbox", "service"],
    },
    "sandbox.wasi.timeout": {
      kind: "keep",
      promise: "WASI code is ended after 30s unless another timeout is set.",
      how: "The child receives SIGKILL at its deadline, and the overshoot is measured.",
      stages: ["sandbox"],
    },
    "wasi.fuel": {
      kind: "keep",
      promise: "A fuel meter bounds how much processor WASI code may use.",
      how: "Raw modules are metered exactly, per basic block, and interpreters by an interrupt budget; the fuel used is reported.",
      stages: ["sandbox"],
    },
    "wasi.component-model": {
      kind: "refuse",
      promise: "WebAssembly components and WASI Preview 2 are to be supported (this was planned).",
      how: "Given the binary of a component, Writ answers with a named fault that explains how to build for preview 1.",
      reason: "Writ runs preview 1 only; nothing that its embedded tier runs is a component.",
      stages: ["sandbox"],
    },
    "sandbox.beyond.wasm-tier": {
      kind: "beyond",
      promise: "With no daemon on the machine an agent still runs, in an embedded WebAssembly tier.",
      how: "The demo command is run on a bare machine.",
      stages: ["foundation", "sandbox"],
    },
    "sandbox.beyond.attack-table": {
      kind: "beyond",
      promise:
        "Every tier faces the same attacks, and the documentation tells for each what stopped it and after how long.",
      how: "The suite prints the table.",
      stages: ["sandbox"],
    },
    "sandbox.beyond.limits-probe": {
      kind: "beyond",
      promise: "Before a tier is used, a probe has shown that its limits really hold on this engine.",
      how: "The probe turns down a gVisor that ignores cgroups.",
      stages: ["sandbox"],
    },
    "sandbox.beyond.reviewed-publish": {
      kind: "beyond",
      promise:
        "An agent changes no file of your workspace directly: changes arrive through the gate, as a diff.",
      how: "Tests write through every tool, and protected paths always ask a person.",
      stages: ["gate", "sandbox"],
    },
  },
} as const satisfies Area;
