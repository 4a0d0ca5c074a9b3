import { resolve } from "node:path";

import { createApiTester } from "#adapters/apitest/create-api-tester.ts";
import { createDocumentFiles } from "#adapters/document-files/create-document-files.ts";
import { vitestSuite } from "#apitest/emit/vitest-suite.ts";
import { LOAD_LIMITS } from "#apitest/load/limits.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { ApiTester } from "#ports/api-tester.ts";
import type { DocumentFiles } from "#ports/document-files.ts";
import { API_TEST_AGENTS, type ApiCredentialChoice, type ApiTestPlan } from "#protocol/api-test.ts";

import type { FileProblem } from "../plan-run.ts";
import { readSourceFile } from "../source-file.ts";
import { findWorkspace, workspacePath } from "../workspace.ts";
import { digest } from "./policies.ts";
import { programFiles } from "./program-files.ts";

const PLAN_MS_MAX = 60_000;
const JUDGE_MS_MAX = 10_000;
const HEAP_BYTES_MAX = 1024 * 1024 * 1024;
const CASES_MAX = 20_000;
const CASES_PER_OPERATION_MAX = 250;

export interface ApiTestsOf {
  readonly document: string;
  /** A folder in place of the workspace that the document lies in, or null. */
  readonly workspace: string | null;
  readonly cwd: string;
  readonly seed: number;
  readonly credentials: readonly ApiCredentialChoice[];
}

export interface ApiTests {
  /** The document, relative to its workspace. */
  readonly file: string;
  /** Null when nothing of the document can be used. */
  readonly plan: ApiTestPlan | null;
  readonly problems: readonly FileProblem[];
  /** Texts of the documents that were read, by file. */
  readonly texts: ReadonlyMap<string, string>;
  /** SHA-256 of the documents that were read, by file. */
  readonly digests: ReadonlyMap<string, Sha256>;
  /** The workspace's folder, absolute. */
  readonly folder: string;
  /** Judges answers to the cases of the plan. */
  readonly judge: Pick<ApiTester, "judge" | "smaller">;
  close(): Promise<void>;
}

export type ApiTestsRefusal = { readonly k: "usage" | "unavailable"; readonly fault: Fault<string> };

/** Reads a document and makes its tests; whoever gets them closes them. Nothing is sent anywhere. */
export const openApiTests = async (
  { document, workspace, cwd, seed, credentials }: ApiTestsOf,
  signal: AbortSignal,
): Promise<Result<ApiTests, ApiTestsRefusal>> => {
  const absolute = resolve(cwd, document);
  const readable = await readSourceFile(absolute);
  if (!readable.ok) return failed({ k: "usage", fault: readable.fault });
  const folder = await findWorkspace(absolute, workspace === null ? null : resolve(cwd, workspace));
  if (!folder.ok) return failed({ k: "usage", fault: folder.fault });
  const file = await workspacePath(folder.value, absolute);
  if (file === null) {
    const message = `\`${visibleText(document)}\` is not in the workspace \`${visibleText(folder.value)}\``;
    return failed({ k: "usage", fault: fault("HOST_USAGE", message) });
  }
  const texts = new Map<string, string>();
  const digests = new Map<string, Sha256>();
  const files = remembering(
    createDocumentFiles({ workspace: folder.value, fileBytesMax: LOAD_LIMITS.documentBytesMax }),
    (path, bytes) => {
      // Also what is not UTF-8 is shown, as far as it is.
      texts.set(path, Buffer.from(bytes).toString("utf8"));
      digests.set(path, digest(bytes));
    },
  );
  const tester = createApiTester({
    entry: programFiles().apiTestWorker,
    files,
    planTimeoutMs: PLAN_MS_MAX,
    judgeTimeoutMs: JUDGE_MS_MAX,
    heapBytesMax: HEAP_BYTES_MAX,
  });
  try {
    const planned = await tester.plan(
      {
        file,
        seed,
        agents: API_TEST_AGENTS,
        casesMax: CASES_MAX,
        casesPerOperationMax: CASES_PER_OPERATION_MAX,
        credentials,
      },
      signal,
    );
    if (!planned.ok) {
      await tester.close();
      return failed({ k: "unavailable", fault: planned.fault });
    }
    const { plan, problems } = planned.value;
    return ok({
      file,
      plan,
      problems,
      texts,
      digests,
      folder: folder.value,
      judge: tester,
      close: () => tester.close(),
    });
  } catch (error) {
    await tester.close();
    throw error;
  }
};

/** The tests as the text of a vitest suite. */
export const suiteText = (plan: ApiTestPlan, document: string, seed: number, version: string): string =>
  vitestSuite(plan, { document, seed, version });

/** Problems are shown with the lines that they are in, and a run names what it was made of. */
const remembering = (
  files: DocumentFiles,
  remember: (path: string, bytes: Uint8Array) => void,
): DocumentFiles => ({
  async read(path, signal) {
    const read = await files.read(path, signal);
    if (read.ok) remember(path, read.value);
    return read;
  },
});
