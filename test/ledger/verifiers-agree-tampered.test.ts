import { describe, expect, test } from "vitest";
import { SOAK } from "#test/kit/cases.ts";
import { verifies } from "#test/kit/verifies.ts";
import type { Saying } from "./both-verifiers.ts";
import { askBoth } from "./both-verifiers.ts";
import { sampleLogs } from "./sample-logs.ts";
import { tamperings } from "./tamper.ts";

/**
 * Two verifiers, one specification: they say the same of logs that were tampered with at random, seen by their
 * owner, and by a stranger who has only the files and thinks that somebody is writing to them.
 */

/** WRIT_SOAK=1 takes the full size; WRIT_SEED another beginning. */
const count = SOAK ? 100_000 : 10_000;
const seed = Number(process.env["WRIT_SEED"] ?? 1_000_001);

/** Every so many logs are shown to the stranger too. */
const STRANGER_EVERY = 10;

describe(`random tampering, ${count} times from seed ${seed}`, () => {
  test("is judged alike by both verifiers, and always found", { timeout: count * 15 }, async () => {
    verifies("ledger.hash-chain");
    const samples = await sampleLogs();
    const kinds = new Set<string>();
    let asked = 0;
    for (const { what, log, files, anchor, publicKey, found } of tamperings(samples, { seed, count })) {
      const owner = { log, workspaceKey: publicKey, ...(anchor === null ? {} : { anchor }) };
      const { first, second } = await askBoth({ files, ...owner });
      if (show(first) !== show(second)) expect.fail(`${what}: ${show(first)}, ${show(second)}`);
      if ((first.fault !== null) !== found) expect.fail(`${what}: ${show(first)}`);
      kinds.add(first.fault?.split(" ")[0] ?? "none");
      asked += 1;
      if (asked % STRANGER_EVERY !== 0) continue;
      const shown = await askBoth({ files, live: true });
      if (show(shown.first) !== show(shown.second)) {
        expect.fail(`${what}, by a stranger: ${show(shown.first)}, ${show(shown.second)}`);
      }
    }
    expect(asked).toBe(count);
    expect(kinds.size).toBeGreaterThan(14);
  });
});

const show = (saying: Saying): string => saying.fault ?? JSON.stringify(saying.good);
