import { isAbort } from "#kernel/abort.ts";
import type { EntryId } from "#kernel/ids.ts";
import type { JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { OperationWork, Passage, RequestDoor } from "#apitest/run/request-door.ts";
import type { Gate } from "#gate/index.ts";
import type { LedgerFault } from "#ports/ledger.ts";
import type { ApiOperation, ApiTestCase } from "#protocol/api-test.ts";

import type { SeenDecision } from "./last-decision.ts";
import { type RequestExecutor, TEST_REQUESTS } from "./request-executor.ts";
import type { RequestRecords } from "./request-records.ts";

export interface GateDoorDeps {
  /** As `URL.origin` writes it. */
  readonly origin: string;
  readonly gate: Gate;
  readonly executor: RequestExecutor;
  readonly records: RequestRecords;
  /** What was last decided. */
  readonly decision: () => SeenDecision | null;
  /** The entry that began the run. */
  readonly cause: EntryId;
}

/** The door of a test run: each operation is one call through the gate. */
export class GateDoor implements RequestDoor {
  private readonly deps: GateDoorDeps;
  private passes = 0;
  /** Operations that may not be sent. */
  denied = 0;
  /** What the ledger refused, or null. */
  refusal: LedgerFault | null = null;

  constructor(deps: GateDoorDeps) {
    this.deps = deps;
  }

  get origin(): string {
    return this.deps.origin;
  }

  get requests(): number {
    return this.deps.executor.requests;
  }

  get requestsRecorded(): number {
    return this.deps.records.requestsRecorded;
  }

  isRecorded({ id }: ApiTestCase): boolean {
    return this.deps.records.isRecorded(id);
  }

  async pass(
    { operation, requestsMax }: { readonly operation: ApiOperation; readonly requestsMax: number },
    work: OperationWork,
    signal: AbortSignal,
  ): Promise<Result<Passage, Fault<string>>> {
    const { gate, executor, records, decision, cause } = this.deps;
    const { method, target, path } = operation;
    const bugs: unknown[] = [];
    executor.expect((send, inner) =>
      work(send, inner).catch((error: unknown) => {
        if (!isAbort(error)) bugs.push(error);
        throw error;
      }),
    );
    const performed = await gate.perform(
      {
        reference: `${method} ${path}`,
        tool: TEST_REQUESTS.name,
        arguments: { k: "value", value: { method, target, requestsMax } },
        ordinal: this.passes,
        iteration: 0,
        labels: [],
        cause,
      },
      signal,
    );
    this.passes += 1;
    if (bugs.length > 0) throw bugs[0];
    this.refusal = records.refused ?? (performed.ok ? null : performed.fault.ledger);
    if (this.refusal !== null || !performed.ok) return ok({ k: "unrecorded" });
    const { status, value, text } = performed.value;
    switch (status) {
      case "done":
        return ok(passageOf(value));
      case "denied":
      case "refused": {
        this.denied += 1;
        const seen = decision();
        const message = status === "denied" ? (seen?.summary ?? text) : text;
        return ok({ k: "stopped", why: status, message, rules: seen?.rules ?? [] });
      }
      case "failed":
      case "unknown":
        return failed(fault("HOST_TESTS_BROKEN", `the requests of an operation could not be sent: ${text}`));
    }
  }
}

const passageOf = (value: JsonValue): Passage =>
  isJsonObject(value) && value["end"] === "time-limit"
    ? {
        k: "stopped",
        why: "time-limit",
        message: "the time that a rule gives the operation was over",
        rules: [],
      }
    : { k: "passed" };
