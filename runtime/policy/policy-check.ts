import { byCodeUnits } from "#kernel/canonical-json.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { CedarPolicies, PolicyCheck, PolicyCheckProblem, PolicyShape } from "#ports/decider.ts";
import type { Problem } from "#protocol/problem.ts";
import { mayRun } from "#protocol/problem.ts";
import type { SourceRange } from "#protocol/source.ts";
import type { ActionScope } from "./cedar-head.ts";
import { cedarEntity } from "./cedar-literal.ts";
import { cedarTokens } from "./cedar-tokens.ts";
import type { CompiledPolicy, CompiledSource, FileProblem } from "./compiled-policy.ts";
import { nearestName } from "./nearest-name.ts";
import { policyError, policyWarning } from "./policy-problem.ts";
import { rangeWithin, utf16Offset } from "./source-text.ts";

/*
 * What the engine says about policies, as problems of the files that they come from; and whether
 * it read them as we did.
 */

/** Everything of some sources that the engine has to parse and check. */
export const policiesToCheck = (sources: readonly CompiledSource[]): CedarPolicies =>
  Object.fromEntries(
    sources.flatMap((source, index) =>
      [...source.policies, ...source.unread].map(({ id, cedar }) => [checkedId(index, id), cedar] as const),
    ),
  );

/** The problems that a check of these sources found; `actions` are the ids that policies can name. */
export const checkProblems = (
  sources: readonly CompiledSource[],
  check: PolicyCheck,
  actions: readonly string[],
): readonly FileProblem[] =>
  sources.flatMap((source, index) =>
    problemsOfSource(source, check, actions, (id) => checkedId(index, id)).map((problem) => ({
      file: source.file,
      problem,
    })),
  );

/** Ids are unique in a source only. */
const checkedId = (source: number, id: string): string => `${source} ${id}`;

const problemsOfSource = (
  source: CompiledSource,
  check: PolicyCheck,
  actions: readonly string[],
  checked: (id: string) => string,
): readonly Problem[] => {
  const found: Problem[] = [];
  const known = new Map([
    ...source.policies.map((policy) => [checked(policy.id), placeOf(policy)] as const),
    ...source.unread.map(
      (policy) => [checked(policy.id), { ...policy, written: true, policy: null }] as const,
    ),
  ]);
  // The engine checks a policy for every action in turn and says the same of one place many times.
  const said = new Set<string>();
  for (const problem of check.problems.toSorted((one, other) => byCodeUnits(one.message, other.message))) {
    const place = known.get(problem.policyId);
    const key = JSON.stringify([problem.policyId, problem.kind, problem.bytes]);
    if (place === undefined || said.has(key)) continue;
    said.add(key);
    // Why it can never hold was found already.
    if (
      problem.kind === "impossible" &&
      source.problems.some((one) => !mayRun([one.problem]) && within(one.problem.range, place.range))
    ) {
      continue;
    }
    found.push(problemAt(problem, place, actions));
  }
  for (const policy of source.policies) {
    const shape = check.shapes[checked(policy.id)];
    const isRefused = check.problems.some(({ policyId }) => policyId === checked(policy.id));
    if (shape === undefined ? !isRefused : !agree(policy, shape)) {
      found.push(disagreement(policy.citation.range ?? NOWHERE));
    }
  }
  // Cedar accepted what we could not read: rather refused than half understood.
  for (const { id, range } of source.unread) {
    if (check.shapes[checked(id)] !== undefined) found.push(disagreement(range));
  }
  return found;
};

const within = ({ span: [start, end] }: SourceRange, { span: [from, to] }: SourceRange): boolean =>
  from <= start && end <= to;

interface Place {
  readonly cedar: string;
  readonly range: SourceRange;
  /** Whether the Cedar text stands in the file as it is, so that offsets mean something there. */
  readonly written: boolean;
  readonly policy: CompiledPolicy | null;
}

const placeOf = (policy: CompiledPolicy): Place => ({
  cedar: policy.cedar,
  range: policy.citation.range ?? NOWHERE,
  written: policy.startsAt !== null,
  policy,
});

const NOWHERE: SourceRange = { span: [0, 0], line: 1, column: 1, endLine: 1, endColumn: 1 };

const problemAt = (
  { kind, message, help, bytes }: PolicyCheckProblem,
  place: Place,
  actions: readonly string[],
): Problem => {
  const range = place.written && bytes !== null ? rangeOfBytes(place, bytes) : place.range;
  const text = visibleExcerpt(message, 400);
  const more = { help: helpFor(help, place, bytes, actions) };
  switch (kind) {
    case "syntax":
      return policyError("syntax", text, range, more);
    case "schema":
      return policyError("vocabulary", text, range, more);
    case "impossible": {
      const why = "this policy can hold for no request that is ever made";
      const advice = "a condition may contradict another, the scope, or the type of what it compares";
      // Whether an agent has an input is not the policy's mistake, and a permit that never holds permits nothing.
      const harmless =
        place.policy === null ||
        looksAtInputs(place.cedar) ||
        (place.policy.kind === "rule" && place.policy.effect === "permit");
      return harmless
        ? policyWarning("neverMatches", why, range, advice)
        : policyError("neverMatches", why, range, { help: advice });
    }
  }
};

/** Whether the text of a policy reaches for `context.inputs`. A comment, a text or another record of that name does not. */
const looksAtInputs = (cedar: string): boolean => {
  const tokens = cedarTokens(cedar);
  return tokens.some(({ text }, index) => {
    const [mark, name] = [tokens[index + 1]?.text, tokens[index + 2]?.text];
    if (text !== "context" || tokens[index - 1]?.text === ".") return false;
    return mark === "["
      ? name === '"inputs"'
      : (mark === "." && name === "inputs") || (mark === "has" && (name === "inputs" || name === '"inputs"'));
  });
};

/** Cedar's advice, but for its guesses at names, which change from one time to the next. */
const helpFor = (
  help: string | null,
  { cedar }: Place,
  bytes: PolicyCheckProblem["bytes"],
  actions: readonly string[],
): string | undefined => {
  if (help !== null && !help.startsWith("did you mean")) return visibleExcerpt(help, 400);
  const at = bytes === null ? "" : cedar.slice(utf16Offset(cedar, bytes[0]), utf16Offset(cedar, bytes[1]));
  const [, written] = /^Action::"([^"\\]*)"$/.exec(at) ?? [];
  const meant = written === undefined ? undefined : nearestName(written, actions);
  return meant === undefined ? undefined : `did you mean \`${cedarEntity("Action", meant)}\`?`;
};

const rangeOfBytes = ({ cedar, range }: Place, [from, to]: readonly [number, number]): SourceRange => {
  const base = range.span[0];
  return rangeWithin(range, cedar, [base + utf16Offset(cedar, from), base + utf16Offset(cedar, to)]);
};

const disagreement = (range: SourceRange): Problem =>
  policyError("disagreement", "this policy can be read in two ways", range, {
    help: "write its scope and annotations plainly",
  });

const agree = (policy: CompiledPolicy, shape: PolicyShape): boolean => {
  const { action } = policy;
  return (
    policy.effect === shape.effect &&
    policy.principal === shape.principal &&
    policy.resource === shape.resource &&
    sameAction(action, shape.action) &&
    sameEntries(policy.annotations, shape.annotations)
  );
};

const sameAction = (ours: ActionScope, theirs: PolicyShape["action"]): boolean => {
  switch (ours.k) {
    case "any":
      return theirs === null;
    case "is":
      return theirs?.operator === "==" && sameItems([ours.id], theirs.ids);
    case "in":
      return theirs?.operator === "in" && sameItems(ours.ids, theirs.ids);
  }
};

const sameItems = (ours: readonly string[], theirs: readonly string[]): boolean =>
  ours.every((id) => theirs.includes(id)) && theirs.every((id) => ours.includes(id));

const sameEntries = (
  ours: Readonly<Record<string, string>>,
  theirs: Readonly<Record<string, string>>,
): boolean =>
  sameItems(
    Object.entries(ours).map((entry) => JSON.stringify(entry)),
    Object.entries(theirs).map((entry) => JSON.stringify(entry)),
  );
