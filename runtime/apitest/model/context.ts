import type { ApiCredentialChoice } from "#protocol/api-test.ts";

import type { DocumentSet } from "../load/document-set.ts";
import type { ProblemLog } from "../load/problem-log.ts";
import type { SchemaRegistry } from "../schema/registry.ts";

/** What the readers of one document share. */
export interface ModelContext {
  readonly documents: DocumentSet;
  readonly log: ProblemLog;
  readonly schemas: SchemaRegistry;
  readonly credentials: readonly ApiCredentialChoice[];
}
