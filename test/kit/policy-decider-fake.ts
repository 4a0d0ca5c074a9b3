import { abortError } from "#kernel/abort.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { PolicyDecider } from "#policy/policy-decider.ts";
import type { Decision, PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { deny, digestOf, subjectName } from "./decisions.ts";

/** What the fake does with a request: decide, break, or say nothing until it is aborted. */
export type Deciding =
  | Decision
  | "throws"
  | "silent"
  | ((request: PolicyRequest) => Decision | Promise<Decision>);

export interface PolicyDeciderFake extends PolicyDecider {
  readonly requests: readonly PolicyRequest[];
}

/** Decides by a table from tool or action to decision; what the table does not hold is denied. */
export const createPolicyDeciderFake = (
  table: Readonly<Record<string, Deciding>>,
  policies: Sha256 = digestOf("a"),
): PolicyDeciderFake => {
  const requests: PolicyRequest[] = [];
  return {
    policies,
    requests,
    async decide(request, signal) {
      requests.push(request);
      if (signal.aborted) throw abortError();
      const name = subjectName(request);
      const deciding = Object.hasOwn(table, name) ? table[name] : undefined;
      if (deciding === "throws") throw new Error("the engine broke");
      if (deciding === "silent") {
        return new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(abortError()), { once: true });
        });
      }
      return typeof deciding === "function" ? deciding(request) : (deciding ?? deny("no-permit"));
    },
  };
};
