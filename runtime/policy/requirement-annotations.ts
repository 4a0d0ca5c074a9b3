import { durationMs } from "#kernel/duration.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import { APPROVALS_MAX, APPROVERS_MAX } from "#protocol/policy-vocabulary.ts";
import type { Span } from "#protocol/source.ts";
import type { Annotation } from "./cedar-head.ts";
import type { ObligationTemplate } from "./compiled-policy.ts";

/*
 * Annotations of Cedar policies. An annotation that is not known is refused rather than ignored:
 * a misspelt `@require` would turn a requirement into a permit.
 */

/** Free text for people. */
const INERT: ReadonlySet<string> = new Set([
  "id",
  "doc",
  "description",
  "title",
  "name",
  "note",
  "author",
  "reason",
]);

export interface AnnotationMistake {
  readonly message: string;
  readonly help: string;
  readonly span: Span;
}

export interface ReadAnnotations {
  /** Null where no annotation asks for anything: the policy is a rule. */
  readonly obligations: readonly ObligationTemplate[] | null;
  readonly mistakes: readonly AnnotationMistake[];
}

/** What the annotations of one policy ask for. */
export const readAnnotations = (
  annotations: readonly Annotation[],
  effect: "permit" | "forbid",
): ReadAnnotations => {
  const mistakes: AnnotationMistake[] = [];
  const mistake = (annotation: Annotation, message: string, help: string): void => {
    mistakes.push({ message, help, span: annotation.span });
  };
  const found = new Map(annotations.map((annotation) => [annotation.key, annotation]));

  for (const annotation of annotations) {
    if (INERT.has(annotation.key) || MEANT.has(annotation.key)) continue;
    mistake(
      annotation,
      `\`@${annotation.key}\` is no annotation that is known, and ignoring it could change what the policy does`,
      'write `@doc("…")` for a note; what is asked for stands in `@require("…")`',
    );
  }
  const require = found.get("require");
  if (require === undefined) {
    for (const key of APPROVAL_DETAILS) {
      const annotation = found.get(key);
      if (annotation !== undefined) {
        mistake(
          annotation,
          `\`@${key}\` says more about an approval, and nothing here asks for one`,
          'add `@require("approval")`',
        );
      }
    }
    return { obligations: null, mistakes };
  }
  if (effect === "forbid") {
    mistake(
      require,
      "a `forbid` cannot ask for anything: what it matches is not done at all",
      "write `permit`; a policy with `@require` grants nothing",
    );
  }

  const obligations: ObligationTemplate[] = [];
  for (const item of require.value.split(",").map((part) => part.trim())) {
    const template = obligation(item, () => approvalDetails(found, mistake));
    if (template === undefined) {
      mistake(
        require,
        `\`${visibleExcerpt(item, 80)}\` is nothing that a policy can ask for`,
        "`approval`, `sandbox-tier:docker`, `sandbox-tier:gvisor`, `sandbox-tier:wasm` or `timeout:30s`, with a comma between several",
      );
    } else if (obligations.some(({ k }) => k === template.k)) {
      mistake(
        require,
        `\`${visibleExcerpt(item, 80)}\` asks for one thing twice`,
        "write what else is asked for as a policy of its own",
      );
    } else {
      obligations.push(template);
    }
  }
  if (!obligations.some(({ k }) => k === "approval")) {
    for (const key of APPROVAL_DETAILS) {
      const annotation = found.get(key);
      if (annotation !== undefined) {
        mistake(
          annotation,
          `\`@${key}\` says more about an approval, and none is asked for`,
          'write `@require("approval")`',
        );
      }
    }
  }
  return { obligations, mistakes };
};

const APPROVAL_DETAILS = ["approvers", "min", "not_initiator"] as const;
const MEANT: ReadonlySet<string> = new Set(["require", ...APPROVAL_DETAILS]);

type ApprovalDetails = Omit<Extract<ObligationTemplate, { k: "approval" }>, "k">;

/** One item of `@require`, exactly as the vocabulary writes it. */
const obligation = (item: string, approval: () => ApprovalDetails): ObligationTemplate | undefined => {
  if (item === "approval") return { k: "approval", ...approval() };
  const [, name = ""] = /^sandbox-tier:(.*)$/.exec(item) ?? [];
  const tier = SANDBOX_TIERS.find((known) => known === name);
  if (tier !== undefined) return { k: "sandbox-tier", tier };
  const [, duration = ""] = TIMEOUT.exec(item) ?? [];
  const timeoutMs = durationMs(duration) ?? 0;
  return timeoutMs < 1 ? undefined : { k: "timeout", timeoutMs };
};

const TIMEOUT = /^timeout:([0-9]{1,11}(?:ms|s|m|h|d|w))$/;

const approvalDetails = (
  found: ReadonlyMap<string, Annotation>,
  mistake: (annotation: Annotation, message: string, help: string) => void,
): ApprovalDetails => {
  const named = found.get("approvers");
  const approvers = named === undefined ? [] : named.value.split(",").map((name) => name.trim());
  if (named !== undefined && (approvers.some((name) => name === "") || approvers.length > APPROVERS_MAX)) {
    mistake(
      named,
      "an approver has no name, or there are too many",
      `name at most ${APPROVERS_MAX}: \`@approvers("alice, bob")\``,
    );
  }
  const counted = found.get("min");
  const min = counted === undefined ? 1 : /^[0-9]{1,2}$/.test(counted.value) ? Number(counted.value) : 0;
  if (counted !== undefined && (min < 1 || min > APPROVALS_MAX)) {
    mistake(
      counted,
      "the number of people who must agree is none",
      `a whole number from 1 to ${APPROVALS_MAX}`,
    );
  }
  if (named !== undefined && new Set(approvers).size < min) {
    mistake(
      counted ?? named,
      "more people must agree than are named",
      "name more in `@approvers`, or ask for fewer in `@min`",
    );
  }
  const barred = found.get("not_initiator");
  if (barred !== undefined && barred.value !== "" && barred.value !== "true" && barred.value !== "false") {
    mistake(barred, "`@not_initiator` is neither true nor false", '`@not_initiator("true")`');
  }
  return { approvers, min, notInitiator: barred !== undefined && barred.value !== "false" };
};
