import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCedarDecider } from "#adapters/cedar/cedar-decider.ts";
import { WorkerLine } from "#adapters/cedar/worker-line.ts";
import type { CedarRequest, Decider } from "#ports/decider.ts";
import { cedarFiles } from "#test/kit/cedar-files.ts";

const { signal } = new AbortController();

/** Texts that end a Cedar module for good, by what they do too much of. */
const poisons = {
  "120 nested records": `${'{"a": '.repeat(120)}1${"}".repeat(120)} == 1`,
  "150 parentheses": `${"(".repeat(150)}true${")".repeat(150)}`,
  "150 nested lists": `${"[".repeat(150)}1${"]".repeat(150)} == 1`,
  "a chain of 400 sums": `${"1 + ".repeat(400)}1 > 0`,
  "a chain of 400 conditions": `${"context has s && ".repeat(400)}true`,
  "a chain of 400 alternatives": `${'context.s == "y" || '.repeat(400)}true`,
  "400 members": `context${".a".repeat(400)} == 1`,
  "400 nested conditionals": `${"if ".repeat(400)}true${" then true else true".repeat(400)}`,
} as const;

const policy = (condition: string): string => `permit (principal, action, resource) when { ${condition} };`;

const raw = async (text: string): Promise<unknown> => {
  const worker = new Worker(new URL("raw-cedar-worker.ts", import.meta.url), {
    workerData: { wasm: cedarFiles.wasm.href, text },
    execArgv: [],
  });
  const [message] = (await once(worker, "message")) as [unknown];
  await worker.terminate();
  return message;
};

const request = (context: CedarRequest["context"] = {}): CedarRequest => ({
  principal: { type: "User", id: "u" },
  action: { type: "Action", id: "a" },
  resource: { type: "File", id: "f" },
  context,
  entities: [],
});

describe.each(Object.entries(poisons))("%s", (_name, condition) => {
  test("ends bare Cedar for good", async () => {
    expect(await raw(policy(condition))).toEqual({ given: "trap", harmless: "trap" });
  });
});

describe("poison that is handed in", () => {
  let decider: Decider;
  beforeAll(async () => {
    decider = await create();
    await decider.load([{ name: "kept", policies: { p: policy("true") } }], signal);
  });
  afterAll(() => decider.close());

  test.each(Object.entries(poisons))(
    "%s: refused before Cedar sees it, and all goes on",
    async (_name, condition) => {
      const refused = { ok: false, fault: { code: "DECIDER_REFUSED" } };
      const text = policy(condition);
      expect(await decider.load([{ name: "s", policies: { p: text } }], signal)).toMatchObject(refused);
      expect(await decider.check({ p: text }, "entity User;", signal)).toMatchObject(refused);
      expect(await decider.decide(request(), ["kept"], signal)).toMatchObject({
        ok: true,
        value: [{ allowed: true }],
      });
    },
  );
});

const create = async (limits: Parameters<typeof createCedarDecider>[0]["limits"] = {}): Promise<Decider> => {
  const created = await createCedarDecider({ ...cedarFiles, limits });
  if (!created.ok) throw new Error(created.fault.message);
  return created.value;
};

describe("a worker that is lost", () => {
  let wasm: WebAssembly.Module;
  beforeAll(() => {
    wasm = new WebAssembly.Module(readFileSync(cedarFiles.wasm));
  });
  const lines: WorkerLine[] = [];
  afterAll(async () => {
    for (const line of lines) await line.close();
  });
  const newLine = (entry = cedarFiles.entry): WorkerLine => {
    const line = new WorkerLine({ entry, wasm, heapMegabytesMax: 128, startTimeoutMs: 20_000 });
    lines.push(line);
    return line;
  };
  const load = (text: string) => ({ k: "load", sets: [{ name: "s", policies: { p: text } }] }) as const;
  const decide = { k: "decide", request: request(), sets: ["s"] } as const;

  test("breaks on poison that reached it, says so, and the next one answers", async () => {
    const line = newLine();
    const poisoned = await line.ask(load(policy(poisons["150 parentheses"])), 10_000, signal);
    expect(poisoned).toMatchObject({ ok: true, value: { k: "lost" } });
    expect(await line.ask(load(policy("true")), 10_000, signal)).toEqual({
      ok: true,
      value: { k: "loaded", problems: [] },
    });
    expect(await line.ask(decide, 10_000, signal)).toMatchObject({ ok: true, value: { k: "decided" } });
  });

  test("loses the poison alone: what came before is answered, what came behind is asked again", async () => {
    const line = newLine();
    const before = line.ask(load(policy("true")), 10_000, signal);
    const poison = line.ask(load(policy(poisons["150 parentheses"])), 10_000, signal);
    const behind = line.ask(load(policy("true")), 10_000, signal);
    expect(await before).toMatchObject({ ok: true, value: { k: "loaded" } });
    expect(await poison).toMatchObject({ ok: true, value: { k: "lost" } });
    expect(await behind).toMatchObject({ ok: true, value: { k: "loaded" } });
  });

  test("is told again what the lost one knew, before anything else", async () => {
    const line = newLine();
    line.onStart = () => [{ question: load(policy("true")), timeoutMs: 10_000 }];
    expect(await line.ask(decide, 10_000, signal)).toMatchObject({ ok: true, value: { k: "decided" } });
    line.replace();
    expect(await line.ask(decide, 10_000, signal)).toMatchObject({ ok: true, value: { k: "decided" } });
  });

  test("that cannot start is a fault of everything asked, and no endless loop", async () => {
    const line = newLine(new URL("no-such-worker.ts", import.meta.url));
    const asked = Array.from({ length: 100 }, () => line.ask(decide, 10_000, signal));
    for (const answer of await Promise.all(asked)) {
      expect(answer).toMatchObject({ ok: false, fault: { code: "DECIDER_LOST" } });
    }
  });

  test("that no thread can be started for is a fault, not a throw", async () => {
    const line = newLine(new URL("https://example.org/worker.js"));
    expect(await line.ask(decide, 10_000, signal)).toMatchObject({
      ok: false,
      fault: { code: "DECIDER_LOST" },
    });
  });

  test("that runs out of memory is a fault, and the next one answers", async () => {
    const line = new WorkerLine({
      entry: cedarFiles.entry,
      wasm,
      heapMegabytesMax: 24,
      startTimeoutMs: 20_000,
    });
    lines.push(line);
    const huge = request({ s: Array.from({ length: 3_000_000 }, (_, index) => index) });
    expect(await line.ask({ ...decide, request: huge }, 60_000, signal)).toMatchObject({
      ok: false,
      fault: { code: "DECIDER_LOST" },
    });
    expect(await line.ask(load(policy("true")), 10_000, signal)).toMatchObject({ ok: true });
  });
});

describe("a decision that takes too long", () => {
  test("is ended and denied, and what was loaded is there again", async () => {
    const decider = await create({ decideTimeoutMs: 400 });
    await decider.load([{ name: "kept", policies: { p: policy("true") } }], signal);
    const large = request({ s: Array.from({ length: 20_000 }, (_, index) => `text number ${index}`) });
    const slow = await decider.decide(
      large,
      Array.from({ length: 500 }, () => "kept"),
      signal,
    );
    expect(slow).toMatchObject({ ok: false, fault: { code: "DECIDER_TIMEOUT", retryable: true } });
    // A first decision after a start may be late on a busy machine; it is never wrong.
    let again = await decider.decide(request(), ["kept"], signal);
    while (!again.ok && again.fault.code === "DECIDER_TIMEOUT")
      again = await decider.decide(request(), ["kept"], signal);
    expect(again).toMatchObject({ ok: true, value: [{ allowed: true }] });
    await decider.close();
  });

  test("is not one whose answer came while this thread stood still", async () => {
    const decider = await create({ decideTimeoutMs: 200 });
    await decider.load([{ name: "kept", policies: { p: policy("true") } }], signal);
    // Slow enough that this thread does not wait for it, quick enough to be there in time.
    const large = request({ s: Array.from({ length: 3_000 }, (_, index) => `text number ${index}`) });
    // From there the event loop comes to its timers before it comes to messages.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    const answer = decider.decide(large, ["kept"], signal);
    await Promise.resolve();
    // Many times what the answer takes, so that it is there on a busy machine too.
    const until = performance.now() + 3_000;
    while (performance.now() < until);
    expect(await answer).toMatchObject({ ok: true, value: [{ allowed: true }] });
    await decider.close();
  });

  test("leaves at once when its asker goes", async () => {
    const decider = await create();
    await decider.load([{ name: "kept", policies: { p: policy("true") } }], signal);
    const controller = new AbortController();
    const large = request({ s: Array.from({ length: 20_000 }, (_, index) => `text number ${index}`) });
    const slow = decider.decide(
      large,
      Array.from({ length: 10 }, () => "kept"),
      controller.signal,
    );
    setTimeout(() => controller.abort(), 5);
    await expect(slow).rejects.toMatchObject({ name: "AbortError" });
    expect(await decider.decide(request(), ["kept"], signal)).toMatchObject({ ok: true });
    await decider.close();
  });
});

describe("what is too large for Cedar", () => {
  let decider: Decider;
  beforeAll(async () => {
    decider = await create();
    await decider.load([{ name: "kept", policies: { p: policy("true") } }], signal);
  });
  afterAll(() => decider.close());

  test.each([
    ["nests too deep", { s: JSON.parse(`${"[".repeat(80)}${"]".repeat(80)}`) as [] }],
    ["has too many values", { s: Array.from({ length: 120_000 }, () => 1) }],
    ["has too much text", { s: "x".repeat(5 * 1024 * 1024) }],
  ])("a request that %s is refused", async (_what, context) => {
    expect(await decider.decide(request(context), ["kept"], signal)).toMatchObject({
      ok: false,
      fault: { code: "DECIDER_REFUSED" },
    });
  });

  test("a worker that has parsed a lot is replaced and knows what is still loaded", async () => {
    const worn = await create({ policiesParsedMax: 3 });
    for (let round = 0; round < 8; round += 1) {
      const policies = { p: policy(`context has s && ${round} == ${round}`), q: policy("true") };
      await worn.load([{ name: `set ${round}`, policies }], signal);
      if (round > 0) worn.unload([`set ${round - 1}`]);
    }
    expect(await worn.decide(request(), ["set 7"], signal)).toMatchObject({
      ok: true,
      value: [{ allowed: true }],
    });
    await worn.close();
  });

  test("a file that is not Cedar's module is a fault, not a throw", async () => {
    expect(
      await createCedarDecider({ ...cedarFiles, wasm: new URL("poison.test.ts", import.meta.url) }),
    ).toMatchObject({
      ok: false,
      fault: { code: "DECIDER_LOST" },
    });
  });
});
