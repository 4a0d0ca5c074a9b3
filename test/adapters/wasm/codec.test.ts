import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { FRAME_KINDS, createFrameReader, encodeFrame } from "#adapters/wasm/frames.ts";
import type { Frame, FrameKind } from "#adapters/wasm/frames.ts";
import { answerBytesMax, decodeAnswer, encodeAnswer, encodeJob, readJob } from "#adapters/wasm/messages.ts";
import type { Answer, Job } from "#adapters/wasm/messages.ts";
import { createOutput } from "#sandbox/output.ts";
import { concatBytes, utf8 } from "#kernel/bytes.ts";
import type { SandboxLimits } from "#ports/sandbox.ts";

const BUDGET: Readonly<Record<FrameKind, number>> = { started: 0, stdout: 100, stderr: 100, answer: 100 };
const LIMITS: SandboxLimits = { memoryBytesMax: 1, fileBytesMax: 1000, filesMax: 5, outputBytesMax: 1000 };

describe("frames", () => {
  test("are read whatever the pieces they come in", () => {
    const frame = fc.record({
      kind: fc.constantFrom<FrameKind>("stdout", "stderr", "answer"),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
    });
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 5 }),
        fc.array(fc.nat(120), { maxLength: 6 }),
        (frames, cuts) => {
          const stream = concatBytes(...frames.map(({ kind, bytes }) => encodeFrame(kind, bytes)));
          const ends = [...cuts.filter((cut) => cut < stream.length).sort((a, b) => a - b), stream.length];
          const reader = createFrameReader(BUDGET);
          const read: Frame[] = [];
          let at = 0;
          for (const end of ends) {
            read.push(...(reader.push(stream.subarray(at, end)) ?? []));
            at = end;
          }
          expect(read.map(({ kind, bytes }) => ({ kind, bytes: [...bytes] }))).toEqual(
            frames.map(({ kind, bytes }) => ({ kind, bytes: [...bytes] })),
          );
        },
      ),
    );
  });

  test("are read byte by byte, however many bytes they have", () => {
    const length = 300_000;
    const reader = createFrameReader({ ...BUDGET, answer: length });
    const read: Frame[] = [];
    for (const byte of encodeFrame("answer", new Uint8Array(length).fill(7))) {
      read.push(...(reader.push(Uint8Array.of(byte)) ?? []));
    }
    expect(read.map(({ kind, bytes }) => [kind, bytes.length, bytes.every((byte) => byte === 7)])).toEqual([
      ["answer", length, true],
    ]);
  });

  const head = (kind: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(5);
    bytes[0] = kind;
    new DataView(bytes.buffer).setUint32(1, length);
    return bytes;
  };
  const kindNumber = (kind: FrameKind): number => FRAME_KINDS.indexOf(kind);

  const refused = (name: string, ...chunks: readonly Uint8Array[]): void => {
    test(`refuse ${name}, and everything after it`, () => {
      const reader = createFrameReader(BUDGET);
      const answers = chunks.map((chunk) => reader.push(chunk));
      expect(answers.at(-1)).toBeNull();
      expect(reader.push(encodeFrame("started"))).toBeNull();
    });
  };
  refused("an unknown kind", head(4, 0));
  refused("four gigabytes before they come", head(kindNumber("answer"), 0xffff_ffff));
  refused("one byte above the budget", head(kindNumber("stdout"), 101));
  refused(
    "a budget used up in parts",
    encodeFrame("stdout", new Uint8Array(60)),
    encodeFrame("stderr", new Uint8Array(60)),
    encodeFrame("stdout", new Uint8Array(41)),
  );
  refused("output of no bytes", head(kindNumber("stdout"), 0));

  test("never throw, whatever comes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (chunks) => {
        const reader = createFrameReader(BUDGET);
        for (const chunk of chunks) expect(() => reader.push(chunk)).not.toThrow();
      }),
    );
  });
});

describe("jobs", () => {
  const job: Job = {
    kind: "run",
    program: "1 + '\u0000é🙂\ud800'",
    timeoutMs: 5,
    limits: LIMITS,
    wallMs: 1_700_000_000_000,
    seed: 2 ** 51,
    parentPid: 7,
    wasm: utf8("wasm"),
    files: [
      { path: "a", bytes: utf8("") },
      { path: "__proto__", bytes: utf8("b") },
    ],
    hidden: ["c/d", "constructor"],
  };
  const reading = (bytes: Uint8Array) => {
    let at = 0;
    return (count: number): Uint8Array | null => {
      if (at + count > bytes.length) return null;
      at += count;
      return bytes.subarray(at - count, at);
    };
  };

  test("are read as they were written", () => {
    expect(readJob(reading(encodeJob(job)))).toMatchObject(job);
  });
  test("that are cut anywhere are none", () => {
    const bytes = encodeJob(job);
    for (let end = 0; end < bytes.length; end += 1) {
      expect(readJob(reading(bytes.subarray(0, end)))).toBeNull();
    }
  });
});

describe("answers", () => {
  const framed = (header: Uint8Array): Uint8Array => {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, header.length);
    return concatBytes(length, header);
  };
  const answer: Answer = {
    ended: "exited",
    exitCode: 1,
    droppedBytes: 3,
    value: '"é"',
    files: [{ path: "__proto__", bytes: utf8("x") }],
  };
  const bytes = encodeAnswer(answer);

  test("are read as they were written", () => {
    expect(decodeAnswer(bytes, LIMITS)).toEqual(answer);
    expect(decodeAnswer(encodeAnswer({ ...answer, value: null }), LIMITS)).toEqual({
      ...answer,
      value: null,
    });
  });
  test("within the limits are within their bound", () => {
    const name = '"'.repeat(1024);
    const files = Array.from({ length: 5 }, () => ({ path: name, bytes: new Uint8Array(200) }));
    const largest = encodeAnswer({
      ...answer,
      value: "1".repeat(1000),
      droppedBytes: Number.MAX_SAFE_INTEGER,
      files,
    });
    expect(largest.length).toBeLessThanOrEqual(answerBytesMax(LIMITS));
    expect(decodeAnswer(largest, LIMITS)).not.toBeNull();
  });
  test("that are cut anywhere, or go on, are none", () => {
    for (let end = 0; end < bytes.length; end += 1)
      expect(decodeAnswer(bytes.subarray(0, end), LIMITS)).toBeNull();
    expect(decodeAnswer(concatBytes(bytes, utf8("x")), LIMITS)).toBeNull();
  });

  const header = (fields: object): Uint8Array => {
    const text = utf8(
      JSON.stringify({
        ended: "exited",
        exitCode: 0,
        droppedBytes: 0,
        hasValue: false,
        paths: [],
        sizes: [0],
        ...fields,
      }),
    );
    return framed(text);
  };
  test("have a header of exactly this kind", () => {
    expect(decodeAnswer(header({}), LIMITS)).toEqual({
      ended: "exited",
      exitCode: 0,
      droppedBytes: 0,
      value: null,
      files: [],
    });
  });
  test.each<readonly [string, object]>([
    ["another end", { ended: "crashed" }],
    ["a negative exit code", { exitCode: -1 }],
    ["a large exit code", { exitCode: 256 }],
    ["a fraction of a byte", { droppedBytes: 0.5 }],
    ["no sizes", { sizes: null }],
    ["a negative size", { sizes: [-1] }],
    ["a size beyond its bytes", { sizes: [1] }],
    ["a path without bytes", { paths: ["a"] }],
    ["bytes without a path", { sizes: [0, 0] }],
    ["a path that is a number", { paths: [1], sizes: [0, 0] }],
    ["no word about a value", { hasValue: "no" }],
    ["nesting", { paths: [["a"]], sizes: [0, 0] }],
  ])("with %s are none", (_, fields) => {
    expect(decodeAnswer(header(fields), LIMITS)).toBeNull();
  });
  test("never throw, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((json) => framed(utf8(json))),
        ),
        (any) => {
          expect(() => decodeAnswer(any, LIMITS)).not.toThrow();
        },
      ),
    );
  });
});

describe("output", () => {
  test("is the longest start that fits and ends between characters, and the rest is counted", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.nat(40), (texts, bytesMax) => {
        const sent: Uint8Array[] = [];
        const output = createOutput(bytesMax, (_, bytes) => sent.push(bytes));
        for (const text of texts) output.print("stdout", text);
        const whole = utf8(texts.join(""));
        const kept = concatBytes(...sent);
        expect(kept.length).toBeLessThanOrEqual(bytesMax);
        expect(kept).toEqual(whole.subarray(0, kept.length));
        expect(output.droppedBytes()).toBe(whole.length - kept.length);
        expect(new TextDecoder("utf-8", { fatal: true }).decode(kept)).toBe(Buffer.from(kept).toString());
        expect(kept.length).toBeGreaterThan(Math.min(whole.length, bytesMax) - 4);
        expect(sent.every((bytes) => bytes.length > 0)).toBe(true);
      }),
    );
  });
});
