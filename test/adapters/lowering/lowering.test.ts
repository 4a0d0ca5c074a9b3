import { readFileSync } from "node:fs";

import { afterEach, describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import { createLowering, type LoweringOptions } from "#adapters/lowering/create-lowering.ts";
import { startThread } from "#adapters/lowering/start-thread.ts";
import type { Lowering } from "#ports/lowering.ts";
import { lowerBytes } from "#test/language-server/kit.ts";

// A busy machine may take its time; nothing here depends on how much.

const WORKER = new URL("../../../runtime/adapters/lowering/worker.ts", import.meta.url);
const fixture = (name: string): URL => new URL(`../../fixtures/lowering/${name}`, import.meta.url);
const reviewer = readFileSync(new URL("../../fixtures/dialects/d1-reviewer.symbi", import.meta.url));

const opened: Lowering[] = [];
const open = (entry: URL, options: Partial<LoweringOptions> = {}): Lowering => {
  const lowering = createLowering({ entry, timeoutMs: 15_000, heapBytesMax: 128 * 1024 * 1024, ...options });
  opened.push(lowering);
  return lowering;
};
afterEach(async () => {
  for (const lowering of opened.splice(0)) await lowering.close();
});

const never = (): AbortSignal => new AbortController().signal;
/** As many bytes as the places of the specification need that the fixture answers with. */
const MINIMAL = utf8("agent minimal { }\n");
const NOTHING = { ok: true, value: { value: null, problems: [] } };

describe("the thread gives what lowering in place gives", () => {
  test("for a sound file, a broken one, and one that is refused", async () => {
    const lowering = open(WORKER);
    for (const bytes of [reviewer, utf8("policy p { deny: shel }"), utf8("{".repeat(2_000_000))]) {
      const input = { path: "agents/x.symbi", bytes };
      expect(await lowering.lower(input, never())).toEqual({ ok: true, value: lowerBytes(input) });
    }
  });

  test("several at once keep their order", async () => {
    const lowering = open(WORKER);
    const names = ["a", "b", "c", "d"];
    const results = await Promise.all(
      names.map((name) =>
        lowering.lower({ path: `${name}.symbi`, bytes: utf8(`agent ${name} { }`) }, never()),
      ),
    );
    expect(results.map((result) => (result.ok ? result.value.value?.agents[0]?.name : result.fault))).toEqual(
      names,
    );
  });
});

describe("the thread's stack holds whatever the language allows", () => {
  const deep = 250;
  const inBody = (text: string): string => `agent a(n: int) { with sandbox = docker { ${text} } }`;
  test.each([
    ["brackets", `return len(${"(".repeat(deep)}"a"${")".repeat(deep)});`],
    ["calls", `return ${"len(".repeat(deep)}n${")".repeat(deep)};`],
    ["records", `return ${"{a:".repeat(deep)}1${"}".repeat(deep)};`],
    ["values of blocks", `${"let x = if n > 1 { ".repeat(deep)}1${"} else { 0 };".repeat(deep)}`],
    [
      "matches",
      `${"match n { 1 => { ".repeat(deep / 2 - 1)}return 1;${" } _ => { } }".repeat(deep / 2 - 1)}`,
    ],
  ])("%s", async (_, text) => {
    const result = await open(WORKER).lower({ path: "deep.symbi", bytes: utf8(inBody(text)) }, never());
    const codes = result.ok ? result.value.problems.map(({ code }) => code) : [result.fault.code];
    // The spec's own bound may be met first; the stack never is.
    expect(codes.filter((code) => code !== "WRIT065" && code !== "WRIT052")).toEqual([]);
    if (result.ok) expect(result.value.value).not.toBeNull();
  });
});

describe("a thread that misbehaves is gone, and the next text gets another", () => {
  test("one that hangs ends at its deadline", async () => {
    const lowering = open(fixture("hang.ts"), { timeoutMs: 300 });
    const hung = await lowering.lower({ path: "hang", bytes: utf8("") }, never());
    expect(hung).toMatchObject({ ok: false, fault: { code: "LOWERING_TIMEOUT" } });
    // The new thread may need longer than the old one's short deadline to start.
    const patient = open(fixture("hang.ts"));
    expect(await patient.lower({ path: "ok", bytes: utf8("") }, never())).toEqual(NOTHING);
  });

  test.each([
    "throw",
    "exit",
    "memory",
    "forged",
    "whole-or-not",
    "problems",
    "other-bytes",
    "other-size",
    "other-path",
  ])("%s", async (how) => {
    const lowering = open(fixture("misbehave.ts"), { heapBytesMax: 16 * 1024 * 1024 });
    const result = await lowering.lower({ path: how, bytes: MINIMAL }, never());
    expect(result).toMatchObject({ ok: false, fault: { code: "LOWERING_CRASHED" } });
    expect(JSON.stringify(result)).not.toContain("secret text");
    expect(await lowering.lower({ path: "fine", bytes: utf8("") }, never())).toEqual(NOTHING);
  });

  test("one whose file is not there", async () => {
    const lowering = open(fixture("no-such-worker.ts"));
    const result = await lowering.lower({ path: "a", bytes: utf8("") }, never());
    expect(result).toMatchObject({ ok: false, fault: { code: "LOWERING_CRASHED" } });
  });

  test("it has no environment, and what it prints goes nowhere", async () => {
    const lowering = open(fixture("misbehave.ts"));
    expect(await lowering.lower({ path: "environment", bytes: utf8("") }, never())).toEqual(NOTHING);
    expect(await lowering.lower({ path: "print", bytes: utf8("") }, never())).toEqual(NOTHING);
    expect(await lowering.lower({ path: "sound", bytes: MINIMAL }, never())).toMatchObject({ ok: true });
  });
});

describe("a thread that was started before", () => {
  const options = { timeoutMs: 15_000, heapBytesMax: 128 * 1024 * 1024 };
  const started = (name: string) => startThread({ ...options, entry: fixture(name) });

  test("lowers the first text", async () => {
    const lowering = createLowering({ ...options, entry: fixture("no-such-worker.ts") }, started("hang.ts"));
    opened.push(lowering);
    expect(await lowering.lower({ path: "ok", bytes: utf8("") }, never())).toEqual(NOTHING);
  });

  test("is replaced when it died before anybody asked it", async () => {
    const dead = started("no-such-worker.ts");
    await new Promise((resolve) => dead.once("exit", resolve));
    const lowering = createLowering({ ...options, entry: fixture("hang.ts") }, dead);
    opened.push(lowering);
    expect(await lowering.lower({ path: "ok", bytes: utf8("") }, never())).toEqual(NOTHING);
  });
});

describe("cancelling", () => {
  test("before the start nothing is sent", async () => {
    const aborted = new AbortController();
    aborted.abort();
    const lowering = open(fixture("hang.ts"));
    await expect(lowering.lower({ path: "hang", bytes: utf8("") }, aborted.signal)).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(await lowering.lower({ path: "ok", bytes: utf8("") }, never())).toEqual(NOTHING);
  });

  test("meanwhile kills the thread, and the next text gets another", async () => {
    const lowering = open(fixture("hang.ts"));
    expect(await lowering.lower({ path: "ok", bytes: utf8("") }, never())).toEqual(NOTHING);
    const abort = new AbortController();
    const hung = lowering.lower({ path: "hang", bytes: utf8("") }, abort.signal);
    const waiting = lowering.lower({ path: "ok", bytes: utf8("") }, never());
    setTimeout(() => abort.abort(), 50);
    await expect(hung).rejects.toMatchObject({ name: "AbortError" });
    expect(await waiting).toEqual(NOTHING);
  });

  test("closing twice is fine, and afterwards every text is refused", async () => {
    const lowering = open(WORKER);
    await lowering.close();
    await lowering.close();
    expect(await lowering.lower({ path: "a.symbi", bytes: utf8("") }, never())).toMatchObject({
      ok: false,
      fault: { code: "LOWERING_CRASHED" },
    });
  });

  test("closing ends what runs", async () => {
    const lowering = open(fixture("hang.ts"));
    const hung = lowering.lower({ path: "hang", bytes: utf8("") }, never());
    await new Promise((resolve) => setTimeout(resolve, 100));
    await lowering.close();
    expect(await hung).toMatchObject({ ok: false, fault: { code: "LOWERING_CRASHED" } });
  });
});
