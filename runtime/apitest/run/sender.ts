import type { Clock } from "#ports/clock.ts";
import type { ApiTestCase } from "#protocol/api-test.ts";

import { isUnsendable, type SendCase, type Sending } from "./request-door.ts";

export interface SenderLimits {
  readonly requestsMax: number;
  readonly requestsPerSecondMax: number | null;
}

/** Counts the requests of a whole run and keeps them apart in time, whatever lets them out. */
export class Sender {
  private readonly clock: Pick<Clock, "monotonicMs" | "sleep">;
  private readonly limits: SenderLimits;
  private sent = 0;
  private nextMs = -Infinity;

  constructor(clock: Pick<Clock, "monotonicMs" | "sleep">, limits: SenderLimits) {
    this.clock = clock;
    this.limits = limits;
  }

  /** Requests that may still be sent. */
  get left(): number {
    return this.limits.requestsMax - this.sent;
  }

  async send(by: SendCase, testCase: ApiTestCase, signal: AbortSignal): Promise<Sending> {
    if (this.left <= 0) return "spent";
    this.sent += 1;
    await this.turn(signal);
    const sending = await by(testCase, signal);
    if (typeof sending === "string" || isUnsendable(sending)) this.sent -= 1;
    return sending;
  }

  private async turn(signal: AbortSignal): Promise<void> {
    const { requestsPerSecondMax } = this.limits;
    if (requestsPerSecondMax === null) return;
    const nowMs = this.clock.monotonicMs();
    const atMs = Math.max(nowMs, this.nextMs);
    this.nextMs = atMs + 1000 / requestsPerSecondMax;
    if (atMs > nowMs) await this.clock.sleep(atMs - nowMs, signal);
  }
}
