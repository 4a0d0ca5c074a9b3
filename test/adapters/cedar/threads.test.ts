import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { CedarDeciderLimits } from "#adapters/cedar/cedar-decider.ts";
import { createCedarDecider } from "#adapters/cedar/cedar-decider.ts";
import type { CedarRequest, Decider } from "#ports/decider.ts";
import { cedarFiles } from "#test/kit/cedar-files.ts";

const { signal } = new AbortController();
const scratch = mkdtempSync(join(tmpdir(), "writ-cedar-threads-"));
const opened: Decider[] = [];
afterAll(async () => {
  await Promise.all(opened.map((decider) => decider.close()));
  rmSync(scratch, { recursive: true });
});

/** A decider, and how many workers it has started so far. */
const createCounted = async (
  limits: Partial<CedarDeciderLimits>,
): Promise<{ readonly decider: Decider; readonly started: () => number }> => {
  const notes = join(scratch, `notes-${opened.length}`);
  writeFileSync(notes, "");
  // The real worker, which first notes that it was started.
  const entry = join(scratch, `worker-${opened.length}.mjs`);
  writeFileSync(
    entry,
    `import { appendFileSync } from "node:fs";
appendFileSync(${JSON.stringify(notes)}, "+");
await import(${JSON.stringify(cedarFiles.entry.href)});
`,
  );
  const created = await createCedarDecider({ ...cedarFiles, entry: pathToFileURL(entry), limits });
  if (!created.ok) throw new Error(created.fault.message);
  opened.push(created.value);
  return { decider: created.value, started: () => readFileSync(notes, "utf8").length };
};

const request = (context: CedarRequest["context"]): CedarRequest => ({
  principal: { type: "User", id: "u" },
  action: { type: "Action", id: "a" },
  resource: { type: "File", id: "f" },
  context,
  entities: [],
});

/** Holds for requests whose `n` is this number. */
const holdsFor = (n: number): { readonly p: string } => ({
  p: `permit (principal, action, resource) when { context.n == ${n} };`,
});

const isAllowed = async (decider: Decider, set: string, n: number): Promise<boolean> => {
  const answer = await decider.decide(request({ n }), [set], signal);
  if (!answer.ok) throw new Error(`${answer.fault.code}: ${answer.fault.message}`);
  return answer.value[0]?.allowed === true;
};

const burst = async (decider: Decider, n = 1): Promise<readonly boolean[]> =>
  Promise.all(Array.from({ length: 60 }, (_, index) => isAllowed(decider, "s", index % 2 === 0 ? n : -1)));

const ALTERNATING = Array.from({ length: 60 }, (_, index) => index % 2 === 0);

/** Bursts until so many workers have been started; the count tells, no clock does. */
const burstUntil = async (
  { decider, started }: Awaited<ReturnType<typeof createCounted>>,
  workers: number,
) => {
  while (started() < workers) expect(await burst(decider)).toEqual(ALTERNATING);
};

describe("threads that decide", () => {
  test("one is enough for questions that come one after the other", async () => {
    const counted = await createCounted({ threadsMax: 4 });
    await counted.decider.load([{ name: "s", policies: holdsFor(1) }], signal);
    for (let n = 0; n < 100; n += 1) expect(await isAllowed(counted.decider, "s", n)).toBe(n === 1);
    expect(counted.started()).toBe(1);
  });

  test("more are started while many questions are open, up to the limit, and answer alike", async () => {
    const counted = await createCounted({ threadsMax: 3, openPerThread: 4 });
    await counted.decider.load([{ name: "s", policies: holdsFor(1) }], signal);
    await burstUntil(counted, 3);
    for (let round = 0; round < 20; round += 1) expect(await burst(counted.decider)).toEqual(ALTERNATING);
    expect(counted.started()).toBe(3);
  });

  test("none decides by a set that was replaced or was never told to it", async () => {
    const counted = await createCounted({ threadsMax: 3, openPerThread: 1 });
    await counted.decider.load([{ name: "s", policies: holdsFor(1) }], signal);
    await burstUntil(counted, 3);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom("s", "t", "u"), fc.integer({ min: 1, max: 9 })), {
          minLength: 1,
          maxLength: 6,
        }),
        async (loads) => {
          for (const [name, n] of loads) {
            expect(await counted.decider.load([{ name, policies: holdsFor(n) }], signal)).toMatchObject({
              ok: true,
              value: [],
            });
            const asked = Array.from({ length: 24 }, (_, index) => index % 12);
            expect(await Promise.all(asked.map((m) => isAllowed(counted.decider, name, m)))).toEqual(
              asked.map((m) => m === n),
            );
          }
        },
      ),
    );
  });

  test("no thread answers for a set that was unloaded", async () => {
    const counted = await createCounted({ threadsMax: 2, openPerThread: 1 });
    await counted.decider.load([{ name: "s", policies: holdsFor(1) }], signal);
    await burstUntil(counted, 2);
    counted.decider.unload(["s"]);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => counted.decider.decide(request({ n: 1 }), ["s"], signal)),
    );
    expect(answers.map((answer) => (answer.ok ? "ok" : answer.fault.code))).toEqual(
      Array.from({ length: 20 }, () => "DECIDER_REFUSED"),
    );
  });

  test("one that is late is replaced, and nothing is answered wrong meanwhile", async () => {
    const counted = await createCounted({ threadsMax: 2, openPerThread: 1, decideTimeoutMs: 1_500 });
    await counted.decider.load([{ name: "s", policies: holdsFor(1) }], signal);
    await burstUntil(counted, 2);
    const large = request({ n: 1, s: Array.from({ length: 20_000 }, (_, index) => `text number ${index}`) });
    const often = Array.from({ length: 1_000 }, () => "s");
    const slow = Array.from({ length: 2 }, () => counted.decider.decide(large, often, signal));
    const quick = Array.from({ length: 40 }, () => counted.decider.decide(request({ n: 1 }), ["s"], signal));
    for (const answer of await Promise.all(slow)) {
      expect(answer).toMatchObject({ ok: false, fault: { code: "DECIDER_TIMEOUT" } });
    }
    const right = { ok: true, value: [{ allowed: true }] };
    for (const answer of await Promise.all(quick)) {
      expect(answer).toMatchObject(answer.ok ? right : { fault: { code: "DECIDER_TIMEOUT" } });
    }
    await burstUntil(counted, 3);
    expect(await burst(counted.decider)).toEqual(ALTERNATING);
  });

  test("a question that is none harms no other, whichever thread it came to", async () => {
    const counted = await createCounted({ threadsMax: 2, openPerThread: 1 });
    await counted.decider.load([{ name: "s", policies: holdsFor(1) }], signal);
    await burstUntil(counted, 2);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        counted.decider.decide(request({ n: index % 4 === 0 ? 1.5 : 1 }), ["s"], signal),
      ),
    );
    expect(answers.map(({ ok }) => ok)).toEqual(Array.from({ length: 40 }, (_, index) => index % 4 !== 0));
  });

  test("all end with the decider", async () => {
    const counted = await createCounted({ threadsMax: 3, openPerThread: 1 });
    await counted.decider.load([{ name: "s", policies: holdsFor(1) }], signal);
    await burstUntil(counted, 3);
    const open = Array.from({ length: 50 }, () => counted.decider.decide(request({ n: 1 }), ["s"], signal));
    await counted.decider.close();
    const codes = (await Promise.all(open)).map((answer) => (answer.ok ? "ok" : answer.fault.code));
    expect(codes.filter((code) => code !== "ok" && code !== "DECIDER_LOST")).toEqual([]);
    expect(await counted.decider.decide(request({ n: 1 }), ["s"], signal)).toMatchObject({
      ok: false,
      fault: { code: "DECIDER_LOST" },
    });
    expect(counted.started()).toBe(3);
  });
});
