/** The parts of the work, in the order in which they are planned to land. */
export const stages = {
  foundation: "one run in one process: formats, gate, loop, embedded sandbox, ledger, command line",
  engines: "real container engines and real models",
  editor: "the VS Code extension and its language client",
  language: "every dialect, every diagnostic, formatting and rename",
  gate: "the whole policy engine, approvals, limits and breakers",
  loop: "the whole reasoning loop, resume, replay and the debugger",
  sandbox: "all sandbox tiers with their attack suites",
  ledger: "witnesses, erasure, evidence bundles, reports",
  tools: "tool registry, tool cache, Model Context Protocol",
  scheduler: "schedules, agent lifecycle, resources, messages between agents",
  knowledge: "memory, search, vectors and retrieval",
  apitest: "test generation from OpenAPI documents",
  service: "HTTP and gRPC, worker fleet, configuration, telemetry, deployment",
  performance: "the measured targets",
  browser: "the parts that run in a web page",
  polish: "guides, migration and import",
} as const satisfies Readonly<Record<string, string>>;

export type Stage = keyof typeof stages;

interface Sentences {
  /** What a user may expect; for `adapt` and `refuse`, what a user of an earlier product may expect. */
  readonly promise: string;
  /** The evidence: which tests or measurements show it. */
  readonly how: string;
  /** Every part of the work that has to land before the row can count as kept. */
  readonly stages: readonly [Stage, ...Stage[]];
}

/** `keep`: an earlier product promised it. `beyond`: none did. */
interface Unchanged extends Sentences {
  readonly kind: "keep" | "beyond";
}

/** `adapt`: an earlier product promised it, and Writ serves the purpose otherwise. `refuse`: Writ declines. */
interface Changed extends Sentences {
  readonly kind: "adapt" | "refuse";
  /** What Writ does instead, and why. */
  readonly reason: string;
}

/** One promise. All sentences are Markdown without line breaks. */
export type Row = Unchanged | Changed;

/** The promises of one area, by id. */
export interface Area {
  /** Heading of the area on the printed page. */
  readonly title: string;
  /** One sentence on what the area gives its user, for the table of features. */
  readonly summary: string;
  readonly rows: Readonly<Record<string, Row>>;
}
