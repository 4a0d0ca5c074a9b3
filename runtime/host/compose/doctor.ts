import { readdir } from "node:fs/promises";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import type { EngineInspection, ImageInspection } from "#adapters/docker/inspect-engine.ts";
import { inspectEngine, inspectImage } from "#adapters/docker/inspect-engine.ts";
import { lockHolder } from "#adapters/host-socket/lock-holder.ts";
import { createKeyFiles } from "#adapters/keystore/key-files.ts";
import { errorCode } from "#kernel/error-code.ts";
import { isId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import { readSecret, SECRET_NAME } from "#ledger/keys.ts";
import type { SandboxProbe, SandboxProvider } from "#ports/sandbox.ts";
import type { TierState } from "#sandbox/tier.ts";

import type { Finding, Remedy } from "../doctor/finding.ts";
import { finding } from "../doctor/finding.ts";
import type { Machine } from "../doctor/machine.ts";
import { engineRemedy, gvisorRemedy, imageRemedy } from "../doctor/machine.ts";
import { faulty, foreign, silent, tierFinding, tierWithout, untriedTier } from "../doctor/parts.ts";
import type { DoctorReport } from "../doctor/report.ts";
import { judge, unusable } from "../doctor/report.ts";
import { stateFinding } from "../doctor/state-folder.ts";
import { nodeFinding, platformFinding, thisMachine } from "../doctor/surroundings.ts";
import { within } from "../doctor/within.ts";
import { findIdentity } from "../workspace-identity.ts";
import type { Workspace } from "../workspace.ts";
import { hostLedgerPlace } from "./host.ts";
import { placeOfHost } from "./place-of-host.ts";
import { keyFolder, keyLostHelp, ledgerFolder } from "./ledger.ts";
import type { ModelPlace } from "./models.ts";
import { knownEndpoints } from "./models.ts";
import { sandboxProviders } from "./run.ts";

/** Longest that a question about this machine's own files and sockets may take. */
const LOCAL_MS_MAX = 5_000;
/** Longest that trying a tier may take: an image may have to be made, and a trial runs for a while. */
const PROBE_MS_MAX = 120_000;

/** What a running host says of itself. */
export interface HostState {
  readonly product: string;
  readonly runs: number;
  readonly approvalsWaiting: number;
}

export interface Examination extends Omit<ModelPlace, "cwd"> {
  /** The real path of the workspace's folder, or why there is none. */
  readonly workspace: Result<string, Fault<string>>;
  readonly oldestNode: string;
  /** Whether tiers may be tried: that starts programs and containers. */
  readonly probes: boolean;
  /** Asks the workspace's host, which is not started for it; null where none runs. */
  askHost(workspace: Workspace, signal: AbortSignal): Promise<Result<HostState | null, Fault<string>>>;
}

/**
 * Looks at everything that a run would need here. Nothing is changed but what a trial of a tier leaves: the
 * image on the engine, and in the state folder whose containers these are and what was shown.
 */
export const examine = async (of: Examination, signal: AbortSignal): Promise<DoctorReport> => {
  const machine = thisMachine();
  const ask = async (
    id: Finding["id"],
    question: (signal: AbortSignal) => Promise<Finding>,
  ): Promise<Finding> =>
    (await within(LOCAL_MS_MAX, systemClock, signal, question)) ?? silent(id, LOCAL_MS_MAX);

  const state = ask("state", () => stateFinding(of.stateDirectory));
  const local = Promise.all([
    state,
    ask("workspace", () => workspaceFinding(of)),
    ask("host", (aborted) => hostFinding(of, aborted)),
    ask("models", () => modelsFinding(of)),
  ]);
  // The trials make the state folder, which is looked at as it was.
  const sandboxes = state.then(() => examineSandboxes(of, machine, signal));
  const [[stateFound, workspace, host, models], { tiers, findings }] = await Promise.all([local, sandboxes]);
  return judge(
    [nodeFinding(of.oldestNode), platformFinding(), stateFound, workspace, host, ...findings, models],
    tiers,
  );
};

interface Sandboxes {
  /** Null where nothing was tried. */
  readonly tiers: readonly TierState[] | null;
  readonly findings: readonly Finding[];
}

const examineSandboxes = async (
  of: Examination,
  machine: Machine,
  signal: AbortSignal,
): Promise<Sandboxes> => {
  const { variables } = of;
  const engine = await within(2 * LOCAL_MS_MAX, systemClock, signal, () =>
    inspectEngine(variables, LOCAL_MS_MAX),
  );
  const socket = engine?.k === "there" ? engine.socket : null;
  const image = await within(2 * LOCAL_MS_MAX, systemClock, signal, () =>
    inspectImage(variables, socket, createNodeCrypto()),
  );
  const found = [
    engineFinding(engine, machine, (variables["DOCKER_HOST"] ?? "") !== ""),
    imageFinding(image, machine),
  ];
  const lacking = found.filter(({ state }) => state !== "ok").map(({ id }) => `the ${id}`);
  const tried = await Promise.all(
    sandboxProviders(of)
      .toReversed()
      .map(async (provider): Promise<readonly [Finding, TierState]> => {
        const { tier } = provider;
        const lacks = tier === "wasm" ? [] : lacking;
        const isUnregistered =
          tier === "gvisor" && engine?.k === "there" && !engine.runtimes.includes("runsc");
        const wants = [...lacks, ...(isUnregistered ? ["gVisor, which the engine does not know"] : [])];
        if (wants.length > 0) {
          const without = tierWithout(
            tier,
            wants.join(" and "),
            tier === "gvisor" ? gvisorRemedy(machine) : null,
          );
          return [without, { tier, usable: false, why: without.says }];
        }
        if (!of.probes) return [untriedTier(tier), { tier, usable: false, why: "not tried" }];
        const probed = await probe(provider, signal);
        const state: TierState = probed.ok ? { tier, usable: true } : unusable(tier, probed.fault);
        return [tierFinding(tier, probed, null), state];
      }),
  );
  return {
    tiers: of.probes ? tried.map(([, state]) => state) : null,
    findings: [...found, ...tried.map(([one]) => one)],
  };
};

const probe = async (
  provider: SandboxProvider,
  signal: AbortSignal,
): Promise<Result<SandboxProbe, Fault<string>>> =>
  (await within(PROBE_MS_MAX, systemClock, signal, (aborted) => provider.probe(aborted))) ??
  failed(fault("HOST_PROBE_LATE", `it was not tried to the end within ${PROBE_MS_MAX / 1_000} s`));

/** @param isNamed whether DOCKER_HOST names its socket. */
const engineFinding = (engine: EngineInspection | null, machine: Machine, isNamed: boolean): Finding => {
  if (engine === null) return silent("engine", 2 * LOCAL_MS_MAX);
  switch (engine.k) {
    case "refused":
      return faulty("engine", engine.fault);
    case "there": {
      const { socket, version, runtimes } = engine;
      const says = `Docker Engine ${foreign(version)} at ${visibleText(socket)}`;
      return finding("engine", "ok", says, { facts: { socket, version, runtimes: [...runtimes] } });
    }
    case "absent":
    case "closed":
    case "dead":
    case "unanswered": {
      const { k, socket, why } = engine;
      return finding(
        "engine",
        k === "absent" ? "absent" : "wrong",
        `${visibleText(socket)}${isNamed ? ", which DOCKER_HOST names," : ""} ${SAYS[k](why)}`,
        {
          adds: "containers, for docker and gvisor",
          remedy: engineRemedy(k, machine),
          facts: { socket, why },
        },
      );
    }
  }
};

const SAYS: Readonly<Record<"absent" | "closed" | "dead" | "unanswered", (why: string) => string>> = {
  absent: () => "is not there: no Docker Engine",
  closed: () => "is not open to this user",
  dead: () => "is there, and no engine behind it",
  unanswered: (why) => `is no engine that answers: ${visibleText(why)}`,
};

const imageFinding = (image: ImageInspection | null, machine: Machine): Finding => {
  if (image === null) return silent("image", 2 * LOCAL_MS_MAX);
  switch (image.k) {
    case "there":
      return finding("image", "ok", foreign(image.name), { facts: { name: image.name, made: true } });
    case "can-be-made":
      return finding("image", "ok", "is made of programs that are here when first needed", {
        facts: { made: false },
      });
    case "unasked":
      return finding("image", "untried", `${foreign(image.name)}, of which only an engine knows`, {
        facts: { name: image.name },
      });
    case "not-there":
      return finding("image", "wrong", `the engine has no image named ${foreign(image.name)}`, {
        remedy: { what: "pull or build it: writ fetches no images", command: null },
        facts: { name: image.name, made: false },
      });
    case "cannot-be-made": {
      const remedy: Remedy = imageRemedy(machine);
      return { ...faulty("image", image.fault, remedy), adds: "what containers start from" };
    }
  }
};

const workspaceFinding = async (of: Examination): Promise<Finding> => {
  if (!of.workspace.ok) return faulty("workspace", of.workspace.fault);
  const folder = of.workspace.value;
  const known = await findIdentity(folder, of.stateDirectory);
  if (!known.ok) return faulty("workspace", known.fault);
  const shown = visibleText(folder);
  const unmade = `${shown}, new: a first run makes its identity and its key`;
  if (known.value === null)
    return finding("workspace", "ok", unmade, { facts: { folder, id: null, key: false } });
  const workspace = known.value;
  const place = hostLedgerPlace({ ...of, workspace });
  const { id } = workspace;
  const secret = await readSecret(createKeyFiles(keyFolder(of)), SECRET_NAME.workspace(id));
  if (!secret.ok) return faulty("workspace", secret.fault);
  if (secret.value === null) {
    const logs = await logsIn(ledgerFolder(place));
    if (!logs.ok) return faulty("workspace", logs.fault);
    if (logs.value.length > 0) {
      const lost = fault("HOST_KEY_LOST", `the key of ${shown} is gone, and its ledger is not`, {
        help: keyLostHelp(place),
      });
      return faulty("workspace", lost);
    }
    return finding("workspace", "ok", unmade, { facts: { folder, id, key: false } });
  }
  secret.value.fill(0);
  return finding("workspace", "ok", `${shown}, known, with its key`, { facts: { folder, id, key: true } });
};

/** Names of the logs in a ledger's folder, none where there is no such folder. */
const logsIn = async (folder: string): Promise<Result<readonly string[], Fault<string>>> => {
  try {
    return ok((await readdir(folder)).filter((name) => isId(name)));
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return ok([]);
    return failed(
      fault("LEDGER_UNREADABLE", `the ledger in ${visibleText(folder)} cannot be read (${code})`, {
        help: "make it a folder that you may read",
      }),
    );
  }
};

const hostFinding = async (of: Examination, signal: AbortSignal): Promise<Finding> => {
  const none = finding("host", "absent", "none runs here: a run with --detach starts one", {
    facts: { running: false },
  });
  if (!of.workspace.ok) return none;
  const known = await findIdentity(of.workspace.value, of.stateDirectory);
  if (!known.ok || known.value === null) return none;
  const workspace = known.value;
  const asked = await of.askHost(workspace, signal);
  if (!asked.ok) return faulty("host", asked.fault);
  if (asked.value === null) return none;
  const { variables, stateDirectory } = of;
  const place = await placeOfHost({ workspace, variables, stateDirectory });
  const pid = place.ok ? await lockHolder(place.value.lock) : null;
  const { product, runs, approvalsWaiting } = asked.value;
  const says = [
    `${foreign(product)} runs`,
    ...(pid === null ? [] : [`as process ${pid}`]),
    `with ${runs} ${runs === 1 ? "run" : "runs"}`,
    ...(approvalsWaiting === 0
      ? []
      : [`and ${approvalsWaiting} open ${approvalsWaiting === 1 ? "question" : "questions"}`]),
  ].join(" ");
  return finding("host", "ok", says, { facts: { running: true, pid, product, runs, approvalsWaiting } });
};

const modelsFinding = async (of: Examination): Promise<Finding> => {
  const known = await knownEndpoints(of);
  if (!known.ok) return faulty("models", known.fault);
  const lines = known.value.map(({ name, origin, needsKey, key }) => {
    const held = !key.ok
      ? `its key cannot be used: ${visibleText(key.fault.message)}`
      : key.value
        ? "with a key"
        : needsKey
          ? "without a key, which it needs"
          : "without a key";
    return `${name}: ${visibleText(origin)}, ${held}`;
  });
  const isUsable = known.value.some(({ needsKey, key }) => key.ok && (key.value || !needsKey));
  const isBroken = known.value.some(({ key }) => !key.ok);
  return finding(
    "models",
    isBroken ? "note" : isUsable ? "ok" : "absent",
    isUsable
      ? "endpoints that --model can name:"
      : "no endpoint can be asked yet; scripts can (--model scripted:<file>)",
    {
      details: lines,
      remedy: isUsable
        ? null
        : {
            what: "set OPENAI_API_KEY, or for a server on this machine its URL, such as",
            command: "export WRIT_MODEL_URL=http://127.0.0.1:11434/v1",
          },
      facts: {
        endpoints: known.value.map(({ name, origin, needsKey, key }) => ({
          name,
          origin,
          needsKey,
          hasKey: key.ok ? key.value : null,
        })),
      },
    },
  );
};
