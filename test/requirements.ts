/**
 * Everything the product promises, as data: one row each, by area, with its state derived from what has landed.
 *
 * A test cites a row with `verifies("row.id")`; test/architecture/requirements.test.ts holds the two together,
 * and `npm run docs:promises` prints docs/promises.md and the table of features in README.md from them.
 */
import { agent } from "./requirements/agent.ts";
import { apitest } from "./requirements/apitest.ts";
import { bus } from "./requirements/bus.ts";
import { card } from "./requirements/card.ts";
import { compliance } from "./requirements/compliance.ts";
import { config } from "./requirements/config.ts";
import { deploy } from "./requirements/deploy.ts";
import { docs } from "./requirements/docs.ts";
import { gate } from "./requirements/gate.ts";
import { grpc } from "./requirements/grpc.ts";
import { health } from "./requirements/health.ts";
import { http } from "./requirements/http.ts";
import { knowledge } from "./requirements/knowledge.ts";
import { language } from "./requirements/language.ts";
import { ledger } from "./requirements/ledger.ts";
import { lifecycle } from "./requirements/lifecycle.ts";
import { mcp } from "./requirements/mcp.ts";
import { models } from "./requirements/models.ts";
import { observe } from "./requirements/observe.ts";
import { perf } from "./requirements/perf.ts";
import { policy } from "./requirements/policy.ts";
import { queue } from "./requirements/queue.ts";
import { rag } from "./requirements/rag.ts";
import { recovery } from "./requirements/recovery.ts";
import { resources } from "./requirements/resources.ts";
import type { Area, Row, Stage } from "./requirements/row.ts";
import { sandbox } from "./requirements/sandbox.ts";
import { schedule } from "./requirements/schedule.ts";
import { tools } from "./requirements/tools.ts";
import { vector } from "./requirements/vector.ts";

/** In the order of the printed page. */
const rowsByArea = {
  card,
  language,
  policy,
  gate,
  agent,
  models,
  tools,
  mcp,
  sandbox,
  ledger,
  compliance,
  schedule,
  lifecycle,
  resources,
  bus,
  recovery,
  knowledge,
  rag,
  vector,
  apitest,
  queue,
  config,
  http,
  grpc,
  observe,
  health,
  deploy,
  docs,
  perf,
} as const satisfies Readonly<Record<string, Area>>;

type AreaName = keyof typeof rowsByArea;

export type RequirementId = {
  [Name in AreaName]: keyof (typeof rowsByArea)[Name]["rows"];
}[AreaName];

/** The parts of the work that are done. A stage is added here by the change that completes it. */
export const landedStages: readonly Stage[] = ["foundation", "engines"];

/**
 * - `open`: a part of the work that the row names has not landed.
 * - `kept`, `adapted`: all of them have, and tests prove the row.
 * - `refused`: declined, from the start.
 */
export type State = "open" | "kept" | "adapted" | "refused";

export interface Requirement {
  readonly id: string;
  readonly area: string;
  readonly row: Row;
}

export const areas: Readonly<Record<string, Area>> = rowsByArea;

export const requirements: readonly Requirement[] = Object.entries(areas).flatMap(([area, { rows }]) =>
  Object.entries(rows).map(([id, row]) => ({ id, area, row })),
);

export function stateOf(row: Row, landed: readonly Stage[]): State {
  if (row.kind === "refuse") return "refused";
  if (!row.stages.every((stage) => landed.includes(stage))) return "open";
  return row.kind === "adapt" ? "adapted" : "kept";
}
