/*
 * The main job on real adapters: an agent file is checked, consented to, run in the embedded
 * sandbox with its rules enforced, its file published, and the evidence read back. What the model
 * says is scripted; nothing else is.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { expectGolden } from "#test/kit/golden.ts";
import { verifies } from "#test/kit/verifies.ts";
import { ENTRY_SCHEMAS } from "#protocol/run-event-schema.ts";
import * as z from "zod/mini";

import { createDesk } from "./desk.ts";
import type { Desk, Said } from "./desk.ts";

const FILE = "agents/release-notes.symbi";
const MODEL = "scripted:model.json";
const runLine = ["run", FILE, "--input", "version=2.4.0", "--model", MODEL];

let desk: Desk;
let first: Said;

beforeAll(async () => {
  desk = createDesk("release-notes");
  const digest = await desk.powers(FILE, MODEL);
  first = await desk.writ([...runLine, "--consent", digest]);
}, 60_000);
afterAll(() => desk.dispose());

const ofType = (type: string): readonly LedgerEntry[] =>
  desk.entries().filter((entry) => entry.type === type);

describe("a run of the example", () => {
  test("completes", () => {
    expect(first.err).toEqual([]);
    expect(first.code).toBe(0);
  });

  test("looks like this in a terminal", () => {
    expectGolden(new URL("goldens/release-notes.txt", import.meta.url), stable(first.out).join("\n"));
  });

  test("publishes the one file that its rules permit", () => {
    verifies("sandbox.beyond.reviewed-publish");
    expect(desk.read("RELEASE-NOTES.md")).toContain("## 2.4.0");
  });

  test("denies the read that a rule forbids, and the evidence names the rule", () => {
    verifies("gate.secure-by-default");
    const denied = ofType("action.decided").filter((entry) => entry.public["outcome"] === "deny");
    expect(
      denied.map((entry) => [entry.public["tool"], entry.public["denyReason"], entry.public["rules"]]),
    ).toEqual([["read_file", "forbidden", ["release_notes/desk/3"]]]);
  });

  test("leaves no argument, result, message or file name in public fields", () => {
    const log = JSON.stringify(desk.entries());
    for (const word of [
      "reporters.csv",
      "RELEASE-NOTES.md",
      "lookups",
      "time-zones",
      "summer time",
      "2.4.0",
    ]) {
      expect(log).not.toContain(word);
    }
  });

  test("every entry has the fields that the page gives its type", () => {
    verifies("ledger.event.fields");
    const own = desk.entries().filter(({ type }) => Object.hasOwn(ENTRY_SCHEMAS, type));
    expect(own.length).toBeGreaterThan(20);
    for (const entry of own) {
      const schema = ENTRY_SCHEMAS[entry.type as keyof typeof ENTRY_SCHEMAS];
      expect(z.safeParse(schema.public, entry.public).error?.issues, entry.type).toBeUndefined();
      const parts = entry.content.map((part) => part.name);
      expect(parts.filter((name) => !schema.content.includes(name))).toEqual([]);
      expect(entry.input !== null).toBe(schema.feeds);
    }
  });

  test("every effect has its intent before it, and exactly one outcome", () => {
    verifies("ledger.complete");
    const place = new Map<unknown, string[]>();
    for (const entry of desk.entries()) {
      const call = entry.public["callId"];
      if (call === undefined) continue;
      place.set(call, [...(place.get(call) ?? []), entry.type]);
    }
    const done = [...place.values()].filter((types) => types.includes("action.intended"));
    // list, three reads, a program, a write and a publish
    expect(done).toHaveLength(7 + 1);
    for (const types of done)
      expect(types).toEqual(["action.decided", "action.intended", "action.completed"]);
  });

  test("ends exactly once, as its last entry", () => {
    const run = ofType("run.started")[0]?.run?.id;
    const own = desk.entries().filter((entry) => entry.run?.id === run);
    expect(own.map((entry) => entry.run?.seq)).toEqual(own.map((_, index) => index));
    expect(own.filter(({ type }) => type === "run.ended")).toHaveLength(1);
    expect(own.at(-1)?.type).toBe("run.ended");
  });
});

describe("a second run", () => {
  test("is not asked about powers that were agreed to", async () => {
    const again = await desk.writ([...runLine, "--json"]);
    expect(again.code).toBe(0);
    const consent = again.events().find(({ type }) => type === "consent.given");
    expect(consent?.["public"]).toMatchObject({ remembered: true, by: "tester", surface: "flag" });
  });

  test("with other powers is refused where nobody can be asked", async () => {
    desk.write("agents/wider.symbi", desk.read(FILE).replaceAll("release_notes", "wider"));
    const refused = await desk.writ(["run", "agents/wider.symbi", "--input", "version=1", "--model", MODEL]);
    expect(refused.code).toBe(2);
    expect(refused.err.join("\n")).toMatch(/--consent [0-9a-f]{64}/);
    expect(ofType("consent.refused")).toHaveLength(1);
  });

  test("with a consent that names other powers is refused", async () => {
    const refused = await desk.writ([...runLine, "--consent", "0".repeat(64)]);
    expect(refused.code).toBe(1);
  });

  test("is agreed to by a person at the terminal who types yes", async () => {
    const said = await desk.writ(["run", "agents/wider.symbi", "--input", "version=1", "--model", MODEL], {
      answers: ["yes"],
    });
    expect(said.code).toBe(0);
  });
});

/** What differs from run to run, made the same. */
const stable = (lines: readonly string[]): readonly string[] =>
  lines.map((line) =>
    line
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}/g, "<id>")
      .replaceAll(/\d+ (bytes|characters)/g, "<n> $1")
      .replaceAll(/powers [0-9a-f]{12}/g, "powers <digest>")
      .replaceAll(/in \d+(?:ms|s|m)(?: \d+s)?,/g, "in <time>,"),
  );
