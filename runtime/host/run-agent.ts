import { canonicalJson } from "#kernel/canonical-json.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { RunId } from "#kernel/ids.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import {
  checkInputs,
  createRunRecorder,
  inputsFromTexts,
  RUN_LIMITS_DEFAULT,
  runAgent,
} from "#agent/index.ts";
import type { RecorderPlace, RunDeps, RunReport, RunRequest } from "#agent/index.ts";
import { consentNeed, GATE_LIMITS_DEFAULT, powersLines } from "#gate/index.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { Approver } from "#ports/approver.ts";
import type { Clock } from "#ports/clock.ts";
import type { ConsentAsker } from "#ports/consent-asker.ts";
import type { ConsentStore } from "#ports/consent-store.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { LanguageModel } from "#ports/language-model.ts";
import type { RunRecorder } from "#ports/run-recorder.ts";
import type { SandboxLimits } from "#ports/sandbox.ts";
import type { WorkspaceFiles } from "#ports/workspace-files.ts";
import type { Surface } from "#protocol/consent.ts";
import { agentEntityId } from "#protocol/entity-id.ts";
import type { LiveEvent } from "#protocol/run-event.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { WASM_LIMITS_DEFAULT } from "#sandbox/profile.ts";

import type { RunPlan } from "./plan-run.ts";
import { observedRecorder } from "./run-observer.ts";
import type { OnThrown, RunObserver } from "./run-observer.ts";
import type { SessionDeps } from "./run-session.ts";
import { openRunSession } from "./run-session.ts";

export type { RunReport };

export interface RunAgentDeps {
  readonly plan: RunPlan;
  readonly ledger: WritableLedger;
  readonly consents: ConsentStore;
  readonly workspace: WorkspaceFiles;
  readonly model: LanguageModel;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly entropy: Entropy;
  readonly digest: (bytes: Uint8Array) => Sha256;
  /** How a client ordered the run; absent for a run of this very process. */
  readonly ordered?: OrderedRun;
}

export interface OrderedRun {
  readonly run: RunId;
  /** Under which the client may find it again; null for a run that goes on, which has one or has none. */
  readonly startKey: string | null;
  /** Gets each live event; must not throw. */
  readonly publish: (event: LiveEvent) => void;
}

/** What the agent is given: texts as a command line has them, or values of the parameters' types. */
export type GivenInputs =
  | { readonly k: "texts"; readonly texts: ReadonlyMap<string, string> }
  | { readonly k: "values"; readonly values: JsonObject };

/** Who started the run and who can be asked about it. */
export interface RunPeople {
  /** Operating-system user. */
  readonly user: string;
  readonly surface: Surface;
  readonly consent: ConsentAsker;
  /** Whether the person named the powers for this very run: then an earlier consent does not stand in for it. */
  readonly isConsentNamed: boolean;
  readonly approver: Approver;
  readonly observer: RunObserver;
  /** In what way the signal was aborted, as far as it is known. */
  readonly howCancelled: () => string | null;
}

export type RunRefusal =
  | { readonly k: "usage"; readonly fault: Fault<string> }
  /** Somebody said no to what the agent may do. */
  | { readonly k: "consent-refused" }
  /** Nobody could be asked; `help` says how to agree without being asked. */
  | { readonly k: "consent-unavailable"; readonly help: string }
  | Unavailable;

/** Something on this machine is missing or refuses. */
interface Unavailable {
  readonly k: "unavailable";
  readonly fault: Fault<string>;
}

/**
 * Runs what was planned: consent first, then the agent to its end, all of it on record. Rejects
 * with an AbortError when aborted before the start was on record; later that is a cancelled run.
 */
export const runPlanned = async (
  deps: RunAgentDeps,
  given: GivenInputs,
  people: RunPeople,
  signal: AbortSignal,
): Promise<Result<RunReport, RunRefusal>> => {
  const { plan, clock, crypto, entropy, ordered } = deps;
  const { parameters } = plan.agent;
  const inputs =
    given.k === "texts" ? inputsFromTexts(parameters, given.texts) : checkInputs(parameters, given.values);
  if (!inputs.ok) return failed({ k: "usage", fault: inputs.fault });

  const scope = entropy.id<"scope">(clock.wallMs());
  const run = ordered?.run ?? entropy.id<"run">(clock.wallMs());
  return withRecorder(deps, people, { run, parent: null, scope }, async (recorder) => {
    const consent = await askConsent(deps, recorder, people, signal);
    if (!consent.ok) return consent;
    recorder.live("host.noticed", { code: "SANDBOX_CHOSEN", text: plan.tier.why });
    const ran = await runAgent(
      { recorder, clock, crypto, entropy, openSession: sessionOpener(deps, people) },
      { ...requestOf(deps, people), inputs: inputs.value },
      signal,
    );
    return ran.ok ? ran : failed({ k: "usage", fault: ran.fault });
  });
};

/** The run's principal, as entries and consents name it. */
const principalOf = ({ spec, agent }: RunPlan): { readonly id: string; readonly text: string } => {
  const id = agentEntityId(spec.source.path, agent.name);
  return { id, text: `Agent::${JSON.stringify(id)}` };
};

/** Does something with a recorder of the run that shows all to the observer, its content scope open meanwhile. */
export const withRecorder = async <Refusal>(
  { plan, ledger, ordered }: RunAgentDeps,
  people: RunPeople,
  place: Pick<RecorderPlace, "run" | "parent" | "scope" | "recorded">,
  act: (recorder: RunRecorder, onThrown: OnThrown) => Promise<Result<RunReport, Refusal>>,
): Promise<Result<RunReport, Refusal | Unavailable>> => {
  const { scope } = place;
  const opened = await ledger.openScope(scope);
  if (!opened.ok) return failed({ k: "unavailable", fault: opened.fault });
  /** What a view threw. */
  const unshown: unknown[] = [];
  const onThrown: OnThrown = (error) => void unshown.push(error);
  const recorder = observedRecorder(
    createRunRecorder(
      { ledger, publish: ordered?.publish ?? (() => undefined) },
      { ...place, principal: principalOf(plan).text, onBehalfOf: { kind: "user", id: people.user } },
    ),
    people.observer,
    onThrown,
  );
  try {
    const ran = await act(recorder, onThrown);
    return ran.ok ? ok({ ...ran.value, bug: ran.value.bug ?? unshown[0] ?? null }) : ran;
  } finally {
    ledger.closeScope(scope);
  }
};

/** Opens what the run acts through; `resumed` where it goes on. */
export const sessionOpener =
  (deps: RunAgentDeps, people: RunPeople, resumed?: SessionDeps["resumed"]): RunDeps["openSession"] =>
  (request, aborted) =>
    openRunSession(
      {
        ...deps,
        artefacts: deps.ledger.artefacts,
        approver: people.approver,
        limits: sandboxLimits(deps.plan),
        ...(resumed === undefined ? {} : { resumed }),
      },
      request,
      aborted,
    );

/** The run as its plan and its people make it, but for its inputs. */
export const requestOf = (
  { plan, model, digest, ordered }: RunAgentDeps,
  people: RunPeople,
): Omit<RunRequest, "inputs"> => ({
  spec: plan.spec,
  sourceText: plan.sourceText,
  agent: plan.agent.name,
  registry: BUILTIN_TOOLS,
  offered: plan.offered,
  limits: RUN_LIMITS_DEFAULT,
  gateLimits: GATE_LIMITS_DEFAULT,
  principal: { type: "Agent", id: principalOf(plan).id },
  onBehalfOf: { kind: "user", id: people.user },
  ancestors: [],
  tier: plan.tier.tier,
  facts: {
    tierWhy: plan.tierWhy,
    model: model.id,
    policies: plan.policies.policies,
    configuration: digest(
      utf8(
        canonicalJson({
          run: RUN_LIMITS_DEFAULT,
          gate: GATE_LIMITS_DEFAULT,
          sandbox: sandboxLimits(plan),
        } as unknown as JsonValue),
      ),
    ),
    powers: plan.powersDigest,
    startKey: ordered?.startKey ?? null,
  },
  canceller: { by: people.user, surface: people.surface, how: people.howCancelled },
});

/** The embedded sandbox's limits, narrowed by the file. */
const sandboxLimits = (plan: RunPlan): SandboxLimits => ({
  ...WASM_LIMITS_DEFAULT,
  memoryBytesMax: Math.min(
    WASM_LIMITS_DEFAULT.memoryBytesMax,
    plan.agent.limits.memoryBytesMax?.value ?? Infinity,
  ),
});

/** Agreement to the plan's powers, remembered or asked for, on record either way. */
export const askConsent = async (
  deps: RunAgentDeps,
  recorder: RunRecorder,
  people: RunPeople,
  signal: AbortSignal,
): Promise<Result<void, RunRefusal>> => {
  const { plan, consents, clock } = deps;
  const principal = principalOf(plan).text;
  const { powers, powersDigest: digest } = plan;
  const refuse = (fault: Fault<string>): Result<never, RunRefusal> => failed({ k: "unavailable", fault });
  const record = async (
    type: "consent.given" | "consent.refused",
    fields: Readonly<Record<string, JsonValue>>,
  ) =>
    recorder.record({
      type,
      cause: null,
      public: { powers: digest, ...fields },
      content: { powers: powers as unknown as JsonValue },
      feeds: false,
    });

  const earlier = await consents.of(principal);
  if (!earlier.ok) return refuse(earlier.fault);
  const need = consentNeed(principal, powers, earlier.value);
  if (need.k === "given" && !people.isConsentNamed) {
    const { by, surface } = need.consent;
    const recorded = await record("consent.given", { by, surface, remembered: true });
    return recorded.ok ? ok(undefined) : refuse(recorded.fault);
  }
  const answer = await people.consent.ask(
    { principal, digest, lines: powersLines(powers), widened: need.k === "needed" ? need.widened : [] },
    signal,
  );
  if (answer.k === "unavailable") {
    const recorded = await record("consent.refused", { by: null, surface: null });
    return recorded.ok ? failed({ k: "consent-unavailable", help: answer.help }) : refuse(recorded.fault);
  }
  const { by, surface } = answer;
  if (answer.k === "refused") {
    const recorded = await record("consent.refused", { by, surface });
    return recorded.ok ? failed({ k: "consent-refused" }) : refuse(recorded.fault);
  }
  const recorded = await record("consent.given", { by, surface, remembered: false });
  if (!recorded.ok) return refuse(recorded.fault);
  const remembered = await consents.remember({
    v: 1,
    principal,
    digest,
    powers,
    by,
    surface,
    wallMs: clock.wallMs(),
  });
  return remembered.ok ? ok(undefined) : refuse(remembered.fault);
};
