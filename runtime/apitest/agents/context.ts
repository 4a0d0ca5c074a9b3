import type { ProblemLog } from "../load/problem-log.ts";
import type { ApiModel } from "../model/operation.ts";
import type { SchemaJudge } from "../schema/judge.ts";
import type { SchemaRegistry } from "../schema/registry.ts";

/** What every agent is given; none of them has anything else. */
export interface AgentContext {
  readonly model: ApiModel;
  readonly schemas: SchemaRegistry;
  readonly judge: SchemaJudge;
  readonly log: ProblemLog;
  /** A whole number; everything that is drawn follows from it. */
  readonly seed: number;
}
