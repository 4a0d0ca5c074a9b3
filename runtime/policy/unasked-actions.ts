import type { ActionName } from "#protocol/policy-vocabulary.ts";
import type { Problem } from "#protocol/problem.ts";
import { entityLiterals } from "./cedar-head.ts";
import type { CedarToken } from "./cedar-tokens.ts";
import { policyWarning } from "./policy-problem.ts";
import type { SourceText } from "./source-text.ts";

/** Actions of the vocabulary that no part of this runtime puts to the policies. */
const UNASKED: ReadonlySet<string> = new Set<ActionName>([
  "delegate",
  "send",
  "subscribe",
  "recall",
  "store",
  "create_agent",
  "allocate",
]);

/** A warning for each name of an action that is not asked for: what a policy says of it holds back nothing. */
export const unaskedActions = (tokens: readonly CedarToken[], source: SourceText): readonly Problem[] =>
  entityLiterals(tokens).flatMap(({ type, id, span }) =>
    type === "Action" && id !== undefined && UNASKED.has(id)
      ? policyWarning(
          "neverMatches",
          `no request of this release has the action \`${id}\`, so what is said of it has no effect yet`,
          source.range(span),
          "keep it for a release that asks, or take it out",
        )
      : [],
  );
