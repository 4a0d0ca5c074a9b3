/*
 * A run is its inputs: what the ledger of a real run holds is read back, opened with this user's
 * keys, and led through the transition again, with no model, tool or clock. Every state that the
 * run put on record must come out again.
 */
import { afterAll, beforeAll, expect, test } from "vitest";

import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { replayRun } from "#agent/index.ts";
import type { JournalEntry } from "#agent/journal.ts";
import { openAuditedLedger } from "#host/compose/audit.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { lowerSource } from "#language/lower/lower.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { verifies } from "#test/kit/verifies.ts";

import { createDesk } from "./desk.ts";
import type { Desk } from "./desk.ts";

const FILE = "agents/release-notes.symbi";
const MODEL = "scripted:model.json";
const crypto = createNodeCrypto();

interface Opened {
  readonly entry: LedgerEntry;
  readonly content: { readonly [name: string]: JsonValue };
}

let desk: Desk;
let opened: readonly Opened[];

beforeAll(async () => {
  desk = createDesk("release-notes");
  const consent = await desk.powers(FILE, MODEL);
  const ran = await desk.writ([
    "run",
    FILE,
    "--input",
    "version=2.4.0",
    "--model",
    MODEL,
    "--consent",
    consent,
  ]);
  if (ran.code !== 0) throw new Error(ran.err.join("\n"));
  opened = await openEntries(desk);
}, 60_000);
afterAll(() => desk.dispose());

const openEntries = async ({ workspace, state }: Desk): Promise<readonly Opened[]> => {
  const ledger = await openAuditedLedger(null, { cwd: workspace, stateDirectory: state, storage: undefined });
  if (!ledger.ok) throw new Error(ledger.fault.message);
  const { reader } = ledger.value;
  const found: Opened[] = [];
  for await (const bunch of reader.entries({}, new AbortController().signal)) {
    if (!bunch.ok) throw new Error(bunch.fault.message);
    for (const shown of bunch.value) {
      if (shown.entry === null) throw new Error(shown.problem ?? "");
      const content: Record<string, JsonValue> = {};
      for (const { name } of shown.entry.content) {
        const part = await reader.content(shown, name);
        if (!part.ok || part.value.state !== "open") throw new Error(`the part ${name} does not open`);
        content[name] = part.value.value;
      }
      found.push({ entry: shown.entry, content });
    }
  }
  return found;
};

const journal = (): readonly JournalEntry[] =>
  opened.flatMap(({ entry, content }) =>
    entry.input === null
      ? []
      : [
          {
            type: entry.type as JournalEntry["type"],
            input: entry.input,
            labels: entry.labels,
            public: entry.public,
            content,
          },
        ],
  );

const replay = (entries: readonly JournalEntry[]) => {
  const started = opened.find(({ entry }) => entry.type === "run.started");
  const source = started?.content["source"];
  if (typeof source !== "string") throw new Error("the start of the run holds no source");
  const lowered = lowerSource(
    { path: FILE, bytes: new TextEncoder().encode(source) },
    { digest: (bytes) => sha256OfBytes(crypto.sha256(bytes)), tools: BUILTIN_TOOLS },
  );
  if (lowered.value === null) throw new Error("the recorded source does not lower");
  const offered = lowered.value.agents[0]?.capabilities.map(({ name }) => name) ?? [];
  return replayRun(
    crypto,
    { spec: lowered.value, agent: "release_notes", registry: BUILTIN_TOOLS, offered },
    entries,
  );
};

const stateOf = (type: string): readonly JsonValue[] =>
  opened
    .filter(({ entry }) => entry.type === type)
    .map(({ entry }) => (entry.public as { state?: JsonValue })["state"] ?? null);

test("the inputs of the run lead through the same states again", () => {
  verifies("agent.journal.durable", "models.beyond.scripted-replay");
  const replayed = replay(journal());
  expect(replayed.ok).toBe(true);
  if (!replayed.ok) return;
  const { digests } = replayed.value;
  expect(digests.at(-1)).toBe(stateOf("run.ended")[0]);
  expect(stateOf("model.requested")).toHaveLength(6);
  for (const state of stateOf("model.requested")) expect(digests).toContain(state);
});

test("another answer of the model leads elsewhere", () => {
  const entries = journal();
  const changed = entries.map((entry): JournalEntry => {
    if (entry.type !== "model.answered" || entry.input !== 1) return entry;
    const answer = entry.content["answer"] as JsonObject;
    return { ...entry, content: { ...entry.content, answer: { ...answer, text: "something else" } } };
  });
  const replayed = replay(changed);
  expect(replayed.ok).toBe(true);
  if (!replayed.ok) return;
  // Until the first answer all is the same; what the model was asked next is not.
  const [before, after] = stateOf("model.requested");
  expect(replayed.value.digests).toContain(before);
  expect(replayed.value.digests).not.toContain(after);
});

test("a missing input is told", () => {
  expect(replay(journal().filter(({ input }) => input !== 3))).toMatchObject({
    ok: false,
    fault: { code: "REPLAY_INCOMPLETE" },
  });
});
