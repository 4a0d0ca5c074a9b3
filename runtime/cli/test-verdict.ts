import { visibleText } from "#kernel/visible-text.ts";
import type { ApiOperationReport, ApiRunReport } from "#protocol/api-test-report.ts";

import { plural } from "./audit-text.ts";

/** What a run of tests shows as a whole; nothing but `sound` is a good end. */
export type TestVerdict =
  /** Nothing that was tried contradicts the document, and some of it was shown to work. */
  | "sound"
  /** Something contradicts the document. */
  | "contradicted"
  /** No valid request of any operation was taken, so that a wrong server would have answered the same. */
  | "unproven"
  /** It ended before all cases were through. */
  | "incomplete"
  | "nothing-sent";

export const verdictOf = (report: ApiRunReport): TestVerdict => {
  if (report.requests === 0) return "nothing-sent";
  if (report.failures.length > 0) return "contradicted";
  if (report.ended !== "completed") return "incomplete";
  return isUnproven(report) ? "unproven" : "sound";
};

/** Operations of which requests went out and no valid one was taken. */
export const unprovenOf = ({ operations }: ApiRunReport): readonly ApiOperationReport[] =>
  operations.filter(({ sent, validTaken }) => sent > 0 && validTaken === 0);

const isUnproven = (report: ApiRunReport): boolean =>
  report.operations.every(({ validTaken }) => validTaken === 0);

/** Behind what is said of one operation. */
export const unprovenText = ({ validTaken, validUntaken }: ApiOperationReport): string => {
  if (validTaken > 0) return "";
  const statuses = validUntaken.map(({ status }) => String(status));
  const answers = statuses.length === 0 ? "" : ` (${listed(statuses)})`;
  return `; none of its valid requests was taken${answers}, so nothing is proven of it`;
};

/** Where no valid request was taken at all: what was answered instead, what that most likely means, and what to do. */
export const remedyLines = (report: ApiRunReport): readonly string[] => {
  if (!isUnproven(report)) return [];
  const counts = new Map<number, number>();
  for (const { status, count } of report.operations.flatMap(({ validUntaken }) => validUntaken)) {
    counts.set(status, (counts.get(status) ?? 0) + count);
  }
  if (counts.size === 0) return [];
  const byCount = [...counts].sort(([, left], [, right]) => right - left);
  const answers = byCount.map(([status, count]) => `${status} to ${count}`);
  const remedies = new Set(byCount.map(([status]) => remedyOf(status)));
  return [
    `no valid request of any operation was taken: the server answered ${listed(answers)} of them. A server that refuses everything answers the same`,
    ...[...remedies].map((remedy) => visibleText(remedy)),
  ];
};

const remedyOf = (status: number): string => {
  if (status === 404 || status === 405) {
    return `${status}: most likely these paths are not on this server; compare --origin, and the path of the document's \`servers\`, which stands before each of them`;
  }
  if (status === 401 || status === 403) {
    return `${status}: most likely it wants a credential that it did not get; --credential gives one for a scheme of the document's \`securitySchemes\``;
  }
  if (status === 429) return "429: it takes no more requests for now; wait, and send fewer with --rate";
  if (status >= 500) return `${status}: it, or what is behind it, does not work; its own log says why`;
  if (status >= 300 && status < 400) {
    return `${status}: it sends elsewhere, and redirects are not followed; name the server itself with --origin`;
  }
  return `${status}: it takes none of what the document allows; one request by hand shows what it wants instead`;
};

const ANSWERS_MAX = 4;

const listed = (texts: readonly string[]): string => {
  const shown = texts.slice(0, ANSWERS_MAX);
  return `${shown.join(", ")}${texts.length > shown.length ? ", …" : ""}`;
};

/** Behind a good verdict: how much of what was sent it says nothing of. */
export const unprovenPart = (report: ApiRunReport): string => {
  const unproven = unprovenOf(report).length;
  if (unproven === 0) return "";
  const sent = report.operations.filter((operation) => operation.sent > 0).length;
  return `, as far as it was shown: nothing is proven of ${unproven} of ${plural(sent, "operation")}`;
};
