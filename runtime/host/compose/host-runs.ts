import { realpath } from "node:fs/promises";
import { join } from "node:path";

import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { RunReport } from "#agent/index.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { LanguageModel } from "#ports/language-model.ts";

import type { PlanRefusal, RunOrder, RunPlan } from "../plan-run.ts";
import { planRun } from "../plan-run.ts";
import { gatherPolicySources } from "../policy-sources.ts";
import type { CallFault } from "../rpc/errors.ts";
import { callFault } from "../rpc/errors.ts";
import type { RunRefusal } from "../run-agent.ts";
import { runPlanned } from "../run-agent.ts";
import { conflict, refused, unavailable } from "../server/faults.ts";
import type { RunHooks, RunStarter, StartOrder, StartRefusal } from "../server/run-starter.ts";
import { readSourceFile } from "../source-file.ts";
import type { Workspace } from "../workspace.ts";
import { workspacePath } from "../workspace.ts";
import type { LedgerPlace } from "./ledger.ts";
import { openLowering } from "./lowering.ts";
import { digest, openPolicyEngine } from "./policies.ts";
import { openModel } from "./models.ts";
import { policyFolders, runAdapters, sandboxProviders } from "./run.ts";

export interface HostRunsDeps {
  readonly workspace: Workspace;
  readonly place: LedgerPlace;
  readonly ledger: WritableLedger;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly user: string;
}

/** Runs what clients order, each run with threads of its own: one that poisons them takes no other along. */
export const createRunStarter =
  (deps: HostRunsDeps): RunStarter =>
  async (order, hooks, signal) => {
    const source = await readOrdered(deps.workspace, order);
    if (!source.ok) return notStarted(source.fault);
    const { folder } = deps.workspace;
    const { variables, home } = deps;
    const { stateDirectory } = deps.place;
    const place = { cwd: folder, variables, home, stateDirectory };
    const model = await openModel(order.model, place, { offered: hooks });
    if (!model.ok) return notStarted(unavailable(model.fault));
    const { agent, sandbox } = order;
    return withPlan(
      deps,
      { ...source.value, agent, sandbox },
      model.value,
      async (plan) => {
        if (!plan.ok) return notStarted(planFault(plan.fault, source.value.path));
        const ran = await runPlanned(
          {
            ...runAdapters(deps.workspace, deps.place, deps.variables),
            plan: plan.value,
            ledger: deps.ledger,
            model: model.value,
            ordered: { run: hooks.run, startKey: order.startKey, publish: (event) => hooks.publish(event) },
          },
          { k: "values", values: order.inputs },
          peopleOf(deps, order, hooks, plan.value),
          signal,
        );
        return ran.ok ? ok(ran.value) : failed(refusalOf(ran.fault, plan.value.powersDigest, order));
      },
      signal,
    );
  };

/** Plans a run in threads of its own and does something with the plan; all of it is gone afterwards. */
export const withPlan = async <T>(
  { workspace, variables, home, place }: Pick<HostRunsDeps, "workspace" | "variables" | "home" | "place">,
  order: Omit<RunOrder, "policySources">,
  model: LanguageModel,
  act: (plan: Result<RunPlan, PlanRefusal>) => Promise<T>,
  signal: AbortSignal,
): Promise<T> => {
  const refuse = (reason: Fault<string>): Promise<T> => act(failed({ k: "unavailable", fault: reason }));
  const sources = await gatherPolicySources(policyFolders(workspace.folder, variables, home));
  if (!sources.ok) return refuse(sources.fault);
  const policies = await openPolicyEngine();
  if (!policies.ok) return refuse(policies.fault);
  const { engine, decider } = policies.value;
  const lowering = openLowering();
  try {
    const { stateDirectory } = place;
    const providers = sandboxProviders({ stateDirectory, variables });
    const plan = await planRun(
      { lowering, engine, providers, model, digest },
      { ...order, policySources: sources.value },
      signal,
    );
    try {
      return await act(plan);
    } finally {
      if (plan.ok) plan.value.policies.close();
    }
  } finally {
    await lowering.close();
    await decider.close();
  }
};

/** Whoever is at the clients of this host. */
export const peopleOf = (
  { user }: Pick<HostRunsDeps, "user">,
  { isConsentNamed }: Pick<StartOrder, "isConsentNamed">,
  hooks: RunHooks,
  plan: RunPlan,
): Parameters<typeof runPlanned>[2] => {
  const { powers, spec, tier } = plan;
  const askers = hooks.planned({ agent: powers.agent, path: spec.source.path, tier: tier.tier, powers });
  const howCancelled = (): string | null => hooks.howCancelled();
  return {
    user,
    surface: "protocol",
    isConsentNamed,
    observer: hooks.observer,
    howCancelled,
    ...askers,
  };
};

/** The file's bytes, read once, if they are those that the client read. */
const readOrdered = async (
  workspace: Workspace,
  order: StartOrder,
): Promise<Result<SourceBelow, CallFault>> => {
  const file = await readBelow(workspace, order.path);
  return file.ok && file.value.digest !== order.digest ? failed(CHANGED) : file;
};

interface SourceBelow {
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly path: string;
}

/** A file's bytes, read once, from inside the real workspace. */
export const readBelow = async (
  { folder }: Workspace,
  below: string,
): Promise<Result<SourceBelow, CallFault>> => {
  const named = join(folder, ...below.split("/"));
  let path: string | null;
  let real: string;
  try {
    real = await realpath(named);
    path = await workspacePath(folder, real);
  } catch {
    return failed(
      callFault(
        "not-found",
        fault("HOST_NO_SUCH_FILE", `\`${visibleText(below)}\` does not exist in the workspace`),
      ),
    );
  }
  if (path === null) return failed(OUTSIDE);
  const bytes = await readSourceFile(real);
  if (!bytes.ok) return failed(unavailable(bytes.fault));
  return ok({ bytes: bytes.value, digest: digest(bytes.value), path });
};

const OUTSIDE = refused(fault("RUN_OUTSIDE_WORKSPACE", "the file lies outside the workspace"));
const CHANGED = conflict(
  "RUN_SOURCE_CHANGED",
  "the file is not the one that the client read",
  "save it, look at it, and start again",
);

const notStarted = (reason: CallFault): Result<RunReport, StartRefusal> =>
  failed({ fault: reason, isOnRecord: false });

const planFault = (refusal: PlanRefusal, path: string): CallFault => {
  switch (refusal.k) {
    case "problems":
      return refused(
        fault("RUN_HAS_PROBLEMS", `\`${visibleText(path)}\` or the policies say what cannot be enforced`, {
          help: "`writ check` names each problem",
        }),
      );
    case "usage":
      return refused(refusal.fault);
    case "unavailable":
      return unavailable(refusal.fault);
  }
};

export const refusalOf = (
  refusal: RunRefusal,
  powers: string,
  { isConsentNamed }: Pick<StartOrder, "isConsentNamed">,
): StartRefusal => {
  const onRecord = (reason: Fault<string>): StartRefusal => ({ fault: refused(reason), isOnRecord: true });
  const help = `read what the agent may do with \`writ check --powers\`, then agree with \`--consent ${powers}\``;
  switch (refusal.k) {
    case "usage":
      return { fault: refused(refusal.fault), isOnRecord: false };
    case "unavailable":
      return { fault: unavailable(refusal.fault), isOnRecord: false };
    case "consent-refused":
      return onRecord(
        isConsentNamed
          ? fault("RUN_CONSENT_REFUSED", "nothing was run: --consent names other powers than this run's", {
              help: `the powers of this run are ${powers}; \`writ check --powers\` says what they allow`,
            })
          : fault("RUN_CONSENT_REFUSED", "nothing was run: its powers were not agreed to", { help }),
      );
    case "consent-unavailable":
      return onRecord(
        fault(
          "RUN_CONSENT_UNAVAILABLE",
          "nobody could be asked whether the agent may have its powers, and no --consent named them",
          {
            help,
          },
        ),
      );
  }
};
