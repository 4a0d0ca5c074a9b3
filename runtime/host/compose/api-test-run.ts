import { systemClock } from "#adapters/clock/system-clock.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import { compileCedar } from "#policy/index.ts";
import type { LoadedPolicies } from "#policy/index.ts";
import type { Approver } from "#ports/approver.ts";
import { HTTP_LIMITS_DEFAULT, type HttpTransport } from "#ports/http-transport.ts";
import type { ApiCredentialChoice, ApiTestPlan } from "#protocol/api-test.ts";
import { entityId } from "#protocol/entity-id.ts";
import type { PolicySource } from "#protocol/policy-vocabulary.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";

import type { InterruptedRun } from "../interrupted-runs.ts";
import type { FileProblem } from "../plan-run.ts";
import { gatherPolicySources } from "../policy-sources.ts";
import { TestCredentials } from "../tests/credentials.ts";
import { originPolicy } from "../tests/origin-policy.ts";
import { type RecordedTests, runTests } from "../tests/run-tests.ts";
import { identifyWorkspace, reclaimingHelp, unclaimedLedgers } from "../workspace-identity.ts";
import type { ApiTests } from "./api-tests.ts";
import { newWorkspaceId } from "./ids.ts";
import { digest, openPolicyEngine } from "./policies.ts";
import { openRunLedger, policyFolders } from "./run.ts";

const CONCURRENCY_MAX = 4;
const SHRINK_REQUESTS_MAX = 60;

export interface TestRunOf {
  readonly seed: number;
  readonly requestsMax: number;
  readonly requestsPerSecondMax: number | null;
  readonly stateDirectory: string;
  /** Another folder for the ledger, absolute, or null. */
  readonly ledgerFolder: string | null;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
  /** Operating-system user. */
  readonly user: string;
  /** What the ledger names as its writer. */
  readonly software: string;
}

/** Who is asked, and told what comes before the first request. */
export interface TestRunPeople {
  readonly approver: Approver;
  onNewWorkspace(unclaimed: readonly string[], help: string): void;
  onInterrupted(runs: readonly InterruptedRun[]): void;
  onPolicyWarnings(warnings: readonly FileProblem[], texts: ReadonlyMap<string, string>): void;
  /** What interrupted the run, in words; null where that is not known. */
  readonly howInterrupted: () => string | null;
}

export type TestRunRefusal =
  | {
      readonly k: "problems";
      readonly problems: readonly FileProblem[];
      readonly texts: ReadonlyMap<string, string>;
    }
  | { readonly k: "usage" | "unavailable"; readonly fault: Fault<string> };

/** The one server of a run, named by a person for it, and the credentials that go there and nowhere else. */
export interface TestTarget {
  readonly transport: HttpTransport;
  readonly credentials: TestCredentials;
}

export interface TestTargetOf {
  readonly origin: string;
  readonly credentials: readonly ApiCredentialChoice[];
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/**
 * Nothing else than what this opens is ever sent anything, and nothing is sent yet, so what cannot be is refused
 * before anybody makes tests for it. Whoever gets it closes the transport.
 */
export const openTestTarget = async ({
  origin,
  credentials: choices,
  variables,
}: TestTargetOf): Promise<Result<TestTarget, TestRunRefusal>> => {
  // The client is large, and only a run sends anything.
  const { openHttpTransport } = await import("#adapters/http/open-transport.ts");
  const opened = await openHttpTransport(origin, { ...HTTP_LIMITS_DEFAULT, connectionsMax: CONCURRENCY_MAX });
  if (!opened.ok) {
    const isUsage = opened.fault.code === "HTTP_ORIGIN_REFUSED";
    return failed({ k: isUsage ? "usage" : "unavailable", fault: opened.fault });
  }
  const transport = opened.value;
  const credentials = TestCredentials.read(choices, variables, transport.origin);
  if (credentials.ok) return ok({ transport, credentials: credentials.value });
  await transport.close();
  const isMissing = credentials.fault.code === "TESTS_CREDENTIAL_MISSING";
  return failed({ k: isMissing ? "unavailable" : "usage", fault: credentials.fault });
};

/**
 * Sends the tests of a document to one origin: as far as the policies permit, and on record. When aborted, or
 * where the ledger refuses, it stops and gives what was found before; rejects with an AbortError where nothing
 * was sent yet.
 */
export const runApiTests = async (
  tests: ApiTests,
  plan: ApiTestPlan,
  { transport, credentials }: TestTarget,
  of: TestRunOf,
  people: TestRunPeople,
  signal: AbortSignal,
): Promise<Result<RecordedTests, TestRunRefusal>> => {
  const unfit = credentials.refusalOf(plan);
  if (unfit !== undefined) return failed({ k: "usage", fault: unfit });
  const testRun = entityId(tests.file);
  const named = originPolicy(testRun, transport.origin);
  return withPolicies(tests.folder, of, named, people, signal, (policies) =>
    withLedger(tests.folder, of, people, (ledger) =>
      runTests(
        {
          ledger,
          policies,
          transport: credentials.sentBy(transport),
          tester: credentials.hiddenFrom(tests.judge),
          hide: (text) => credentials.hide(text),
          approver: people.approver,
          clock: systemClock,
          crypto: createNodeCrypto(),
          entropy: createSystemEntropy(),
          digest,
          howInterrupted: people.howInterrupted,
        },
        {
          plan,
          testRun,
          documents: [...tests.digests].map(([file, sha256]) => ({ file, digest: sha256 })),
          user: of.user,
          options: {
            seed: of.seed,
            requestsMax: of.requestsMax,
            concurrencyMax: CONCURRENCY_MAX,
            requestsPerSecondMax: of.requestsPerSecondMax,
            shrinkRequestsMax: SHRINK_REQUESTS_MAX,
          },
        },
        signal,
      ),
    ),
  );
};

type Ran = Result<RecordedTests, TestRunRefusal>;

/** Loads the rules of all layers with that of the command line. */
const withPolicies = async (
  folder: string,
  { variables, home }: TestRunOf,
  named: PolicySource,
  people: TestRunPeople,
  signal: AbortSignal,
  use: (policies: LoadedPolicies) => Promise<Ran>,
): Promise<Ran> => {
  const sources = await gatherPolicySources(policyFolders(folder, variables, home));
  if (!sources.ok) return failed({ k: "unavailable", fault: sources.fault });
  const opened = await openPolicyEngine();
  if (!opened.ok) return failed({ k: "unavailable", fault: opened.fault });
  const { engine, decider } = opened.value;
  try {
    const compiled = [...sources.value, named].map((source) => compileCedar(source, BUILTIN_TOOLS));
    const loading = await engine.load(compiled, signal);
    if (!loading.ok) return failed({ k: "unavailable", fault: loading.fault });
    const { policies, problems } = loading.value;
    const texts = new Map(sources.value.map(({ file, text }) => [file, text]));
    if (policies === null) return failed({ k: "problems", problems, texts });
    people.onPolicyWarnings(problems, texts);
    return await use(policies);
  } finally {
    await decider.close();
  }
};

/** Opens the workspace's ledger; one that cannot be closed as it should leaves less to verify against. */
const withLedger = async (
  folder: string,
  { stateDirectory, ledgerFolder, software }: TestRunOf,
  people: TestRunPeople,
  use: (ledger: Parameters<typeof runTests>[0]["ledger"]) => Promise<Result<RecordedTests, Fault<string>>>,
): Promise<Ran> => {
  const refuse = (reason: Fault<string>): Ran => failed({ k: "unavailable", fault: reason });
  const workspace = await identifyWorkspace(folder, stateDirectory, newWorkspaceId);
  if (!workspace.ok) return refuse(workspace.fault);
  if (workspace.value.isNew) {
    const unclaimed = await unclaimedLedgers(stateDirectory);
    people.onNewWorkspace(unclaimed, reclaimingHelp(folder, stateDirectory, unclaimed));
  }
  const place = { stateDirectory, workspace: workspace.value.id, folder: ledgerFolder };
  const opened = await openRunLedger(place, software);
  if (!opened.ok) return refuse(opened.fault);
  const { writable, interrupted } = opened.value;
  people.onInterrupted(interrupted);
  try {
    const ran = await use(writable);
    const closed = await writable.close();
    if (!ran.ok) return refuse(ran.fault);
    return closed.ok ? ran : ok({ ...ran.value, refusal: ran.value.refusal ?? closed.fault });
  } finally {
    await writable.close();
  }
};
