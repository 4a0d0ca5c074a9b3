import { expect, test } from "vitest";

import { verifyLedger } from "#ledger/verify/verify-ledger.ts";
import { ledgerSourceOf } from "#test/kit/ledger-sources.ts";

import { createWorld, newEntry, nodeCrypto, openIn, publicKeyOf, valueOf } from "./world.ts";

const copyOf = (files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> =>
  new Map([...files].map(([name, bytes]) => [name, bytes.slice()]));

/*
 * Two writers at work while somebody verifies: the first log is read, grows, and the second, read
 * afterwards, has recorded the grown size. Growth must not look like a log that was cut.
 */
test("a log that grows while it is verified is not accused of having been cut", async () => {
  const world = createWorld();
  const first = valueOf(await openIn(world.start().deps));
  valueOf(await first.ledger.append(newEntry()));
  const before = new Map([...world.disk.image].map(([log, files]) => [log, copyOf(files)] as const));
  // An anchor, which is what another log records when it is opened, follows its commit.
  for (let more = 0; more < 3; more += 1) valueOf(await first.ledger.append(newEntry()));
  const second = valueOf(await openIn(world.start().deps));

  const held = [first.ledger.log, second.ledger.log];
  const early = ledgerSourceOf(before, world.disk.anchors, held);
  const late = ledgerSourceOf(world.disk.image, world.disk.anchors, held);
  let looks = 0;
  const growing = {
    ...late,
    anchor: async () => ({ ok: true, value: null }) as const,
    log: (log: typeof first.ledger.log) => {
      if (log !== first.ledger.log) return late.log(log);
      looks += 1;
      return looks === 1 ? early.log(log) : late.log(log);
    },
  };
  const key = await publicKeyOf(world);
  const report = valueOf(await verifyLedger(growing, nodeCrypto, key, new AbortController().signal));
  expect(report.logs.flatMap(({ faults }) => faults)).toEqual([]);
  expect(looks).toBe(2);

  // The same claim against a log that really is shorter is a fault.
  const cut = {
    ...growing,
    log: (log: typeof first.ledger.log) => (log === first.ledger.log ? early : late).log(log),
  };
  const accused = valueOf(await verifyLedger(cut, nodeCrypto, key, new AbortController().signal));
  expect(accused.logs.flatMap(({ faults }) => faults.map(({ kind }) => kind))).toEqual(["truncated"]);
  await first.ledger.close();
  await second.ledger.close();
});
