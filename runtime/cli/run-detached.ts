import type { Fault } from "#kernel/result.ts";
import { fault } from "#kernel/result.ts";
import { isSha256 } from "#kernel/digest.ts";
import { checkOrder, modelForHost } from "#host/compose/detached-order.ts";
import { newStartKey } from "#host/compose/ids.ts";
import { digest } from "#host/compose/policies.ts";
import type { PlanRefusal, RunOrder } from "#host/plan-run.ts";
import type { Workspace } from "#host/workspace.ts";

import type { ExitCode, Invocation } from "./command.ts";
import { printFault } from "./fault-output.ts";
import { attach, codeOf, withHost } from "./host-connection.ts";
import { wrap } from "./width.ts";

export interface DetachedOrder {
  readonly order: RunOrder;
  readonly workspace: Workspace;
  readonly inputs: ReadonlyMap<string, string>;
}

/**
 * Starts a run in the workspace's host and says which it is, once that is on record. Nobody is asked
 * here: consent was given before, or is named.
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
  if ((environment.variables["WRIT_MODEL_URL"] ?? "") !== "") return usage(NO_URL);
  const consent = values.get("consent")?.[0]?.toLowerCase() ?? null;
  if (consent !== null && !isSha256(consent)) return usage(WHOLE_DIGEST);
  const inputs = await checkOrder(order, texts, signal);
  if (!inputs.ok) return refusePlan(inputs.fault);

  const model = modelForHost(values.get("model")?.[0] ?? null, environment.cwd, workspace.folder);
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
    const host = await attach(invocation, workspace, true);
    if (!host.ok || host.value === null) {
      printFault(invocation, host.ok ? NO_HOST : host.fault);
      return 3;
    }
    const started = await withHost(host.value, (peer) => peer.call("run/start", start, { signal }));
    if (started.ok) {
      const { run } = started.value;
      tellDetached(invocation, run);
      return 0;
    }
    // The key makes sure that a host which did hear it starts nothing twice.
    if (started.fault.error === "connection-lost" && isFirst) continue;
    printFault(
      invocation,
      started.fault.code === "HOST_NO_MODEL_KEY" ? { ...started.fault, help: KEYS_OF_HOST } : started.fault,
    );
    return started.fault.code === "RUN_CONSENT_UNAVAILABLE" ? 2 : codeOf(started.fault);
  }
};

/** Says which run goes on in the host now. */
export const tellDetached = (
  { switches, terminal }: Pick<Invocation, "switches" | "terminal">,
  run: string,
): void => {
  if (switches.has("json")) {
    terminal.out(JSON.stringify({ run }));
    return;
  }
  terminal.out(run);
  const hint = `\`writ ps\` shows how it stands, \`writ stop ${run.slice(-8)}\` ends it`;
  for (const line of wrap(hint, terminal.columns)) terminal.err(line);
};

export const NO_FOLDER = fault("CLI_USAGE", "--dir and --detach do not go together", {
  help: "the host has one ledger for all runs of the workspace; SYMBI_AUDIT_STORAGE says where",
});
/** Of several clients of one host each may have another, and a run would go where its person did not send it. */
const NO_URL = fault("CLI_USAGE", "a host takes no model endpoint from the environment", {
  help: "unset WRIT_MODEL_URL and name the endpoint in models.json, as docs/models.md says",
});
const KEYS_OF_HOST =
  "a host takes no key from the environment: write it into model-keys.json, as docs/models.md says";
export const WHOLE_DIGEST = fault("CLI_USAGE", "with --detach, --consent takes the whole digest", {
  help: "64 characters, as `writ check --powers` prints them",
});
export const NO_HOST = fault("HOST_NOT_STARTED", "the workspace's host did not start");
