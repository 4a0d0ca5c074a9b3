import { durationMs } from "#kernel/duration.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
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

/** Most people that one requirement can ask for. */
const APPROVALS_MAX = 16;
const APPROVERS_MAX = 64;

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
    const [what = "", detail, ...more] = item.split(":").map((part) => part.trim());
    const template = more.length > 0 ? undefined : obligation(what, detail, approvalDetails(found, mistake));
    if (template !== undefined) obligations.push(template);
    else {
      mistake(
        require,
        `\`${visibleExcerpt(item, 80)}\` is nothing that a policy can ask for`,
        "`approval`, `sandbox-tier:docker`, `sandbox-tier:gvisor`, `sandbox-tier:wasm` or `timeout:30s`, with a comma between several",
      );
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

const obligation = (
  what: string,
  detail: string | undefined,
  approval: ApprovalDetails,
): ObligationTemplate | undefined => {
  switch (what) {
    case "approval":
      return detail === undefined ? { k: "approval", ...approval } : undefined;
    case "sandbox-tier": {
      const tier = SANDBOX_TIERS.find((known) => known === detail);
      return tier === undefined ? undefined : { k: "sandbox-tier", tier };
    }
    case "timeout": {
      const timeoutMs = durationMs(detail ?? "");
      return timeoutMs === undefined || timeoutMs < 1 ? undefined : { k: "timeout", timeoutMs };
    }
    default:
      return undefined;
  }
};

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
  const barred = found.get("not_initiator");
  if (barred !== undefined && barred.value !== "" && barred.value !== "true" && barred.value !== "false") {
    mistake(barred, "`@not_initiator` is neither true nor false", '`@not_initiator("true")`');
  }
  return { approvers, min, notInitiator: barred !== undefined && barred.value !== "false" };
};
