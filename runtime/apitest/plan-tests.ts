import type {
  ApiAnswer,
  ApiCredentialChoice,
  ApiFinding,
  ApiTestAgent,
  ApiTestCase,
  ApiTestPlan,
} from "#protocol/api-test.ts";
import type { DocumentFiles } from "#ports/document-files.ts";

import { caseOf, casesOf, type Digest, type MadeCases, type PlannedCase } from "./agents/cases.ts";
import type { AgentContext } from "./agents/context.ts";
import { targetOf } from "./agents/request.ts";
import { smallerDrafts } from "./agents/shrink.ts";
import { checkAnswer } from "./check/check-answer.ts";
import { placeOf } from "./load/document-set.ts";
import { loadDocuments } from "./load/load-documents.ts";
import { ProblemLog } from "./load/problem-log.ts";
import type { DocumentProblem } from "./load/problems.ts";
import { readModel } from "./model/read-model.ts";
import { SchemaJudge } from "./schema/judge.ts";

export interface PlanOptions {
  readonly file: string;
  readonly seed: number;
  readonly agents: readonly ApiTestAgent[];
  readonly casesMax: number;
  readonly casesPerOperationMax: number;
  readonly credentials: readonly ApiCredentialChoice[];
}

export interface PlannedDocument {
  /** Null when nothing of the document can be used. */
  readonly tests: DocumentTests | null;
  readonly problems: readonly DocumentProblem[];
}

/** Document in, cases out: reads, understands, generates. Everything that is wrong on the way is a problem with its place. */
export const planTests = async (
  options: PlanOptions,
  files: DocumentFiles,
  digest: Digest,
  signal: AbortSignal,
): Promise<PlannedDocument> => {
  const loaded = await loadDocuments(options.file, files, signal);
  // A document that readers would read differently is not guessed at.
  const isBroken = loaded.problems.some(({ problem }) => problem.severity === "error");
  if (loaded.value === null || isBroken) return { tests: null, problems: loaded.problems };
  const log = new ProblemLog();
  const read = readModel(loaded.value.entry, loaded.value.documents, log, options.credentials);
  if (read === undefined) return { tests: null, problems: [...loaded.problems, ...log.problems] };
  const { model, schemas } = read;
  const context: AgentContext = { model, schemas, judge: new SchemaJudge(schemas), log, seed: options.seed };
  const made = casesOf(context, options, digest);
  return {
    tests: new DocumentTests(context, made, digest),
    problems: [...loaded.problems, ...log.problems],
  };
};

/** The cases of one document with what is needed to judge answers to them. */
export class DocumentTests {
  readonly plan: ApiTestPlan;
  private readonly context: AgentContext;
  private readonly digest: Digest;
  private readonly known = new Map<string, PlannedCase>();

  constructor(context: AgentContext, { cases, leftOut }: MadeCases, digest: Digest) {
    this.context = context;
    this.digest = digest;
    for (const planned of cases) this.known.set(planned.testCase.id, planned);
    this.plan = {
      operations: context.model.operations.map(({ method, path, node, responses }) => ({
        method,
        path,
        target: targetOf(context.model.basePath, path),
        place: placeOf(node),
        responses: responses.map(({ status, contents }) => ({
          status,
          contents: contents.map(({ mediaType, schema }) => ({
            mediaType,
            schema: schema === null ? null : context.schemas.nameOf(schema),
          })),
        })),
      })),
      leftOut: [...context.model.leftOut, ...leftOut].map(({ method, path, node, why }) => ({
        method,
        path,
        place: placeOf(node),
        why,
      })),
      cases: cases.map(({ testCase }) => testCase),
      schemas: context.schemas.closure(
        context.model.operations.flatMap(({ responses }) =>
          responses.flatMap(({ contents }) => contents.flatMap(({ schema }) => schema ?? [])),
        ),
      ),
      suggestedOrigins: context.model.suggestedOrigins,
    };
  }

  /** Undefined for a case that is not of this document. */
  judge(caseId: string, answer: ApiAnswer): readonly ApiFinding[] | undefined {
    const planned = this.known.get(caseId);
    return planned === undefined
      ? undefined
      : checkAnswer(planned.draft.operation, planned.testCase, answer, this.context);
  }

  /** Smaller cases that test the same; they can be judged and made smaller again. */
  smaller(caseId: string): readonly ApiTestCase[] {
    const planned = this.known.get(caseId);
    if (planned === undefined) return [];
    return smallerDrafts(planned.draft, this.context).flatMap((draft) => {
      const made = caseOf(draft, this.context, this.digest);
      if (made === undefined) return [];
      this.known.set(made.testCase.id, { draft, testCase: made.testCase });
      return [made.testCase];
    });
  }
}
