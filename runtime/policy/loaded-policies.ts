import type { Sha256 } from "#kernel/digest.ts";
import { throwIfAborted } from "#kernel/abort.ts";
import { invariant } from "#kernel/invariant.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Decider, PolicySet, SetAnswer } from "#ports/decider.ts";
import type {
  Decision,
  Explanation,
  PolicyRequest,
  PrincipalReference,
} from "#protocol/policy-vocabulary.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import type { ReadableRequest } from "./cedar-request.ts";
import { readRequest } from "./cedar-request.ts";
import type { CompiledPolicy } from "./compiled-policy.ts";
import type { Grounds, Missing } from "./decision.ts";
import { denied, permitted, undecided } from "./decision.ts";
import type { HearingStory } from "./explain.ts";
import { explanationOf } from "./explain.ts";
import type { HeldSets } from "./held-sets.ts";
import { answersOf } from "./layer-answers.ts";
import type { ErredPolicy, LayerAnswer, Verdict } from "./layers.ts";
import { intersect } from "./layers.ts";
import type { PolicyTrace, Probes } from "./nearest-rule.ts";
import { nearestOf, probesOf, traceText, tracesOf } from "./nearest-rule.ts";
import type { PolicyDecider } from "./policy-decider.ts";
import type { ActionPlan, LayerPlan, PolicyPlans } from "./policy-plan.ts";

/** One version of the effective policies, loaded. */
export interface LoadedPolicies extends PolicyDecider {
  /** A decision with what every layer says to it. */
  explain(request: PolicyRequest, signal: AbortSignal): Promise<Explanation>;
  /** Lets go of what was loaded. Decisions asked for later are denied. */
  close(): void;
}

export interface LoadedPoliciesDeps {
  readonly decider: Decider;
  /** Where this version's sets are held. */
  readonly held: HeldSets;
  readonly digest: (bytes: Uint8Array) => Sha256;
  readonly tools: readonly ToolDescriptor[];
  readonly plans: PolicyPlans;
  readonly policies: Sha256;
}

export const createLoadedPolicies = (deps: LoadedPoliciesDeps): LoadedPolicies => new Loaded(deps);

/** What all layers say to one principal of a request. */
interface Hearing {
  /** Which of the request's principals it is. */
  readonly place: number;
  readonly plan: ActionPlan;
  readonly answers: readonly LayerAnswer[];
  readonly verdict: Verdict;
}

/** A hearing, or why there is none. */
type Hearsay = Result<Hearing, string>;

class Loaded implements LoadedPolicies {
  readonly policies: Sha256;
  private readonly deps: LoadedPoliciesDeps;
  /** What was asked about the policies of a layer before, by what it was asked for. */
  private readonly probes = { missing: new Map<LayerPlan, Probes>(), story: new Map<LayerPlan, Probes>() };
  private readonly probeLoads = new Map<string, Promise<boolean>>();
  private readonly probeSets = new Set<string>();
  private closed = false;

  constructor(deps: LoadedPoliciesDeps) {
    this.deps = deps;
    this.policies = deps.policies;
  }

  async decide(request: PolicyRequest, signal: AbortSignal): Promise<Decision> {
    const { decision } = await this.hear(request, signal);
    return decision;
  }

  async explain(request: PolicyRequest, signal: AbortSignal): Promise<Explanation> {
    const { decision, readable, hearings } = await this.hear(request, signal);
    const stories: HearingStory[] = [];
    for (const { place, plan, answers } of hearings) {
      const traces = new Map<CompiledPolicy, PolicyTrace>();
      for (const layer of plan.layers) {
        const found =
          readable === null ? undefined : await this.trace("story", layer, readable, place, signal);
        for (const trace of found ?? []) traces.set(trace.policy, trace);
      }
      stories.push({ plan, answers, traces });
    }
    return explanationOf(request, decision, stories, this.deps.tools);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.deps.held.release([...this.deps.plans.sets.map(({ name }) => name), ...this.probeSets]);
  }

  private async hear(
    request: PolicyRequest,
    signal: AbortSignal,
  ): Promise<{
    readonly decision: Decision;
    readonly readable: ReadableRequest | null;
    readonly hearings: readonly Hearing[];
  }> {
    throwIfAborted(signal);
    const without = (reason: "unknown" | "not-decidable", why: string) => ({
      decision: undecided({ request, policies: this.policies, erred: [] }, reason, why),
      readable: null,
      hearings: [],
    });
    if (this.closed) return without("not-decidable", "these policies are no longer loaded");
    const { plans, tools, digest } = this.deps;
    const reading = readRequest(request, { tools, inputsOf: plans.inputsOf }, digest);
    if (!reading.ok) return without(reading.reason, reading.why);
    const readable = reading.value;
    // Asked at once, so that the decider can answer them together.
    const heard = await Promise.all(
      readable.principals.map((principal, place) => this.hearPrincipal(readable, principal, place, signal)),
    );
    const decision = await this.fold(request, readable, heard, signal);
    return { decision, readable, hearings: heard.flatMap((one) => (one.ok ? one.value : [])) };
  }

  private async hearPrincipal(
    readable: ReadableRequest,
    principal: PrincipalReference,
    place: number,
    signal: AbortSignal,
  ): Promise<Hearsay> {
    const plan = this.deps.plans.plan(principal, readable.action);
    invariant(plan !== undefined, "every principal and action of a request that was read has a plan");
    let answered: readonly SetAnswer[] = [];
    if (plan.sets.length > 0) {
      const asked = await this.deps.decider.decide(
        readable.forPrincipal(place, plan.reads),
        plan.sets,
        signal,
      );
      if (!asked.ok) return failed(`the policies could not be asked: ${asked.fault.message}`);
      answered = asked.value;
    }
    const answers = answersOf(plan, answered);
    return answers === undefined
      ? failed("the answer of the policies makes no sense")
      : ok({ place, plan, answers, verdict: intersect(answers) });
  }

  /** Every principal must be permitted; the first that is not decides, and requirements of all apply. */
  private async fold(
    request: PolicyRequest,
    readable: ReadableRequest,
    heard: readonly Hearsay[],
    signal: AbortSignal,
  ): Promise<Decision> {
    const erred: ErredPolicy[] = [];
    const permits: CompiledPolicy[] = [];
    const requirements: CompiledPolicy[] = [];
    const grounds: Grounds = { request, policies: this.policies, erred };
    for (const one of heard) {
      // Who comes before was permitted, so nothing that is known denies it already.
      if (!one.ok) return undecided(grounds, "not-decidable", one.fault);
      const hearing = one.value;
      const { verdict } = hearing;
      erred.push(...hearing.answers.flatMap((answer) => answer.erred));
      if (verdict.k === "denied") {
        const missing =
          verdict.reason === "not-permitted" || verdict.reason === "no-permit"
            ? await this.missing(readable, hearing, verdict.lacking, signal)
            : [];
        return denied(grounds, verdict.reason, verdict.by, missing);
      }
      permits.push(...verdict.permits);
      requirements.push(...verdict.requirements);
    }
    return permitted(grounds, permits, requirements);
  }

  private async missing(
    readable: ReadableRequest,
    { place, plan }: Hearing,
    lacking: readonly string[],
    signal: AbortSignal,
  ): Promise<Missing> {
    const missing: Missing[number][] = [];
    for (const layer of plan.layers.filter((one) => lacking.includes(one.layer))) {
      const traces = await this.trace("missing", layer, readable, place, signal);
      const nearest = traces === undefined ? null : nearestOf(traces);
      missing.push({
        layer: layer.layer,
        nearest: (nearest?.policy ?? permitsOf(layer)[0])?.citation ?? null,
        why: nearest === null ? "no permit of this layer holds" : traceText(nearest),
      });
    }
    return missing;
  }

  /** How far the policies of a layer hold, or undefined when the engine cannot be asked. */
  private async trace(
    purpose: "missing" | "story",
    layer: LayerPlan,
    readable: ReadableRequest,
    place: number,
    signal: AbortSignal,
  ): Promise<readonly PolicyTrace[] | undefined> {
    const { decider, digest } = this.deps;
    const about =
      purpose === "missing" ? permitsOf(layer) : [...layer.rules, ...layer.requirements, ...layer.others];
    const probes = this.probes[purpose].get(layer) ?? probesOf(about, digest);
    this.probes[purpose].set(layer, probes);
    const { set, reads } = probes;
    if (!(await this.loadProbes(set))) return undefined;
    throwIfAborted(signal);
    const asked = await decider.decide(readable.forPrincipal(place, reads), [set.name], signal);
    const [answer] = asked.ok ? asked.value : [];
    return answer === undefined ? undefined : tracesOf(probes, answer);
  }

  /** Loads a set of probes once, whoever asks for it and whether or not that asker stays. */
  private async loadProbes(set: PolicySet): Promise<boolean> {
    const known = this.probeLoads.get(set.name);
    if (known !== undefined) return known;
    const loading = this.deps.held
      .load([set], NEVER)
      .then((loaded) => loaded.ok && loaded.value.length === 0);
    this.probeLoads.set(set.name, loading);
    const isLoaded = await loading;
    if (!isLoaded) this.probeLoads.delete(set.name);
    else if (this.closed) this.deps.held.release([set.name]);
    else this.probeSets.add(set.name);
    return isLoaded;
  }
}

/** A signal that nobody aborts. */
const NEVER = new AbortController().signal;

/** Every permit of a layer, also those that are about other principals. */
const permitsOf = ({ rules, others }: LayerPlan): readonly CompiledPolicy[] =>
  [...rules, ...others].filter(({ kind, effect }) => kind === "rule" && effect === "permit");
