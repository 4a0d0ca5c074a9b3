import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, utf8 } from "#kernel/bytes.ts";
import { FrameReader, frame } from "#host/rpc/frames.ts";

/** What a reader makes of a stream that comes in these pieces. */
const read = (pieces: readonly Uint8Array[], bodyBytesMax = 4_096) => {
  const bodies: string[] = [];
  const broken: string[] = [];
  const reader = new FrameReader(() => bodyBytesMax, {
    onBody: (body) => bodies.push(new TextDecoder().decode(body)),
    onBroken: (why) => broken.push(why),
  });
  for (const piece of pieces) reader.push(piece);
  return { bodies, broken };
};

const cutAt = (bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] => {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
};

describe("bodies in a stream", () => {
  test("come out as they went in, whatever the pieces are", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme", maxLength: 60 }), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (bodies, places) => {
          const stream = concatBytes(...bodies.map((body) => frame(utf8(body))));
          expect(read(cutAt(stream, places))).toEqual({ bodies, broken: [] });
        },
      ),
    );
  });

  test.each([
    ["another header", "Content-Type: text/plain\r\n\r\n"],
    ["a second header", "Content-Length: 2\r\nContent-Type: x\r\n\r\n{}"],
    ["a name in another case", "content-length: 2\r\n\r\n{}"],
    ["a sign", "Content-Length: +2\r\n\r\n{}"],
    ["a leading zero", "Content-Length: 02\r\n\r\n{}"],
    ["no blank", "Content-Length:2\r\n\r\n{}"],
    ["two blanks", "Content-Length:  2\r\n\r\n{}"],
    ["a blank behind", "Content-Length: 2 \r\n\r\n{}"],
    ["no digits", "Content-Length: \r\n\r\n{}"],
    ["hexadecimal digits", "Content-Length: 0x2\r\n\r\n{}"],
    ["a number beyond every limit", "Content-Length: 99999999999999999999\r\n\r\n"],
    ["line feeds alone", "Content-Length: 2\n\n{}"],
    ["no header line at all", "\r\n\r\n{}"],
    ["a header that never ends", "x".repeat(69)],
    ["zero bytes", "\0".repeat(100)],
  ])("%s ends it", (_what, text) => {
    const { bodies, broken } = read([utf8(text), frame(utf8("{}"))]);
    expect(bodies).toEqual([]);
    expect(broken).toHaveLength(1);
  });

  test("a body may be as long as the limit and no longer", () => {
    expect(read([frame(new Uint8Array(10))], 10).bodies).toHaveLength(1);
    expect(read([frame(new Uint8Array(11))], 10)).toEqual({
      bodies: [],
      broken: ["a body of 11 bytes where at most 10 are read"],
    });
  });

  test("the limit may change between two bodies", () => {
    let bodyBytesMax = 2;
    const bodies: number[] = [];
    const reader = new FrameReader(() => bodyBytesMax, {
      onBody: (body) => {
        bodies.push(body.length);
        bodyBytesMax = 100;
      },
      onBroken: (why) => expect.unreachable(why),
    });
    reader.push(concatBytes(frame(new Uint8Array(2)), frame(new Uint8Array(100))));
    expect(bodies).toEqual([2, 100]);
  });

  test("nothing is read after the stream broke or was stopped", () => {
    const { bodies, broken } = read([utf8("nonsense".repeat(20)), utf8("more"), frame(utf8("{}"))]);
    expect([bodies.length, broken.length]).toEqual([0, 1]);
    const seen: string[] = [];
    const reader = new FrameReader(() => 100, {
      onBody: () => {
        seen.push("body");
        reader.stop();
      },
      onBroken: (why) => seen.push(why),
    });
    reader.push(concatBytes(frame(utf8("{}")), frame(utf8("{}"))));
    expect(seen).toEqual(["body"]);
  });

  test("random bytes end it or are none of its bodies, and never throw", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.nat(), { maxLength: 5 }),
        (bytes, places) => {
          expect(read(cutAt(bytes, places)).bodies).toEqual([]);
        },
      ),
    );
  });
});
