import { isJsonObject, type JsonValue } from "#kernel/json.ts";
import type { RunRecorder } from "#ports/run-recorder.ts";
import { readDecision } from "#protocol/policy-decision.ts";
import type { RuleCitation } from "#protocol/policy-vocabulary.ts";

/** What people are told of a decision. */
export interface SeenDecision {
  /** One sentence, safe to print. */
  readonly summary: string;
  /** The rules that made it, or those that came nearest where one is missing. */
  readonly rules: readonly RuleCitation[];
}

/** The recorder, with the decision that was last put on record; null where there is none, as nobody was asked. */
export const lastDecision = (
  recorder: RunRecorder,
): { readonly recorder: RunRecorder; readonly decision: () => SeenDecision | null } => {
  let last: SeenDecision | null = null;
  return {
    decision: () => last,
    recorder: {
      run: recorder.run,
      scope: recorder.scope,
      async record(draft) {
        const recorded = await recorder.record(draft);
        if (recorded.ok && draft.type === "action.decided") last = seenIn(draft.content["decision"]);
        return recorded;
      },
      live: (type, data) => recorder.live(type, data),
    },
  };
};

const seenIn = (content: JsonValue | undefined): SeenDecision | null => {
  const decision = isJsonObject(content) ? readDecision(content) : undefined;
  if (decision === undefined || decision === null) return null;
  const { summary, rules, missing } = decision;
  const nearest = missing.flatMap((each) => each.nearest ?? []);
  return { summary, rules: rules.length > 0 ? rules : nearest };
};
