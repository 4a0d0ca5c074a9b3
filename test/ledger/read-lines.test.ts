import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogId } from "#kernel/ids.ts";
import { ok } from "#kernel/result.ts";
import { readLines } from "#ledger/read-lines.ts";
import { ByteStream } from "#ledger/verify/byte-stream.ts";
import { caseCount } from "#test/kit/cases.ts";
import { createFakeDisk } from "#test/kit/ledger-store-fake.ts";
import { valueOf } from "./world.ts";

const LOG = "018bcfe5-6804-7000-8000-0000000000cc" as LogId;
const MEBIBYTE = 1024 * 1024;

/** Bytes with a line feed now and then, and how they read line by line. */
const pieces = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 20 });

describe("lines of a log", () => {
  test("are the stretches between line feeds with their offsets; what has no end is left out", async () => {
    await fc.assert(
      fc.asyncProperty(pieces, pieces, async (first, second) => {
        const segments = [first, second].map((parts) =>
          Buffer.concat(parts.flatMap((part) => [part, Buffer.from("\n")])),
        );
        const expected = segments.flatMap((bytes, index) => {
          const texts = bytes.toString("latin1").split("\n").slice(0, -1);
          let offset = 0;
          return texts.map((text) => {
            const line = { segment: index + 1, offset, text };
            offset += text.length + 1;
            return line;
          });
        });
        const disk = createFakeDisk();
        const torn = Buffer.from("no end");
        disk.image.set(
          LOG,
          new Map(
            segments.map((bytes, index) => [
              `00000${index + 1}.jsonl`,
              new Uint8Array(Buffer.concat([bytes, torn])),
            ]),
          ),
        );
        const { store } = disk.process();
        const found = [];
        for await (const stretch of readLines(store, LOG, valueOf(await store.files(LOG)))) {
          const { segment, lines } = valueOf(stretch);
          for (const { offset, bytes, lengthBytes } of lines) {
            expect(lengthBytes).toBe(bytes.length + 1);
            found.push({ segment, offset, text: Buffer.from(bytes).toString("latin1") });
          }
        }
        expect(found).toEqual(expected);
      }),
      { numRuns: caseCount(50) },
    );
  });

  test("longer than a line may be are cut in memory, not in the count, across chunks", async () => {
    const disk = createFakeDisk();
    const long = Buffer.concat([Buffer.alloc(3 * MEBIBYTE, 97), Buffer.from("\nshort\n")]);
    disk.image.set(LOG, new Map([["000001.jsonl", new Uint8Array(long)]]));
    const { store } = disk.process();
    const lines = [];
    for await (const stretch of readLines(store, LOG, valueOf(await store.files(LOG))))
      lines.push(...valueOf(stretch).lines);
    expect(lines.map(({ offset, lengthBytes, bytes }) => [offset, lengthBytes, bytes.length])).toEqual([
      [0, 3 * MEBIBYTE + 1, MEBIBYTE + 1],
      [3 * MEBIBYTE + 1, 6, 5],
    ]);
  });
});

describe("the verifier's own stream", () => {
  test("gives lines and stretches whatever pieces the source hands out", async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 7 }), async (parts, pieceBytes) => {
        const bytes = Buffer.concat(parts.flatMap((part) => [part, Buffer.from("\n")]));
        const source = {
          files: async () => ok([]),
          // A source may always give less than it was asked for.
          read: async (_file: string, offset: number, most: number) =>
            ok(new Uint8Array(bytes.subarray(offset, offset + Math.min(most, pieceBytes)))),
        };
        const stream = new ByteStream(source, "000001.jsonl", bytes.length);
        const lines: string[] = [];
        for (;;) {
          const more = valueOf(await stream.lines());
          if (more.length === 0) break;
          lines.push(...more.map((line) => Buffer.from(line).toString("latin1")));
        }
        expect(lines).toEqual(bytes.toString("latin1").split("\n").slice(0, -1));
        expect(valueOf(await stream.hasRest())).toBe(false);
        const again = new ByteStream(source, "000001.jsonl", bytes.length);
        let taken = "";
        while (taken.length < bytes.length)
          taken += Buffer.from(valueOf(await again.take(5))).toString("latin1");
        expect(taken).toBe(bytes.toString("latin1"));
      }),
      { numRuns: caseCount(50) },
    );
  });
});
