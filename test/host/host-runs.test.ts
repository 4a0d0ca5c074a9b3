import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createRunStarter } from "#host/compose/host-runs.ts";
import { openRunLedger } from "#host/compose/run.ts";
import type { RunStarter, StartOrder } from "#host/server/run-starter.ts";
import type { RunId } from "#kernel/ids.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import { WORKSPACE } from "#test/ledger/world.ts";

/* What keeps a host from starting a run, before anything of it is on record. */

const FILE = "agents/a.symbi";
const BROKEN = "agent a() { policy p { allwo: read_file } }\n";
const KEY = "018bcfe5-6800-7000-8000-000000000001";

let root: string;
let ledger: WritableLedger;
let start: RunStarter;

beforeAll(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "writ-host-runs-")));
  const folder = join(root, "workspace");
  mkdirSync(join(folder, "agents"), { recursive: true });
  writeFileSync(join(folder, FILE), BROKEN);
  writeFileSync(join(folder, "model.json"), '{"turns":[]}');
  writeFileSync(join(root, "outside.symbi"), BROKEN);
  symlinkSync(join(root, "outside.symbi"), join(folder, "agents/link.symbi"));
  const place = { stateDirectory: join(root, "state"), workspace: WORKSPACE, folder: null };
  const opened = await openRunLedger(place, "writ test");
  if (!opened.ok) throw new Error(opened.fault.message);
  ledger = opened.value.writable;
  const workspace = { id: WORKSPACE, folder };
  start = createRunStarter({ workspace, place, ledger, variables: {}, home: root, user: "tester" });
});
afterAll(async () => {
  await ledger.close();
  rmSync(root, { recursive: true, force: true });
});

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const outcome = async (change: Partial<StartOrder>): Promise<string> => {
  const order: StartOrder = {
    path: FILE,
    digest: sha256(BROKEN),
    agent: null,
    inputs: {},
    model: "scripted:model.json",
    sandbox: "auto",
    isConsentNamed: true,
    startKey: KEY,
    ...change,
  };
  const ran = await start(
    order,
    {
      run: KEY as RunId,
      observer: { entry: () => undefined, live: () => undefined },
      planned: () => expect.unreachable("nothing was planned"),
      publish: () => undefined,
      howCancelled: () => null,
      clientModel: () => undefined,
      keys: { has: () => false, read: () => expect.unreachable("nobody offers a key") },
    },
    new AbortController().signal,
  );
  if (ran.ok) return "ran";
  const { fault, isOnRecord } = ran.fault;
  return `${fault.error} ${fault.code}${isOnRecord ? " on record" : ""}`;
};

test.each([
  [
    "a file that changed since the client read it",
    { digest: sha256("other") },
    "conflict RUN_SOURCE_CHANGED",
  ],
  ["no such file", { path: "agents/none.symbi" }, "not-found HOST_NO_SUCH_FILE"],
  ["a folder", { path: "agents" }, "unavailable HOST_NOT_A_FILE"],
  ["a link out of the workspace", { path: "agents/link.symbi" }, "refused RUN_OUTSIDE_WORKSPACE"],
  ["a model that no client offers", { model: "client:lm" }, "unavailable HOST_MODEL_NOT_OFFERED"],
  ["a model of a client without a name", { model: "client:" }, "unavailable HOST_UNKNOWN_MODEL"],
  ["a file with problems", {}, "refused RUN_HAS_PROBLEMS"],
])("%s", async (_what, change, expected) => {
  expect(await outcome(change)).toBe(expected);
});
