import { abortError } from "#kernel/abort.ts";
import type { JsonObject } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import type { Handlers } from "#host/rpc/peer.ts";
import { modelKeyName } from "#protocol/host-rpc.ts";
import type { RunOutcome } from "#protocol/run-event.ts";
import { RUN_OUTCOMES } from "#protocol/run-event.ts";

import type { HostClient } from "./host-connection.ts";
import { OFFERS_NOTHING } from "./host-connection.ts";

/** A key of this command's environment that a host has not, and the one origin that it is bound to. */
export interface KeptKey {
  readonly origin: string;
  readonly key: string;
}

/** Events that may be on the way unacknowledged; each batch is acknowledged at once. */
const WINDOW = 1_000;

/**
 * A client that keeps a key for the runs of its host: it is given for exactly its origin, each time
 * that it is asked for, and as long as this client is there.
 */
export class KeyKeeper implements HostClient {
  readonly offers: HostClient["offers"];
  readonly handlers: Handlers;
  private readonly over = Promise.withResolvers<RunOutcome | null>();
  private outcome: RunOutcome | null = null;
  private acknowledge: (subscription: string, batch: number) => void = () => undefined;

  constructor({ origin, key }: KeptKey) {
    const own = modelKeyName(origin);
    this.offers = { ...OFFERS_NOTHING.offers, secrets: [own] };
    this.handlers = {
      requests: {
        "secret/read": async ({ name, origin: wanted }) =>
          ok({ value: name === own && wanted === origin ? key : null }),
      },
      notifications: {
        "events/batch": ({ subscription, batch, events }) => {
          this.outcome ??= outcomeIn(events);
          this.acknowledge(subscription, batch);
        },
        "events/ended": () => this.over.resolve(this.outcome),
      },
    };
  }

  /** Keeps the key there until the run is over. Rejects with an AbortError when aborted. */
  async until(
    run: string,
    { peer, closed }: Pick<HostConnection, "peer" | "closed">,
    signal: AbortSignal,
  ): Promise<Result<RunOutcome, CallFault>> {
    this.acknowledge = (subscription, batch) => peer.notify("events/acknowledge", { subscription, batch });
    const params = { scope: { run }, from: { runSeq: 0 }, level: "entries", window: WINDOW } as const;
    const followed = await peer.call("events/subscribe", params, { signal });
    if (!followed.ok) return followed.fault.error === "connection-lost" ? failed(LOST) : followed;
    const outcome = await Promise.race([this.over.promise, closed.then(() => null), aborted(signal)]);
    return outcome === null ? failed(LOST) : ok(outcome);
  }
}

const outcomeIn = (events: readonly JsonObject[]): RunOutcome | null => {
  const last = events.find(({ type }) => type === "run.ended")?.["public"];
  const outcome = isJsonObject(last) ? last["outcome"] : undefined;
  return RUN_OUTCOMES.find((known) => known === outcome) ?? null;
};

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const cancel = (): void => reject(abortError());
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
  });

const LOST: CallFault = {
  ...fault("CLI_HOST_LOST", "the host ended before the run did", {
    help: "`writ ps` shows what is left of the run",
    retryable: true,
  }),
  error: "connection-lost",
};
