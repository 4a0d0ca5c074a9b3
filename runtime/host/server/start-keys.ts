import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";
import { agentOfEntityId } from "#protocol/entity-id.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import type { Params } from "#host/rpc/peer.ts";
import { conflict, refused, unavailable } from "./faults.ts";

const KEY_MS_MAX = 24 * 60 * 60 * 1000;

/** The time that a UUIDv7 was made, in Unix milliseconds. */
const timeOfKey = (key: string): number => Number.parseInt(key.replaceAll("-", "").slice(0, 12), 16);

export const isKeyTooOld = (key: string, wallMs: number): boolean => wallMs - timeOfKey(key) > KEY_MS_MAX;

/** Everything that a repeated start has to have in common with the first. */
export const orderText = (params: Params<"run/start">): string =>
  canonicalJson(
    Object.fromEntries(Object.entries(params).filter(([name]) => name !== "progress")) as JsonObject,
  );

/**
 * The run that an earlier host started with this key, or null. The ledger keeps what the run was,
 * not how it was ordered; what of the order can be seen there has to be the same.
 */
export const runStartedWith = async (
  reader: LedgerReader,
  order: Params<"run/start">,
  signal: AbortSignal,
): Promise<Result<string | null, CallFault>> => {
  for await (const shown of reader.entries({ type: "run.started" }, signal)) {
    if (!shown.ok) return failed(unavailable(shown.fault));
    for (const found of shown.value) {
      const fields = found.entry?.public;
      if (found.entry?.run === null || fields?.["startKey"] !== order.idempotencyKey) continue;
      const { agent } = fields;
      const started = typeof agent === "string" ? agentOfEntityId(agent) : undefined;
      const inputs = await reader.content(found, "inputs");
      if (!inputs.ok) return failed(unavailable(inputs.fault));
      const isSame =
        started?.path === order.path &&
        (order.agent === null || order.agent === started.name) &&
        fields["source"] === order.digest &&
        (order.model === null || order.model === fields["model"]) &&
        isSameFloor(order.sandboxFloor, fields) &&
        (order.consent === null || order.consent === fields["powers"]) &&
        (inputs.value.state !== "open" || canonicalJson(inputs.value.value) === canonicalJson(order.inputs));
      return isSame ? ok(found.entry?.run.id ?? null) : failed(KEY_REUSED);
    }
  }
  return ok(null);
};

/** A floor that was ordered is the tier that the run got, and the order is why. */
const isSameFloor = (floor: Params<"run/start">["sandboxFloor"], fields: JsonObject): boolean => {
  const isOrdered = fields["tierWhy"] === "command-line";
  return floor === null ? !isOrdered : isOrdered && fields["tier"] === floor;
};

export const KEY_REUSED = conflict(
  "RUN_KEY_REUSED",
  "the key of this start was used for another one",
  "make a new key for a new intent",
);

export const KEY_TOO_OLD = refused(
  fault("RUN_KEY_TOO_OLD", "the key of this start is more than 24 hours old", {
    help: "make a new key for a new intent",
  }),
);
