import { isSha256 } from "#kernel/digest.ts";
import type { RunId } from "#kernel/ids.ts";
import type { Fault } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import { newStartKey } from "#host/compose/ids.ts";
import { keyToOffer } from "#host/compose/models.ts";
import { modelNameOf } from "#host/models/choose-model.ts";
import { findRun, untoldEffectsOf } from "#host/resume-run.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import type { Workspace } from "#host/workspace.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";

import { homeFolder } from "./account.ts";
import type { ExitCode, Invocation } from "./command.ts";
import { effectPromptOf } from "./effect-prompt.ts";
import { printFault } from "./fault-output.ts";
import { attach, codeOf, OFFERS_NOTHING, withHost } from "./host-connection.ts";
import { KeyKeeper } from "./kept-key.ts";
import { keepFor, NO_FOLDER, NO_HOST, tellDetached, WHOLE_DIGEST } from "./run-detached.ts";

/**
 * Has the workspace's host go on with an interrupted run, and returns once that is on record, or
 * stays where the run needs a key that only the environment of this command has. What nobody saw the
 * end of is asked about here; where nobody says it, the run waits in its host.
 */
export const resumeDetached = async (
  invocation: Invocation,
  workspace: Workspace,
  reader: LedgerReader,
  run: RunId,
): Promise<ExitCode> => {
  const { values } = invocation;
  const refuse = (code: ExitCode, reason: Fault<string>): ExitCode => {
    printFault(invocation, reason);
    return code;
  };
  if (values.has("dir")) return refuse(2, NO_FOLDER);
  const consent = values.get("consent")?.[0]?.toLowerCase() ?? null;
  if (consent !== null && !isSha256(consent)) return refuse(2, WHOLE_DIGEST);
  const { environment, signal } = invocation;
  const found = await findRun(reader, run, signal);
  // What cannot be found is for the host to refuse.
  const place = { ...environment, home: homeFolder() };
  const kept = found.ok ? await keyToOffer(modelNameOf(found.value.model), place) : ok(null);
  if (!kept.ok) return refuse(3, kept.fault);
  const keeper = kept.value === null ? null : new KeyKeeper(kept.value);
  const host = await attach(invocation, workspace, true, keeper ?? OFFERS_NOTHING);
  if (!host.ok || host.value === null) return refuse(3, host.ok ? NO_HOST : host.fault);
  const connection = host.value;
  return withHost(connection, async (peer) => {
    const resumed = await peer.call("run/resume", { run, consent }, { signal });
    if (!resumed.ok) return refuse(codeOf(resumed.fault), resumed.fault);
    const code = await tellEffects(invocation, peer, reader, run);
    if (code !== 0) return code;
    tellDetached(invocation, run, keeper !== null);
    return keeper === null ? 0 : keepFor(invocation, keeper, run, connection);
  });
};

/** Says to the host what became of each lost effect, as the person or the command line has it. */
const tellEffects = async (
  invocation: Invocation,
  peer: HostConnection["peer"],
  reader: LedgerReader,
  run: RunId,
): Promise<ExitCode> => {
  const { signal } = invocation;
  const lost = await untoldEffectsOf(reader, run, signal);
  if (!lost.ok) {
    printFault(invocation, lost.fault);
    return 3;
  }
  const effects = effectPromptOf(invocation);
  const ready = await effects.ready(lost.value, signal);
  if (!ready.ok) {
    const help = `the run waits in its host: ${ready.fault.help ?? ""}`;
    printFault(invocation, { ...ready.fault, help });
    return 2;
  }
  for (const effect of lost.value) {
    const { k } = await effects.ask(effect, signal);
    const said =
      k === "end"
        ? await peer.call("run/cancel", { run, reason: "writ run --resume" }, { signal })
        : await peer.call("run/intervene", interventionOf(run, effect.callId, k), { signal });
    if (!said.ok) {
      printFault(invocation, said.fault);
      return codeOf(said.fault);
    }
    if (k === "end") break;
  }
  return 0;
};

const interventionOf = (run: RunId, target: string, k: "happened" | "absent") => ({
  run,
  idempotencyKey: newStartKey(),
  act: k === "happened" ? ("EFFECT_HAPPENED" as const) : ("EFFECT_ABSENT" as const),
  target,
  detail: null,
});
