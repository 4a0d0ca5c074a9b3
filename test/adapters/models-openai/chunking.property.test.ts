import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Exchange } from "#adapters/models-openai/http-exchange.ts";
import { EventSplitter } from "#adapters/models-openai/event-splitter.ts";
import { retryAfterMs } from "#adapters/models-openai/retry-after.ts";
import { secretRemover } from "#kernel/without-secret.ts";
import { DURATION_MS_MAX } from "#kernel/duration.ts";
import { concatBytes, utf8, utf8Text } from "#kernel/bytes.ts";
import { caseCount } from "#test/kit/cases.ts";
import { chunksOf, sse } from "#test/kit/openai-wire-server.ts";
import { ask, modelAt } from "./kit.ts";

/** Where the bytes are cut: a list of places from 0 to 1. */
const cutsAt = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 });

const cut = (bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] => {
  const ends = [...new Set(places.map((place) => Math.floor(place * bytes.length)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
};

const exchangeOf =
  (pieces: readonly Uint8Array[], brokenBy: string | null = null): Exchange =>
  async () => ({
    status: 200,
    header: (name) => (name === "content-type" ? "text/event-stream" : null),
    body: (async function* () {
      yield* pieces;
      if (brokenBy !== null) throw Object.assign(new Error("broken"), { code: brokenBy });
    })(),
  });

const whole = sse([
  ...chunksOf({
    text: "ein Gruß an alle 👋 und fort",
    toolCalls: [
      { tool: "read_file", argumentsText: '{"path":"ä.md"}', callId: "a" },
      { tool: "list_files", argumentsText: "{}", callId: "b" },
    ],
  }),
  "[DONE]",
]);

describe("however the network cuts the bytes", () => {
  test.each([
    ["line feeds", whole],
    ["carriage returns and line feeds", whole.replaceAll("\n", "\r\n")],
    ["carriage returns", whole.replaceAll("\n", "\r")],
    ["comments between", whole.replaceAll("data: ", ": ping\n\ndata:")],
    [
      "comments and fields that nobody uses within",
      whole.replaceAll("data: ", "id: 1\n: ping\nretry: 5\ndata:"),
    ],
    ["events without data between", whole.replaceAll("data: ", "event: ping\n\ndata:")],
    ["a mark of its byte order before it", `\ufeff${whole}`],
  ])("an answer with %s is the same", async (_, text) => {
    const bytes = utf8(text);
    const read = (pieces: readonly Uint8Array[]) =>
      ask(modelAt("http://127.0.0.1:9/v1", {}, { exchange: exchangeOf(pieces) }));
    const expected = await read([bytes]);
    expect(expected.at(-1)).toMatchObject({ k: "finished", reason: "tool-calls", toolCalls: [{}, {}] });
    await fc.assert(
      fc.asyncProperty(cutsAt, async (places) => {
        expect(await read(cut(bytes, places))).toEqual(expected);
      }),
      { numRuns: caseCount(60) },
    );
  });

  test("whatever comes before the finish reason alone is no answer", async () => {
    const bytes = utf8(whole);
    const finish = utf8(whole.slice(0, whole.indexOf('"finish_reason":"tool_calls"'))).length;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: finish }), fc.boolean(), async (length, isBroken) => {
        const exchange = exchangeOf([bytes.subarray(0, length)], isBroken ? "ECONNRESET" : null);
        const events = await ask(modelAt("http://127.0.0.1:9/v1", {}, { exchange }));
        expect(events.at(-1)?.k).toBe("failed");
        expect(events.some((event) => event.k === "finished")).toBe(false);
      }),
      { numRuns: caseCount(100) },
    );
  });

  test("any bytes at all end with exactly one end", async () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string().map(utf8),
      fc.json().map((json) => utf8(`data: ${json}\n\n`)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 6 }), async (pieces) => {
        const events = await ask(modelAt("http://127.0.0.1:9/v1", {}, { exchange: exchangeOf(pieces) }));
        expect(events.filter((event) => event.k !== "text-delta")).toHaveLength(1);
        expect(events.at(-1)?.k).toBe("failed");
      }),
      { numRuns: caseCount(200) },
    );
  });

  test("each event with data is one piece, and every other byte is counted", () => {
    const line = fc.constantFrom("data: x", "data", "event: y", ": note", "id: 1", "", "datum", "\r");
    const end = fc.constantFrom("\n", "\r\n");
    fc.assert(
      fc.property(fc.array(fc.tuple(line, end)), cutsAt, (lines, places) => {
        const text = lines.map(([words, ending]) => words + ending).join("");
        const splitter = new EventSplitter();
        const pieces = cut(utf8(text), places).flatMap((piece) => splitter.push(piece));
        const shown = pieces.map((piece) => utf8Text(piece) ?? "");
        for (const piece of shown) {
          expect(piece).toMatch(/^(?:(?:data: x|data|event: y)\r?\n)+\r*\n$/);
          expect(piece).toMatch(/^data/m);
        }
        const data = [...(shown.join("") + (utf8Text(splitter.rest()) ?? "")).matchAll(/^data/gm)];
        expect(data).toHaveLength([...text.matchAll(/^data(?::|\r?$)/gm)].length);
        const passed = concatBytes(...pieces, splitter.rest()).length;
        expect(passed + splitter.emptyBytes).toBe(utf8(text).length);
        expect(splitter.pendingBytes).toBe(splitter.rest().length);
      }),
    );
  });
});

describe("Retry-After", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");
  test.each<[string, string | null, string | null, number | null]>([
    ["nothing", null, null, null],
    ["seconds", "120", null, 120_000],
    ["a fraction of a second", "0.25", null, 250],
    ["milliseconds", null, "40", 40],
    ["a date", "Sun, 01 Mar 2026 12:00:30 GMT", null, 30_000],
    ["a date of another form", "2026-03-01T12:00:30Z", null, null],
    ["a day that is none", "Sun, 41 Mar 2026 12:00:30 GMT", null, null],
    ["a number in another base", "0x10", null, null],
    ["infinity", "Infinity", null, null],
    ["a number below nothing", "-5", null, null],
    ["two numbers", "5, 7", null, null],
    ["twenty digits", "9".repeat(20), null, 100 * DURATION_MS_MAX],
    ["a long number", "9".repeat(400), null, 100 * DURATION_MS_MAX],
    ["a long number of milliseconds", null, "9".repeat(400), 100 * DURATION_MS_MAX],
    ["a date in a far year", "Fri, 31 Dec 9999 23:59:59 GMT", null, 100 * DURATION_MS_MAX],
  ])("of %s", (_, seconds, fine, expected) => {
    const headers: Readonly<Record<string, string | null>> = {
      "retry-after": seconds,
      "retry-after-ms": fine,
    };
    expect(retryAfterMs((name) => headers[name] ?? null, now)).toBe(expected);
  });
});

test("no piece of a key that is worth anything stays in a text", () => {
  const key = fc.string({ minLength: 8, maxLength: 40, unit: fc.constantFrom("a", "b", "c", "1") });
  fc.assert(
    fc.property(key, fc.array(fc.string()), fc.nat(), fc.nat(), (secret, words, start, length) => {
      const piece = secret.slice(start % (secret.length - 7)).slice(0, 8 + (length % secret.length));
      const shown = secretRemover([secret])(words.join(piece));
      for (let index = 0; index + 8 <= secret.length; index += 1) {
        expect(shown).not.toContain(secret.slice(index, index + 8));
      }
    }),
  );
});
