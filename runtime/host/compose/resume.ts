import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { toHex } from "#kernel/bytes.ts";
import type { LogId, RunId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { RunReport } from "#agent/index.ts";
import { readPast } from "#agent/index.ts";
import { readSecret, SECRET_NAME, signingKeyOf } from "#ledger/keys.ts";
import { recoverLeftLog } from "#ledger/open-ledger.ts";
import { createVerificationSource } from "#ledger/verification-source.ts";
import { verifyLedger } from "#ledger/verify/verify-ledger.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";
import type { LanguageModel } from "#ports/language-model.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";

import type { FoundRun } from "../found-run.ts";
import { openEndOf } from "../find-interrupted.ts";
import { entriesOfRun, openFoundRun } from "../found-run.ts";
import { modelNameOf } from "../models/choose-model.ts";
import type { PlanRefusal, RunPlan } from "../plan-run.ts";
import type { OrderedRun, RunPeople } from "../run-agent.ts";
import type { EffectAsker, ResumeRefusal } from "../resume-run.ts";
import { resumePlanned } from "../resume-run.ts";
import type { HostRunsDeps } from "./host-runs.ts";
import { readBelow, withPlan } from "./host-runs.ts";
import type { LedgerPlace } from "./ledger.ts";
import { ledgerDeps, ledgerOptions } from "./ledger.ts";
import type { OfferedToRun } from "./models.ts";
import { openModel } from "./models.ts";
import { runAdapters } from "./run.ts";

export interface ResumeDeps extends HostRunsDeps {
  readonly reader: LedgerReader;
  /** Name and version, for the ledger. */
  readonly product: string;
  /** Where the path of a script begins that is the run's model. */
  readonly cwd: string;
}

export interface ResumeHooks {
  planned(plan: RunPlan): RunPeople & { readonly effects: EffectAsker };
  /** Gets live events of a host's run; absent where the observer sees them. */
  readonly publish?: OrderedRun["publish"];
  /** What clients have for a host's run. */
  readonly offered?: OfferedToRun;
}

/** Plans an interrupted run again, from what is on record of it and what lies here now, and goes on with it to its end. */
export const resumeRun = async (
  deps: ResumeDeps,
  run: RunId,
  hooks: ResumeHooks,
  signal: AbortSignal,
): Promise<Result<RunReport, ResumeRefusal>> => {
  const recovered = await recoverLogsOf(deps, run, signal);
  if (!recovered.ok) return recovered;
  const placed = await entriesOfRun(deps.reader, run, signal);
  if (!placed.ok) return failed({ k: "unavailable", fault: placed.fault });
  // Of a run that is over or goes on nothing else matters.
  const open = openEndOf(placed.value);
  if (!open.ok) return failed({ k: "usage", fault: open.fault });
  const found = await openFoundRun(deps.reader, run, placed.value);
  if (!found.ok) return failed({ k: "refused", fault: found.fault });
  const { path, agent, tier, source } = found.value;
  const file = await readBelow(deps.workspace, path);
  if (!file.ok) return failed({ k: "refused", fault: gone(path, file.fault.message) });
  if (file.value.digest !== source) return failed({ k: "refused", fault: changed(path) });
  const model = await modelOf(deps, found.value, hooks.offered);
  if (!model.ok) {
    return failed({
      k: model.fault.code === "SCRIPT_CHANGED" ? "refused" : "unavailable",
      fault: model.fault,
    });
  }
  const sandbox = SANDBOX_TIERS.find((known) => known === tier) ?? "auto";
  return withPlan(
    deps,
    { ...file.value, agent, sandbox },
    model.value,
    async (plan): Promise<Result<RunReport, ResumeRefusal>> =>
      plan.ok
        ? resumePlanned(
            {
              ...runAdapters(deps.workspace, deps.place, deps.variables),
              plan: plan.value,
              ledger: deps.ledger,
              model: model.value,
              reader: deps.reader,
              verify: (logs, aborted) => verifyLogs(deps.place, logs, aborted),
              ...(hooks.publish === undefined
                ? {}
                : { ordered: { run, startKey: null, publish: hooks.publish } }),
            },
            run,
            hooks.planned(plan.value),
            signal,
          )
        : failed(planRefusal(plan.fault, path)),
    signal,
  );
};

/**
 * Has what a killed writer left behind its last commit set aside in the logs that the run stands in,
 * before anything is read from them. The next writer of such a log would do that; another log may
 * have been taken up since, and then there is none.
 */
export const recoverLogsOf = async (
  { reader, place, product }: Pick<ResumeDeps, "reader" | "place" | "product">,
  run: RunId,
  signal: AbortSignal,
): Promise<Result<void, { readonly k: "refused" | "unavailable"; readonly fault: Fault<string> }>> => {
  const placed = await entriesOfRun(reader, run, signal);
  if (!placed.ok) return failed({ k: "unavailable", fault: placed.fault });
  const left = new Set(placed.value.filter(({ isLive }) => !isLive).map(({ entry }) => entry.log));
  for (const log of left) {
    const recovered = await recoverLeftLog(ledgerDeps(place), ledgerOptions(place, product), log);
    if (recovered.ok) continue;
    const isChanged = recovered.fault.code === "LEDGER_TAMPERED";
    return failed({ k: isChanged ? "refused" : "unavailable", fault: recovered.fault });
  }
  return ok(undefined);
};

/** The model that the run had, which a script goes on from where it was. */
const modelOf = async (
  { variables, home, place, cwd }: ResumeDeps,
  { model, entries }: FoundRun,
  offered: OfferedToRun | undefined,
): Promise<Result<LanguageModel, Fault<string>>> => {
  const past = readPast(entries);
  const had = past.ok ? past.value.answers : [];
  const { stateDirectory } = place;
  return openModel(
    modelNameOf(model),
    { cwd, variables, home, stateDirectory },
    { had, ...(offered === undefined ? {} : { offered }) },
  );
};

const gone = (path: string, why: string): Fault<"RESUME_CHANGED"> =>
  fault("RESUME_CHANGED", `\`${visibleText(path)}\` is not there any more as the run began with it: ${why}`, {
    help: "put it back as it was and resume the run, or start a new one",
  });
const changed = (path: string): Fault<"RESUME_CHANGED"> =>
  fault("RESUME_CHANGED", `\`${visibleText(path)}\` changed since the run began`, {
    help: "put it back as it was and resume the run, or start a new one",
  });

const planRefusal = (refusal: PlanRefusal, path: string): ResumeRefusal => {
  switch (refusal.k) {
    case "problems":
      return {
        k: "refused",
        fault: fault(
          "RUN_HAS_PROBLEMS",
          `\`${visibleText(path)}\` or the policies say what cannot be enforced`,
          {
            help: "`writ check` names each problem",
          },
        ),
      };
    case "usage":
    case "unavailable":
      return refusal;
  }
};

/** Whether the logs that a run stands in are as they were written: it goes on from evidence, and from nothing else. */
const verifyLogs = async (
  place: LedgerPlace,
  logs: readonly LogId[],
  signal: AbortSignal,
): Promise<Result<void, Fault<string>>> => {
  const crypto = createNodeCrypto();
  const { store, anchors, keys } = ledgerDeps(place);
  const seed = await readSecret(keys, SECRET_NAME.workspace(place.workspace));
  if (!seed.ok) return seed;
  const pinned = seed.value === null ? null : toHex(signingKeyOf(crypto, seed.value).publicKey);
  const verified = await verifyLedger(createVerificationSource(store, anchors, true), crypto, pinned, signal);
  if (!verified.ok) return verified;
  const wrong = verified.value.logs.find(
    ({ log, faultsTotal }) => log !== null && faultsTotal > 0 && logs.some((one) => one === log),
  );
  return wrong === undefined ? ok(undefined) : failed(TAMPERED);
};

const TAMPERED = fault("LEDGER_TAMPERED", "the log that the run stands in is not as it was written", {
  help: "`writ audit verify` says what was changed; start a new run",
});
