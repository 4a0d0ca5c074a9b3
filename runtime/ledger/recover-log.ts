import { sha256OfBytes } from "#kernel/digest.ts";
import type { LogId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { LedgerFault, LedgerStore, LogHold } from "#ports/ledger.ts";
import { ASIDE_BYTES_MAX, ASIDE_FILES_MAX } from "#protocol/ledger-entry.ts";
import { asideFile, readAsideFile, segmentFile } from "#protocol/ledger-format.ts";
import type { AsideFile } from "#protocol/ledger-line.ts";
import type { LogEnd } from "./log-writer.ts";
import { segmentNumbers, sizeOf } from "./read-lines.ts";
import { tampered } from "./scan-log.ts";

export interface Recovery {
  /** Where writing goes on. */
  readonly end: LogEnd;
  /** What was set aside at this place, now or by earlier attempts that did not come to an end. */
  readonly aside: readonly AsideFile[];
}

/**
 * Sets aside whatever stands behind the last commit record: section 11 of docs/formats/ledger.md.
 * Uncommitted lines are never adopted, however well they chain: nobody was told of them, and
 * anyone who can write the file can make such lines. Safe to repeat after a crash at any point.
 */
export const recoverLog = async (
  deps: { readonly store: LedgerStore; readonly crypto: Crypto },
  log: LogId,
  hold: LogHold,
  end: LogEnd,
): Promise<Result<Recovery, LedgerFault>> => {
  const listed = await deps.store.files(log);
  if (!listed.ok) return listed;
  const attempts = listed.value.flatMap(({ name }) => {
    const named = readAsideFile(name);
    return named?.lines === end.size ? named.attempt : [];
  });
  const attempt = Math.max(0, ...attempts) + 1;

  let segment = end.segment;
  for (const number of segmentNumbers(listed.value)) {
    segment = Math.max(segment, number);
    for (const part of ["content", "jsonl"] as const) {
      const file = segmentFile(number, part);
      const keepBytes = number < end.segment ? Number.POSITIVE_INFINITY : keptBytes(end, number, part);
      const sizeBytes = sizeOf(listed.value, file);
      if (number === end.segment && sizeBytes < keepBytes) {
        return failed(tampered(log, "sealed content is missing"));
      }
      if (sizeBytes <= keepBytes) continue;
      if (sizeBytes - keepBytes > ASIDE_BYTES_MAX) {
        return failed(tampered(log, "more stands behind its last commit record than a crash can leave"));
      }
      const set = await hold.setAside(file, keepBytes, asideFile(file, end.size, attempt));
      if (!set.ok) return set;
    }
  }

  const aside = await describeAside(deps, log, end.size);
  if (!aside.ok) return aside;
  const fresh = segment === end.segment ? end : { ...end, segment, lineBytes: 0, contentBytes: 0 };
  return ok({ end: fresh, aside: aside.value });
};

const keptBytes = (end: LogEnd, segment: number, part: "content" | "jsonl"): number => {
  if (segment > end.segment) return 0;
  return part === "content" ? end.contentBytes : end.lineBytes;
};

const describeAside = async (
  deps: { readonly store: LedgerStore; readonly crypto: Crypto },
  log: LogId,
  lines: number,
): Promise<Result<readonly AsideFile[], LedgerFault>> => {
  const listed = await deps.store.files(log);
  if (!listed.ok) return listed;
  const files = listed.value.filter(({ name }) => readAsideFile(name)?.lines === lines);
  if (files.length > ASIDE_FILES_MAX)
    return failed(tampered(log, "it has more aside files than a recovery leaves"));
  const described: AsideFile[] = [];
  for (const { name } of files) {
    const bytes = await deps.store.read(log, name, 0, ASIDE_BYTES_MAX);
    if (!bytes.ok) return bytes;
    described.push({
      file: name,
      bytes: bytes.value.length,
      digest: sha256OfBytes(deps.crypto.sha256(bytes.value)),
    });
  }
  return ok(described);
};
