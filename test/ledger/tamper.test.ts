import { describe, expect, test } from "vitest";
import type { VerifierCrypto } from "#ledger/verify/source.ts";
import { verifyLog } from "#ledger/verify/verify-log.ts";
import { SOAK } from "#test/kit/cases.ts";
import { sourceOf } from "#test/kit/ledger-sources.ts";
import { verifies } from "#test/kit/verifies.ts";
import { sampleLogs } from "./sample-logs.ts";
import { tamperings } from "./tamper.ts";
import { nodeCrypto, valueOf } from "./world.ts";

/** Nearly all lines of a tampered log are those of its original; their signatures are checked once. */
const rememberingCrypto = (): VerifierCrypto => {
  const known = new Map<string, boolean>();
  return {
    sha256: (...parts) => nodeCrypto.sha256(...parts),
    verify(publicKey, message, signature) {
      const name = [publicKey, nodeCrypto.sha256(message), signature]
        .map((bytes) => Buffer.from(bytes).toString("latin1"))
        .join();
      const found = known.get(name) ?? nodeCrypto.verify(publicKey, message, signature);
      known.set(name, found);
      return found;
    },
  };
};

/**
 * WRIT_SOAK=1 takes the full size; WRIT_SEED another beginning. The ten thousand of an ordinary run
 * are those on which both verifiers have to agree; these are from another seed.
 */
const count = SOAK ? 100_000 : 2_500;
const seed = Number(process.env["WRIT_SEED"] ?? 1);

describe(`random tampering, ${count} times from seed ${seed}`, () => {
  test("is always found, and an uncut log never accused", { timeout: count * 10 }, async () => {
    verifies("ledger.hash-chain", "ledger.verify");
    const samples = await sampleLogs();
    const crypto = rememberingCrypto();
    const kinds = new Map<string, number>();
    for (const one of tamperings(samples, { seed, count })) {
      const options = { log: one.log, pinnedKey: one.publicKey, anchor: one.anchor, live: false };
      const { report } = valueOf(
        await verifyLog(sourceOf(one.files), crypto, options, new AbortController().signal),
      );
      const kind = report.faults[0]?.kind ?? "none";
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (report.faultsTotal > 0 !== one.found) {
        expect.fail(`${one.what}: ${one.found ? "not found" : JSON.stringify(report.faults[0])}`);
      }
    }
    // The engine reaches every kind of fault by chance alone; most of what it makes has to be found.
    expect([...kinds.values()].reduce((sum, found) => sum + found, 0)).toBe(count);
    expect(kinds.get("none") ?? 0).toBeLessThan(count / 20);
    expect(kinds.size).toBeGreaterThan(13);
  });
});
