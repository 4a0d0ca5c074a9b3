import type { LogId } from "#kernel/ids.ts";
import type { VerifierCrypto } from "#ledger/verify/source.ts";
import { verifyLog as verifyFirst } from "#ledger/verify/verify-log.ts";
import { verifyLedger } from "#ledger/verify/verify-ledger.ts";
import { ledgerSourceOf, sourceOf } from "#test/kit/ledger-sources.ts";
import { begunLog, LOG, OTHER_LOG } from "./page-cases/strange-log.ts";
import type { LogToVerify, Statement } from "./second-verifier.ts";
import { verifyLog as verifySecond } from "./second-verifier.ts";
import { nodeCrypto, valueOf } from "./world.ts";

/** The product's verifier and the one that was written from the page, asked about the same log. */

export interface Saying {
  /** The first fault, as `kind at index`, or null. On it all verifiers have to agree. */
  readonly fault: string | null;
  /** What is said of a good log. */
  readonly good: {
    readonly level: string;
    readonly lines: number;
    readonly commits: number;
    readonly workspaceKey: string | null;
  } | null;
}

export const askBoth = async (
  log: LogToVerify,
): Promise<{ readonly first: Saying; readonly second: Saying }> => {
  const options = {
    log: (log.log ?? null) as LogId | null,
    pinnedKey: log.workspaceKey ?? null,
    anchor: log.anchor ?? null,
    live: log.live ?? false,
  };
  const signal = new AbortController().signal;
  if (log.seen === undefined) {
    const { report } = valueOf(await verifyFirst(sourceOf(log.files), crypto, options, signal));
    return { first: saying(report), second: saying(verifySecond(log)) };
  }
  const source = ledgerSourceOf(
    new Map([
      [LOG, log.files],
      [OTHER_LOG, witnessOf(log.seen)],
    ]),
    new Map(log.anchor === undefined ? [] : [[LOG, log.anchor]]),
  );
  const { logs } = valueOf(await verifyLedger(source, crypto, options.pinnedKey, signal));
  const [report, witness] = [LOG, OTHER_LOG].map((id) => logs.find((one) => one.log === id));
  if (report === undefined || witness?.faultsTotal !== 0) throw new Error("the witness is no good log");
  return { first: saying(report), second: saying(verifySecond(log)) };
};

/** A log of the same workspace whose commit records state what it saw of the one in question. */
const witnessOf = (seen: readonly Statement[]): ReadonlyMap<string, Uint8Array> => {
  const witness = begunLog(OTHER_LOG);
  for (const { size, root } of seen) witness.commit({ seen: [{ log: LOG, size, root }] });
  return witness.files;
};

interface Report {
  readonly level: string | null;
  readonly lines: number;
  readonly commits: number;
  readonly workspaceKey: string | null;
  readonly faults: readonly { readonly kind: string; readonly index: number }[];
}

const saying = ({ level, lines, commits, workspaceKey, faults: [fault] }: Report): Saying => ({
  fault: fault === undefined ? null : `${fault.kind} at ${fault.index}`,
  good: level === null ? null : { level, lines, commits, workspaceKey },
});

/** Many logs share most of their lines, so the product's verifier is not made to check a signature twice. */
const answers = new Map<string, boolean>();
const ANSWERS_MAX = 10_000;
const crypto: VerifierCrypto = {
  sha256: (...parts) => nodeCrypto.sha256(...parts),
  verify(publicKey, message, signature) {
    const parts = [publicKey, signature, nodeCrypto.sha256(message)];
    const question = parts.map((bytes) => Buffer.from(bytes).toString("hex")).join(" ");
    const answer = answers.get(question) ?? nodeCrypto.verify(publicKey, message, signature);
    if (answers.size >= ANSWERS_MAX) answers.clear();
    answers.set(question, answer);
    return answer;
  },
};
