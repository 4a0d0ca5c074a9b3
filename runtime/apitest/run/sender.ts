import type { Result } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { HttpAnswer, HttpFault, HttpTransport } from "#ports/http-transport.ts";
import type { ApiRequest } from "#protocol/api-test.ts";

export type Sent = Result<HttpAnswer, HttpFault>;

export interface SenderLimits {
  readonly requestsMax: number;
  readonly requestsPerSecondMax: number | null;
}

/** The one way to the transport: counts requests against the budget and keeps them apart in time. */
export class Sender {
  private readonly transport: HttpTransport;
  private readonly clock: Pick<Clock, "monotonicMs" | "sleep">;
  private readonly limits: SenderLimits;
  private sent = 0;
  private nextMs = -Infinity;

  constructor(
    ports: { readonly transport: HttpTransport; readonly clock: Pick<Clock, "monotonicMs" | "sleep"> },
    limits: SenderLimits,
  ) {
    this.transport = ports.transport;
    this.clock = ports.clock;
    this.limits = limits;
  }

  get requests(): number {
    return this.sent;
  }

  /** Undefined when the budget is used up: nothing was sent. */
  async send(request: ApiRequest, signal: AbortSignal): Promise<Sent | undefined> {
    if (this.sent >= this.limits.requestsMax) return undefined;
    this.sent += 1;
    await this.turn(signal);
    return this.transport.send(request, signal);
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
