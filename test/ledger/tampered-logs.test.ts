import { describe, expect, test } from "vitest";
import { verifyLog } from "#ledger/verify/verify-log.ts";
import { VERIFICATION_FAULTS } from "#protocol/ledger-entry.ts";
import { sourceOf } from "#test/kit/ledger-sources.ts";
import { sampleLogs } from "./sample-logs.ts";
import { tamperedLogs } from "./tampered-logs.ts";
import { nodeCrypto, valueOf } from "./world.ts";

const tampered = await tamperedLogs(await sampleLogs());

describe("what was changed is found, named and told apart", () => {
  test.each(tampered)("$name: $about ($fault.kind at $fault.index)", async (one) => {
    const options = { log: one.log, pinnedKey: one.publicKey, anchor: one.anchor, live: false };
    const { report } = valueOf(
      await verifyLog(sourceOf(one.files), nodeCrypto, options, new AbortController().signal),
    );
    expect(report.level).toBeNull();
    const [first] = report.faults;
    expect({ kind: first?.kind, index: first?.index }).toEqual(one.fault);
  });

  test("every kind of fault is among them", () => {
    expect(new Set(tampered.map(({ fault }) => fault.kind))).toEqual(new Set(VERIFICATION_FAULTS));
  });

  test("every name is used once", () => {
    expect(new Set(tampered.map(({ name }) => name)).size).toBe(tampered.length);
  });
});
