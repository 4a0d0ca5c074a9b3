import type { EntryId } from "#kernel/ids.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { Clock } from "#ports/clock.ts";
import type { HttpFault } from "#ports/http-transport.ts";
import type { LedgerFault } from "#ports/ledger.ts";
import type { RunRecorder } from "#ports/run-recorder.ts";

export interface RequestRecordsDeps {
  readonly ledger: Pick<WritableLedger, "batch" | "fault">;
  readonly recorder: RunRecorder;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** The entry that began the run. */
  readonly cause: EntryId | null;
}

export interface RecordLimits {
  /** Records of one batch, and most that wait while one is being written. */
  readonly batchRecordsMax: number;
  /** Longest that a record waits for others before its batch is written, seen at the next record. */
  readonly batchMsMax: number;
}

export const RECORD_LIMITS_DEFAULT: RecordLimits = { batchRecordsMax: 256, batchMsMax: 1_000 };

/** Kind of the batches: one record for each request that was sent, with what came of it. */
const KIND = "test-request";

/** Of a request that the transport did not send. */
const UNSENT: HttpFault["code"] = "HTTP_UNSENDABLE";

/**
 * What was sent and answered, in signed batches. Requests go out faster than a disk takes entries, so a
 * batch is written beside them; but never are more than two batches not on record, and after a refusal of
 * the ledger there is no room for another request.
 */
export class RequestRecords {
  private readonly deps: RequestRecordsDeps;
  private readonly limits: RecordLimits;
  private waiting: JsonObject[] = [];
  /** Requests that were let out and have no record yet. */
  private underWay = 0;
  private sinceMs = 0;
  private next = 0;
  private writing: Promise<void> | null = null;
  /** What is on its way to the ledger. */
  private batch: readonly JsonObject[] = [];
  private readonly refusing = new AbortController();
  /** Requests that were sent and whose records are known to be durable. */
  requestsRecorded = 0;
  /** Why the ledger takes no more records, or null. */
  refused: LedgerFault | null = null;

  constructor(deps: RequestRecordsDeps, limits: RecordLimits = RECORD_LIMITS_DEFAULT) {
    this.deps = deps;
    this.limits = limits;
  }

  /** Aborted when the ledger refuses, so that nothing of a request goes on that has no record. */
  get refusal(): AbortSignal {
    return this.refusing.signal;
  }

  /** Whether no record of this case waits, is on its way or was refused. */
  isRecorded(testCase: string): boolean {
    return ![...this.batch, ...this.waiting].some((record) => record["case"] === testCase);
  }

  /** Resolves when one more request may be sent, which then has to be recorded. */
  async room(): Promise<Result<void, LedgerFault>> {
    const { fault } = this.deps.ledger;
    if (fault !== undefined) this.refuse(fault);
    while (this.refused === null && this.waiting.length + this.underWay >= this.limits.batchRecordsMax) {
      if (this.writing === null && this.waiting.length === 0) break;
      await (this.writing ?? this.write());
    }
    if (this.refused !== null) return failed(this.refused);
    this.underWay += 1;
    return ok(undefined);
  }

  /** Gives room back that is not needed. */
  giveBack(): void {
    this.underWay -= 1;
  }

  /** Takes the record of a request for which there was room. */
  add(record: JsonObject): void {
    this.underWay -= 1;
    const nowMs = this.deps.clock.monotonicMs();
    if (this.waiting.length === 0) this.sinceMs = nowMs;
    this.waiting.push(record);
    const { batchRecordsMax, batchMsMax } = this.limits;
    const isDue = this.waiting.length >= batchRecordsMax || nowMs - this.sinceMs >= batchMsMax;
    if (isDue && this.writing === null && this.refused === null) void this.write();
  }

  /** Resolves when everything is durable, or cannot be. */
  async flush(): Promise<Result<void, LedgerFault>> {
    while (this.refused === null && (this.writing !== null || this.waiting.length > 0)) {
      await (this.writing ?? this.write());
    }
    return this.refused === null ? ok(undefined) : failed(this.refused);
  }

  private write(): Promise<void> {
    this.batch = this.waiting;
    this.waiting = [];
    this.writing = this.append(this.batch);
    return this.writing;
  }

  private async append(records: readonly JsonObject[]): Promise<void> {
    const { ledger, recorder, cause } = this.deps;
    const batch = ledger.batch(recorder.scope, { kind: KIND, first: this.next, records });
    this.next += records.length;
    const recorded = batch.ok
      ? await recorder.record({
          type: "batch.recorded",
          cause,
          public: batch.value.public,
          content: { records },
          feeds: false,
        })
      : batch;
    this.writing = null;
    if (recorded.ok) {
      this.batch = [];
      this.requestsRecorded += records.filter(({ code }) => code !== UNSENT).length;
    } else this.refuse(recorded.fault);
  }

  private refuse(why: LedgerFault): void {
    this.refused ??= why;
    this.refusing.abort();
  }
}
