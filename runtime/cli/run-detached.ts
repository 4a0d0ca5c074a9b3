import type { Fault } from "#kernel/result.ts";
import { isAbort } from "#kernel/abort.ts";
import { fault, ok } from "#kernel/result.ts";
import { isSha256 } from "#kernel/digest.ts";
import { checkOrder, modelForHost } from "#host/compose/detached-order.ts";
import { newStartKey } from "#host/compose/ids.ts";
import { keyToOffer } from "#host/compose/models.ts";
import { digest } from "#host/compose/policies.ts";
import type { PlanRefusal, RunOrder } from "#host/plan-run.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import type { Workspace } from "#host/workspace.ts";

import { homeFolder } from "./account.ts";
import type { ExitCode, Invocation } from "./command.ts";
import { printFault } from "./fault-output.ts";
import { attach, codeOf, OFFERS_NOTHING, withHost } from "./host-connection.ts";
import { KeyKeeper } from "./kept-key.ts";
import { tell } from "./tell.ts";

export interface DetachedOrder {
  readonly order: RunOrder;
  readonly workspace: Workspace;
  readonly inputs: ReadonlyMap<string, string>;
}

/**
 * Starts a run in the workspace's host and says which it is, once that is on record. Nobody is asked
 * here: consent was given before, or is named. Where the run needs a key that only the environment of
 * this command has, the command stays until the run is over, and the key stays with it.
 */
export const runDetached = async (
  invocation: Invocation,
  { order, workspace, inputs: texts }: DetachedOrder,
  refusePlan: (refusal: PlanRefusal) => ExitCode,
): Promise<ExitCode> => {
  const { values, environment, signal } = invocation;
  const usage = (reason: Fault<string>): ExitCode => {
    printFault(invocation, reason);
    return 2;
  };
  if (values.has("dir")) return usage(NO_FOLDER);
  const named = values.get("model")?.[0] ?? null;
  const saysUrl = (environment.variables["WRIT_MODEL_URL"] ?? "") !== "";
  if (saysUrl && named?.startsWith("openai:") === true) return usage(NO_URL);
  const consent = values.get("consent")?.[0]?.toLowerCase() ?? null;
  if (consent !== null && !isSha256(consent)) return usage(WHOLE_DIGEST);
  const inputs = await checkOrder(order, texts, signal);
  if (!inputs.ok) return refusePlan(inputs.fault);

  const kept = await keyToOffer(named, { ...environment, home: homeFolder() });
  if (!kept.ok) {
    printFault(invocation, kept.fault);
    return 3;
  }
  const keeper = kept.value === null ? null : new KeyKeeper(kept.value);
  const model = modelForHost(named, environment.cwd, workspace.folder);
  const start = {
    idempotencyKey: newStartKey(),
    path: order.path,
    digest: digest(order.bytes),
    agent: order.agent,
    inputs: inputs.value,
    model,
    sandboxFloor: order.sandbox === "auto" ? null : order.sandbox,
    consent,
    onBehalf: null,
    parent: null,
  };
  for (let isFirst = true; ; isFirst = false) {
    const host = await attach(invocation, workspace, true, keeper ?? OFFERS_NOTHING);
    if (!host.ok || host.value === null) {
      printFault(invocation, host.ok ? NO_HOST : host.fault);
      return 3;
    }
    const connection = host.value;
    const ended = await withHost(connection, async (peer) => {
      const started = await peer.call("run/start", start, { signal });
      if (!started.ok) return started;
      const { run } = started.value;
      tellDetached(invocation, run, keeper !== null);
      return ok(keeper === null ? 0 : await keepFor(invocation, keeper, run, connection));
    });
    if (ended.ok) return ended.value;
    // The key makes sure that a host which did hear it starts nothing twice.
    if (ended.fault.error === "connection-lost" && isFirst) continue;
    printFault(invocation, ended.fault);
    return codeOf(ended.fault);
  }
};

/** Says which run goes on in the host now, and whether the key that it needs stays with this command. */
export const tellDetached = (
  { switches, terminal }: Pick<Invocation, "switches" | "terminal">,
  run: string,
  keyStays = false,
): void => {
  if (switches.has("json")) {
    terminal.out(JSON.stringify(keyStays ? { run, keyStays } : { run }));
    return;
  }
  terminal.out(run);
  const hint = `\`writ ps\` shows how it stands, \`writ stop ${run.slice(-8)}\` ends it`;
  for (const text of keyStays ? [hint, KEY_STAYS] : [hint]) {
    tell(terminal, text);
  }
};

/** Stays there with the key until the run is over, and says so. */
export const keepFor = async (
  invocation: Invocation,
  keeper: KeyKeeper,
  run: string,
  connection: HostConnection,
): Promise<ExitCode> => {
  const { switches, terminal, signal } = invocation;
  try {
    const ended = await keeper.until(run, connection, signal);
    if (!ended.ok) {
      printFault(invocation, ended.fault);
      return codeOf(ended.fault);
    }
    if (switches.has("json")) terminal.out(JSON.stringify({ run, outcome: ended.value }));
    else tell(terminal, `the run is over: ${ended.value}`);
    if (ended.value === "completed") return 0;
    return ended.value === "cancelled" ? 130 : 1;
  } catch (error) {
    if (!isAbort(error)) throw error;
    if (!switches.has("json")) tell(terminal, KEY_LEFT);
    return 130;
  }
};

const KEY_STAYS =
  "The key is only in this command's environment, so the command stays until the run is over: the host asks it for the key at each model call and keeps it nowhere. Ctrl-C lets go of the run, which then fails at its next model call. With the key in model-keys.json it needs no command (docs/models.md).";
const KEY_LEFT =
  "The run goes on without the key and fails at its next model call, unless another client gives it.";
export const NO_FOLDER = fault("CLI_USAGE", "--dir and --detach do not go together", {
  help: "the host has one ledger for all runs of the workspace; SYMBI_AUDIT_STORAGE says where",
});
/** Of several clients of one host each may have another, and a run would go where its person did not send it. */
const NO_URL = fault("CLI_USAGE", "a host takes no model endpoint from the environment", {
  help: "unset WRIT_MODEL_URL, or name an endpoint of models.json, as docs/models.md says",
});
export const WHOLE_DIGEST = fault("CLI_USAGE", "with --detach, --consent takes the whole digest", {
  help: "64 characters, as `writ check --powers` prints them",
});
export const NO_HOST = fault("HOST_NOT_STARTED", "the workspace's host did not start");
