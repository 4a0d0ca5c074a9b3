import type { Fault } from "#kernel/result.ts";
import { fault } from "#kernel/result.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import { callFault } from "#host/rpc/errors.ts";

/** What the host answers where it does not do what it was asked for. */

export const NO_SUCH_RUN = callFault("not-found", fault("RUN_UNKNOWN", "there is no such run"));

export const NO_SUCH_APPROVAL = callFault(
  "not-found",
  fault("APPROVAL_UNKNOWN", "no such question waits for an answer", {
    help: "it was answered already, or its time is over",
  }),
);

export const NO_SUCH_ENTRY = callFault("not-found", fault("CONTENT_UNKNOWN", "there is no such content"));

export const NO_SUCH_LOG = callFault(
  "not-found",
  fault("LEDGER_LOG_UNKNOWN", "the workspace's ledger has no such log"),
);

export const NO_SUCH_SUBSCRIPTION = callFault(
  "not-found",
  fault("EVENTS_UNKNOWN", "there is no such subscription on this connection"),
);

export const DRAINING = callFault(
  "draining",
  fault("HOST_DRAINING", "the host is finishing and takes no new run", {
    help: "try again when it is gone: the next client starts a new one",
    retryable: true,
  }),
);

/** Something on this machine is missing or refuses. */
export const unavailable = (reason: Fault<string>): CallFault => callFault("unavailable", reason);

/** A rule, a missing consent or a wrong name forbids it. */
export const refused = (reason: Fault<string>): CallFault => callFault("refused", reason);

export const conflict = (code: string, message: string, help?: string): CallFault =>
  callFault("conflict", fault(code, message, help === undefined ? {} : { help }));
