import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { ApiTester, ApiTesterFault } from "#ports/api-tester.ts";
import type { ApiTestCase } from "#protocol/api-test.ts";

import type { Cause } from "./cause-book.ts";
import { isUnsendable, type Sending } from "./request-door.ts";

export type SendOnce = (testCase: ApiTestCase, signal: AbortSignal) => Promise<Sending>;

export type Shrunk = Pick<Cause, "example" | "status" | "reproduced">;

/**
 * Sends a failing case again, then smaller ones for as long as the same cause shows. Every candidate was
 * judged to test the same before it is sent, so what is left over is the same failure and no other.
 */
export const shrinkCase = async (
  cause: Cause,
  send: SendOnce,
  tester: Pick<ApiTester, "judge" | "smaller">,
  requestsMax: number,
  signal: AbortSignal,
): Promise<Result<Shrunk, ApiTesterFault>> => {
  let best: Shrunk = { example: cause.example, status: cause.status, reproduced: null };
  if (requestsMax <= 0) return ok(best);
  // What is not answered cannot be told apart by its answer, and asking again takes long.
  if (cause.finding.check === "answered") return ok(best);
  const probe = new Probe(cause.finding.cause, send, tester, requestsMax, signal);
  const again = await probe.shows(cause.example);
  if (!again.ok) return again;
  if (again.value === "not-sent") return ok(best);
  best = { ...best, reproduced: again.value !== "gone" };
  while (best.reproduced === true && probe.mayAsk) {
    const smaller = await firstThatShows(best.example, probe, tester, signal);
    if (!smaller.ok) return smaller;
    if (smaller.value === null) break;
    best = smaller.value;
  }
  return ok(best);
};

/** The boldest of the smaller cases that still shows the cause, or null when none does. */
const firstThatShows = async (
  example: ApiTestCase,
  probe: Probe,
  tester: Pick<ApiTester, "smaller">,
  signal: AbortSignal,
): Promise<Result<Shrunk | null, ApiTesterFault>> => {
  const candidates = await tester.smaller(example.id, signal);
  if (!candidates.ok) return candidates;
  for (const candidate of candidates.value) {
    if (!probe.mayAsk) break;
    const shown = await probe.shows(candidate);
    if (!shown.ok) return shown;
    if (typeof shown.value === "number") {
      return ok({ example: candidate, status: shown.value, reproduced: true });
    }
  }
  return ok(null);
};

/** Asks the server whether a case shows one cause, as often as the budget allows. */
class Probe {
  private readonly cause: string;
  private readonly send: SendOnce;
  private readonly tester: Pick<ApiTester, "judge">;
  private readonly signal: AbortSignal;
  private left: number;

  constructor(
    cause: string,
    send: SendOnce,
    tester: Pick<ApiTester, "judge">,
    requestsMax: number,
    signal: AbortSignal,
  ) {
    this.cause = cause;
    this.send = send;
    this.tester = tester;
    this.left = requestsMax;
    this.signal = signal;
  }

  get mayAsk(): boolean {
    return this.left > 0;
  }

  /** The status with which it showed. */
  async shows(candidate: ApiTestCase): Promise<Result<number | "gone" | "not-sent", ApiTesterFault>> {
    this.left -= 1;
    const sent = await this.send(candidate, this.signal);
    if (sent === "spent") this.left = 0;
    if (typeof sent === "string" || isUnsendable(sent)) return ok("not-sent");
    if (!sent.ok) return ok("gone");
    const findings = await this.tester.judge(candidate.id, sent.value, this.signal);
    if (!findings.ok) return findings;
    return ok(findings.value.some(({ cause }) => cause === this.cause) ? sent.value.status : "gone");
  }
}
