import { canonicalJson } from "#kernel/canonical-json.ts";
import type { PolicyDecider } from "#policy/policy-decider.ts";
import type { SupposedCall, SupposeOptions, WouldAllow } from "#ports/executor.ts";
import type { ActionName, Decision, PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { readOutcome } from "./conditions.ts";
import type { GateRun, Proposed } from "./contract.ts";
import { within } from "./deadline.ts";
import { decisionOf } from "./decision-of.ts";
import { asJson } from "./frozen-json.ts";
import { joinLabels } from "./labels.ts";
import { requestOf } from "./subject.ts";
import type { World } from "./world.ts";

/** Questions that are put to the policies at once, so that the engine can answer them together. */
const ASKED_TOGETHER_MAX = 512;

/** Of all questions together whose answers are remembered, and of the longest of them. */
export const REMEMBERED_CHARACTERS_MAX = 16 * 1024 * 1024;
const QUESTION_CHARACTERS_MAX = 4_096;

/** What would be allowed in the place of a proposal, by one version of the policies. */
export type Supposing = (policy: PolicyDecider, proposed: Pick<Proposed, "labels" | "iteration">) => Suppose;

/** `WouldAllow` before it is known for which rules people agreed to the call at hand. */
export type Suppose = (
  calls: readonly SupposedCall[],
  options: SupposeOptions,
  agreed: readonly string[],
) => Promise<readonly boolean[]>;

/** For an executor that executes a call to which people agreed because these rules asked for it. */
export const supposeFor =
  (suppose: Suppose, agreed: readonly string[]): WouldAllow =>
  (calls, options) =>
    suppose(calls, options, agreed);

/**
 * Says for executors what the policies would make of calls that nobody makes. `actionOf` gives the
 * action of a tool of this build; a call of anything else is not allowed.
 *
 * A decision is a function of policies and request, so answers are remembered until something besides
 * the calls is another: the policies, the turn, the labels. All else in a request is the run's own.
 */
export const createSupposing = (
  world: World,
  actionOf: (tool: string) => ActionName | undefined,
): Supposing => {
  let memory = new Memory("");
  return (policy, { labels, iteration }) =>
    async (calls, { labels: more, signal, countsApproval = false }, agreed) => {
      const joined = joinLabels(labels, more);
      const settled = countsApproval ? agreed : [];
      const circumstances = canonicalJson([policy.policies, iteration, joined, settled]);
      if (memory.circumstances !== circumstances) memory = new Memory(circumstances);
      const remembered = memory;

      const keys = calls.map((call) => canonicalJson(asJson(call)));
      const answers = keys.map((key) => remembered.answers.get(key));
      const open = [...answers.keys()].filter((index) => answers[index] === undefined);
      const requests = calls.map((call) => {
        const action = actionOf(call.tool);
        return action === undefined
          ? null
          : requestOf(world, { action, tool: call.tool, labels: joined, iteration }, call);
      });
      for (let at = 0; at < open.length; at += ASKED_TOGETHER_MAX) {
        const asked = open.slice(at, at + ASKED_TOGETHER_MAX);
        const decisions = await within(world.clock, world.run.limits.decideMsMax, signal, (inner) =>
          Promise.all(asked.map((index) => decide(policy, requests[index] ?? null, inner))),
        );
        // Engines that are late once are so for a reason; what is still open stays a no.
        if (decisions.k !== "settled") break;
        for (const [place, index] of asked.entries()) {
          const decision = decisions.value[place] ?? null;
          if (decision === null) continue;
          const isAllowed = isAllowedPlainly(decision, world.run, settled);
          answers[index] = isAllowed;
          // An engine that was lost for a moment may be back at the next question.
          if (decision.denyReason !== "not-decidable") remembered.keep(keys[index] ?? "", isAllowed);
        }
      }
      return answers.map((answer) => answer === true);
    };
};

class Memory {
  /** What the answers hold for. */
  readonly circumstances: string;
  readonly answers = new Map<string, boolean>();
  private characters = 0;

  constructor(circumstances: string) {
    this.circumstances = circumstances;
  }

  keep(key: string, isAllowed: boolean): void {
    if (key.length > QUESTION_CHARACTERS_MAX || this.answers.has(key)) return;
    if (this.characters + key.length > REMEMBERED_CHARACTERS_MAX) return;
    this.characters += key.length;
    this.answers.set(key, isAllowed);
  }
}

/** The decision, or null where there is none. Rejects never: one question that fails takes none along. */
const decide = async (
  policy: PolicyDecider,
  request: PolicyRequest | null,
  signal: AbortSignal,
): Promise<Decision | null> => {
  if (request === null) return null;
  try {
    return decisionOf(await policy.decide(request, signal), policy.policies);
  } catch {
    return null;
  }
};

/**
 * Whether it is permitted and nobody is left to be asked: by no rule but the `settled` ones. A time limit bounds a call of its own; what
 * is done in the place of such calls is bounded by the limit of the call that does it.
 */
const isAllowedPlainly = (
  decision: Decision,
  run: Pick<GateRun, "tier" | "onBehalfOf">,
  settled: readonly string[],
): boolean => {
  const verdict = readOutcome(decision, run);
  if (verdict.k !== "permitted") return false;
  const { approval } = verdict.conditions;
  // Fewer rules than were agreed to ask for no more people than were asked.
  return approval === null || approval.rules.every((rule) => settled.includes(rule));
};
