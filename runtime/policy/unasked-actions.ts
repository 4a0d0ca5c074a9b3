import { UNASKED_ACTIONS } from "#protocol/policy-vocabulary.ts";
import type { Problem } from "#protocol/problem.ts";
import { entityLiterals } from "./cedar-head.ts";
import type { CedarToken } from "./cedar-tokens.ts";
import { policyWarning } from "./policy-problem.ts";
import type { SourceText } from "./source-text.ts";

/** A warning for each name of an action that is not asked for: what a policy says of it holds back nothing. */
export const unaskedActions = (tokens: readonly CedarToken[], source: SourceText): readonly Problem[] =>
  entityLiterals(tokens).flatMap(({ type, id, span }) =>
    type === "Action" && UNASKED_ACTIONS.some((action) => action === id)
      ? policyWarning(
          "neverMatches",
          `no request of this release has the action \`${id}\`, so what is said of it has no effect yet`,
          source.range(span),
          "keep it for a release that asks, or take it out",
        )
      : [],
  );
