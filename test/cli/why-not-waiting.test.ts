import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { whyNotWaiting } from "#cli/why-not-waiting.ts";
import { openRunLedger } from "#host/compose/run.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import { WORKSPACE } from "#test/ledger/world.ts";

/* What somebody is told whose answer comes when the question waits no longer. */

const state = mkdtempSync(join(tmpdir(), "writ-why-not-waiting-"));
const place = { stateDirectory: state, workspace: WORKSPACE, folder: null };
const { signal } = new AbortController();
let ledger: WritableLedger;
beforeAll(async () => {
  const opened = await openRunLedger(place, "writ test");
  if (!opened.ok) throw new Error(opened.fault.message);
  ledger = opened.value.writable;
});
afterAll(() => rmSync(state, { recursive: true, force: true }));

const record = async (type: "approval.asked" | "approval.answered", fields: object): Promise<void> => {
  const recorded = await ledger.append({
    type,
    run: null,
    cause: null,
    principal: 'Agent::"notes"',
    onBehalfOf: null,
    labels: [],
    input: null,
    public: { ...fields },
    content: [],
  });
  if (!recorded.ok) throw new Error(recorded.fault.message);
};

const id = (number: number): string => `018bcfe5-6800-7000-8000-00000000000${number}`;
const refusal = { answer: "refused", by: "ada", surface: "terminal" };
const why = (number: number) => whyNotWaiting(place, id(number).slice(-8), signal);

describe("a question that waits no longer", () => {
  test("and whose answer is on record is over, with who said what", async () => {
    await record("approval.asked", { approval: id(1) });
    await record("approval.answered", { approval: id(1), ...refusal });
    expect(await why(1)).toMatchObject({
      code: "APPROVAL_ANSWERED",
      error: "conflict",
      message: expect.stringMatching(/^the question is over: refused by ada \(terminal\) at \d{4}-/),
    });
  });

  test("and whose answer comes on record in this moment is told the same", async () => {
    await record("approval.asked", { approval: id(2) });
    const told = why(2);
    await record("approval.answered", { approval: id(2), ...refusal });
    expect(await told).toMatchObject({ code: "APPROVAL_ANSWERED", error: "conflict" });
    expect((await told).message).toContain("refused by ada");
  });

  test("and whose answer does not come on record is over all the same", async () => {
    await record("approval.asked", { approval: id(3) });
    expect(await why(3)).toMatchObject({
      code: "APPROVAL_ANSWERED",
      error: "conflict",
      message: expect.stringContaining("not on record yet"),
    });
  });

  test("is unknown where it never was, or where whoever asked it is dead", async () => {
    expect(await why(4)).toMatchObject({ code: "APPROVAL_UNKNOWN", error: "not-found" });
    await ledger.close();
    expect(await why(3)).toMatchObject({ code: "APPROVAL_UNKNOWN", error: "not-found" });
  });
});
