import { describe, expect, test } from "vitest";
import { verifyLog } from "#ledger/verify/verify-log.ts";
import { sourceOf } from "#test/kit/ledger-sources.ts";
import { sampleLogs } from "./sample-logs.ts";
import { nodeCrypto, valueOf } from "./world.ts";

const samples = await sampleLogs();

describe("what the writer writes verifies", () => {
  test.each(samples)("$name: $about", async ({ log, files, anchor, publicKey, live }) => {
    const options = { log, pinnedKey: publicKey, anchor, live };
    const { report } = valueOf(
      await verifyLog(sourceOf(files), nodeCrypto, options, new AbortController().signal),
    );
    expect(report.faults).toEqual([]);
    expect(report).toMatchObject({ log, level: "since-local-anchor", workspaceKey: publicKey, pinned: true });
  });
});
