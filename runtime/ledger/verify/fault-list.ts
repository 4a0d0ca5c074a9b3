import type { EntryId } from "#kernel/ids.ts";
import type { VerificationFault } from "#protocol/ledger-entry.ts";
import type { FoundFault } from "#protocol/ledger-report.ts";
import { REPORTED_FAULTS_MAX } from "#protocol/ledger-report.ts";

/** What is known of the line at which a fault is found. */
export interface FaultyLine {
  readonly index: number;
  readonly entry?: EntryId;
  readonly type?: string;
  readonly place?: FoundFault["place"];
}

/** Faults in the order in which they are found; bounded in what it keeps, not in what it counts. */
export class FaultList {
  readonly kept: FoundFault[] = [];
  total = 0;

  add(kind: VerificationFault, line: FaultyLine, detail: string): void {
    this.total += 1;
    if (this.kept.length >= REPORTED_FAULTS_MAX) return;
    const { index, entry = null, type = null, place = null } = line;
    this.kept.push({ kind, index, entry, type, place, detail });
  }
}
