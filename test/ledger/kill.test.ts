import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { createLedgerReader } from "#ledger/ledger-reader.ts";
import { createVerificationSource } from "#ledger/verification-source.ts";
import { verifyLedger } from "#ledger/verify/verify-ledger.ts";
import { SOAK } from "#test/kit/cases.ts";
import { verifies } from "#test/kit/verifies.ts";
import { diskDeps, openDiskLedger } from "./disk-ledger.ts";
import { createDice } from "./dice.ts";
import { newEntry, nodeCrypto, valueOf } from "./world.ts";

const top = mkdtempSync(join(tmpdir(), "writ-kill-"));
afterAll(() => {
  rmSync(top, { recursive: true, force: true });
});

const rounds = SOAK ? 200 : 5;
const seed = Number(process.env["WRIT_SEED"] ?? 1);

/** Lets a process append for a while, kills it, and gives the ids that it was told are durable. */
const appendAndKill = async (folder: string, forMs: number): Promise<readonly string[]> => {
  const script = new URL("append-forever.ts", import.meta.url);
  const child = spawn(process.execPath, [script.pathname, folder], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await once(child.stdout, "data");
  await delay(forMs);
  child.kill("SIGKILL");
  await once(child, "close");
  return said.split("\n").slice(1, -1);
};

describe("a process that is killed while it appends", () => {
  test(
    `loses nothing that was acknowledged, ${rounds} times over in one ledger`,
    { timeout: rounds * 20_000 },
    async () => {
      verifies("agent.journal.durable");
      const folder = join(top, "ledger");
      const dice = createDice(seed);
      const acknowledged: string[] = [];
      for (let round = 0; round < rounds; round += 1) {
        acknowledged.push(...(await appendAndKill(folder, dice.roll(120))));
        const { ledger } = await openDiskLedger(folder);
        valueOf(await ledger.append(newEntry({ input: round })));
        valueOf(await ledger.close());
      }

      const deps = diskDeps(folder);
      const source = createVerificationSource(deps.store, deps.anchors, true);
      const report = valueOf(await verifyLedger(source, nodeCrypto, null, new AbortController().signal));
      expect(report.logs.flatMap(({ faults }) => faults)).toEqual([]);
      expect(report).toMatchObject({ level: "since-local-anchor" });
      // The killed one's log is free again at once, so all went into one.
      expect(report.logs).toHaveLength(1);

      const recorded = new Set<string>();
      for await (const bunch of createLedgerReader(deps, []).entries({}, new AbortController().signal)) {
        for (const { entry } of valueOf(bunch)) if (entry !== null) recorded.add(entry.id);
      }
      expect(acknowledged.length).toBeGreaterThan(rounds);
      expect(acknowledged.filter((id) => !recorded.has(id))).toEqual([]);
    },
  );
});
