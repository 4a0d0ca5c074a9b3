import type { ApiCheck, ApiFinding, ApiRequest, ApiTestCase } from "#protocol/api-test.ts";
import type { ApiCauseReport } from "#protocol/api-test-report.ts";

import type { OperationBook } from "./operation-book.ts";

/** All findings of one cause. */
export interface Cause {
  /** What it is known by in this book and in the report. */
  readonly key: string;
  readonly finding: ApiFinding;
  readonly example: ApiTestCase;
  readonly status: number | null;
  readonly reproduced: boolean | null;
  readonly count: number;
  /** Whether the plainest request of its operation is among those that show it. */
  readonly hasPlainest: boolean;
  /** Parts of the request that were tried where it showed, in the order in which they were. */
  readonly parts: readonly string[];
}

/** Of a breakdown an answer says nothing but that it is one, so what was tried tells one from another. */
const TOLD_APART: readonly ApiCheck[] = ["server-error", "answered"];

/** Parts of one operation that are told apart where they break it down; where more do, it is one way in which all do. */
const AIMS_MAX = 4;

/**
 * Findings by their cause: a thousand answers with one mistake are one entry. Breakdowns of an operation that takes
 * its plainest request are told apart by the part in which a request differs from that one.
 */
export class CauseBook {
  private readonly causes = new Map<string, Cause>();
  /** For each cause that was told apart the keys of what it fell into. */
  private readonly groups = new Map<string, Set<string>>();

  add(testCase: ApiTestCase, status: number | null, finding: ApiFinding): void {
    const key = this.keyOf(testCase, finding);
    const parts = testCase.part === null ? [] : [testCase.part];
    const found = {
      key,
      finding,
      example: testCase,
      status,
      reproduced: null,
      count: 1,
      hasPlainest: testCase.isPlainest,
      parts,
    };
    const known = this.causes.get(key);
    this.causes.set(key, known === undefined ? found : joined(key, known, found));
  }

  private keyOf(testCase: ApiTestCase, { check, severity, cause }: ApiFinding): string {
    if (!TOLD_APART.includes(check) || severity === "warning") return cause;
    // What the plainest request shows is about no part of it.
    if (testCase.isPlainest || this.causes.has(cause)) return cause;
    const key = `${cause} ${aimOf(testCase)}`;
    const group = this.groups.get(cause) ?? new Set();
    this.groups.set(cause, group.add(key));
    if (group.size <= AIMS_MAX) return key;
    group.delete(key);
    this.join(group, cause);
    return cause;
  }

  /** Makes entries that turned out to have the same smallest request one. */
  joinAlike(): void {
    for (const group of this.groups.values()) {
      const entries = [...group].flatMap((key) => this.causes.get(key) ?? []);
      for (const alike of Map.groupBy(entries, ({ example }) => JSON.stringify(example.request)).values()) {
        this.joinAll(group, alike);
      }
      const left = [...group].flatMap((key) => this.causes.get(key) ?? []);
      const whole = left.find(({ example }) => example.part === null);
      if (whole === undefined) continue;
      const parts = partsText(whole.example.request);
      const twins = left.filter((each) => each !== whole && partsText(each.example.request) === parts);
      if (twins.length === 1) this.joinAll(group, [...twins, whole]);
    }
  }

  private joinAll(group: Set<string>, alike: readonly Cause[]): void {
    // One that was told by its part says more than one that began with all of them.
    const [first, ...others] = alike.toSorted(
      (left, right) => Number(left.example.part === null) - Number(right.example.part === null),
    );
    if (first === undefined || others.length === 0) return;
    this.join(new Set([first, ...others].map(({ key }) => key)), first.key);
    for (const { key } of others) group.delete(key);
  }

  private join(keys: ReadonlySet<string>, into: string): void {
    const [first, ...others] = [...keys].flatMap((key) => this.causes.get(key) ?? []);
    if (first === undefined) return;
    for (const { key } of others) this.causes.delete(key);
    if (first.key !== into) this.causes.delete(first.key);
    this.causes.set(
      into,
      others.reduce((all, other) => joined(into, all, other), { ...first, key: into }),
    );
  }

  /**
   * Raises refusals of valid requests that prove something: a value on a documented bound that is refused
   * where the same request without it is taken, and an operation that takes none of its valid requests.
   */
  settle(operations: OperationBook): void {
    for (const [key, cause] of this.causes) {
      const { finding, example, hasPlainest } = cause;
      if (finding.check !== "valid-accepted") continue;
      const isOnBound = example.rule !== null && operations.isPlainestTaken(example);
      const isRefusal = cause.status === 400 || cause.status === 422;
      const isSure = (isOnBound && isRefusal) || (hasPlainest && operations.isAlwaysRefused(example));
      if (isSure) this.causes.set(key, { ...cause, finding: { ...finding, severity: "failure" } });
    }
  }

  get failures(): readonly Cause[] {
    return [...this.causes.values()].filter(({ finding }) => finding.severity === "failure");
  }

  replace(old: Cause, better: Pick<Cause, "example" | "status" | "reproduced">): void {
    this.causes.set(old.key, { ...old, ...better });
  }

  reports(
    curlOf: (request: ApiRequest) => string,
    isRecorded: (testCase: ApiTestCase) => boolean,
  ): readonly ApiCauseReport[] {
    return [...this.causes.values()].map(({ key, finding, example, status, reproduced, count, parts }) => ({
      check: finding.check,
      cause: key,
      message: finding.message,
      place: finding.place,
      severity: finding.severity,
      count,
      parts,
      example,
      status,
      reproduced,
      recorded: isRecorded(example),
      curl: curlOf(example.request),
    }));
  }
}

/** Two entries as one, with the smaller of their requests; a failure beside warnings makes all of it one. */
const joined = (key: string, known: Cause, other: Cause): Cause => {
  const smaller = sizeOf(other.example) < sizeOf(known.example) ? other : known;
  return {
    key,
    finding: other.finding.severity === "failure" ? other.finding : known.finding,
    example: smaller.example,
    status: smaller.status,
    reproduced: smaller.reproduced,
    count: known.count + other.count,
    hasPlainest: known.hasPlainest || other.hasPlainest,
    parts: [...new Set([...known.parts, ...other.parts])],
  };
};

/** The part in which a case differs from the plainest one; within a body the schema whose rule it is about. */
const aimOf = ({ part, rule }: ApiTestCase): string => {
  if (part === null) return "with every part";
  return part === "body" && rule !== null ? `${part} ${rule.place.pointer.replace(/\/[^/]*$/, "")}` : part;
};

/** What a request is made of, without the values: of one with every part it says which of them were left over. */
const partsText = ({ target, headers, body }: ApiRequest): string =>
  JSON.stringify([
    target.replace(/=[^&]*/g, ""),
    headers.map(([name, value]) => [name, name === "cookie" ? value.replace(/=[^;]*/g, "") : ""]),
    body?.replace(/:"(?:[^"\\]|\\.)*"|:[^,{}[\]"]+/g, ":") ?? null,
  ]);

const sizeOf = ({ request }: ApiTestCase): number =>
  request.target.length + (request.body?.length ?? 0) + request.headers.flat().join("").length;
