import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  concatBytes,
  equalBytes,
  fromBase64,
  fromHex,
  toBase64,
  toHex,
  utf8,
  utf8Beginning,
  utf8Text,
} from "#kernel/bytes.ts";
import { aboutDurationText, DURATION_MS_MAX, durationMs, durationText } from "#kernel/duration.ts";
import { visibleExcerpt, visibleJson, visibleText } from "#kernel/visible-text.ts";

describe("visible text", () => {
  test.each([
    ["plain ünïcode 日本 🙂", "plain ünïcode 日本 🙂"],
    ["\u001b[31mred\u001b[0m", "\\e[31mred\\e[0m"],
    ["a\rb\nc\td", "a\\rb\\nc\\td"],
    ["\u0000\u0007\u007f\u009b", "\\u{0}\\u{7}\\u{7f}\\u{9b}"],
    ["safe\u202etxt.exe", "safe\\u{202e}txt.exe"],
    ["\u2066x\u2069", "\\u{2066}x\\u{2069}"],
    ["zero\u200bwidth\ufeff", "zero\\u{200b}width\\u{feff}"],
    ["\u{e0041}", "\\u{e0041}"],
    ["\ud800", "\ufffd"],
  ])("%j is shown as %j", (text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  test("line feeds and tabs stay only where asked for, other controls never", () => {
    expect(visibleText("a\n\tb\r\u001b", { multiline: true })).toBe("a\n\tb\\r\\e");
  });

  test("JSON says the same with nothing in it that a terminal obeys", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const shown = visibleJson(JSON.stringify(value, null, 2));
        expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(visibleText(shown, { multiline: true })).toBe(shown);
      }),
      { examples: [["\u001b[31m\u009b2J\u202e\u{e0041}"], [{ "\u200b": "\u007f" }]] },
    );
  });

  test("an excerpt says how much it leaves out", () => {
    expect(visibleExcerpt("abcdef", 4)).toBe("abcd… (2 more characters)");
    expect(visibleExcerpt("abcd", 4)).toBe("abcd");
  });

  test("nothing that moves a cursor or hides is left, and it is stable", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = visibleText(text);
        // oxlint's rule about control characters is what this states.
        expect(
          [...shown].every(
            (character) =>
              character >= " " &&
              !/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/.test(character),
          ),
        ).toBe(true);
        expect(visibleText(shown)).toBe(shown);
      }),
    );
  });
});

describe("bytes", () => {
  test("hexadecimal and base64 read back what they wrote", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
        expect(Buffer.from(bytes).toString("base64")).toBe(toBase64(bytes));
        expect(equalBytes(bytes, concatBytes(bytes.slice(0, 3), bytes.slice(3)))).toBe(true);
      }),
    );
  });

  test("large input goes through base64 whole", () => {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);
    expect(fromBase64(toBase64(bytes))).toEqual(bytes);
  });

  test.each(["0", "0G", "AB", "0x00", " 00"])("%j is not our hexadecimal", (text) => {
    expect(fromHex(text)).toBeUndefined();
  });

  test.each(["QQ", "QR==", "Q Q=", "=", "QQ==\n", "-_-_"])("%j is not canonical base64", (text) => {
    expect(fromBase64(text)).toBeUndefined();
  });

  test("malformed UTF-8 has no text, a byte order mark stays", () => {
    expect(utf8Text(Uint8Array.of(0xff))).toBeUndefined();
    expect(utf8Text(Uint8Array.of(0xed, 0xa0, 0x80))).toBeUndefined();
    expect(utf8Text(utf8("\ufeffa"))).toBe("\ufeffa");
  });

  test.each([
    ["all of it", utf8("\ufeffé😀"), "\ufeffé😀"],
    ["nothing", Uint8Array.of(), ""],
    ["what stands before a wrong byte", concatBytes(utf8("é"), Uint8Array.of(0xfc), utf8("a")), "é"],
    [
      "what stands before a character that breaks off",
      concatBytes(utf8("é"), Uint8Array.of(0xf0, 0x9f), utf8("a")),
      "é",
    ],
    ["what stands before one that the end cuts", concatBytes(utf8("é"), Uint8Array.of(0xf0, 0x9f)), "é"],
    ["nothing before a first wrong byte", Uint8Array.of(0xff, 0xfe), ""],
  ])("the well-formed beginning is %s", (_, bytes, text) => {
    expect(utf8Beginning(bytes)).toBe(text);
  });

  test.each([
    [
      [1, 2],
      [1, 2, 3],
    ],
    [
      [1, 2],
      [1, 3],
    ],
  ])("%j differs from %j", (left, right) => {
    expect(equalBytes(Uint8Array.from(left), Uint8Array.from(right))).toBe(false);
  });
});

describe("durations", () => {
  test.each([
    ["30s", 30_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["500ms", 500],
    ["60.seconds", 60_000],
    ["2.minutes", 120_000],
    ["1_000ms", 1_000],
    ["10 m", 600_000],
    ["1d", 86_400_000],
    ["0s", 0],
    ["1.5h", undefined],
    ["30", undefined],
    ["-1s", undefined],
    ["2 hrs", undefined],
    ["1e3s", undefined],
    ["1y", undefined],
    ["", undefined],
    ["99999999999999999999s", undefined],
    [`${DURATION_MS_MAX}ms`, DURATION_MS_MAX],
    [`${DURATION_MS_MAX + 1}ms`, undefined],
  ])("%j is %s ms", (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  test.each([
    [250, "250ms"],
    [90_000, "1m 30s"],
    [300_000, "5m"],
    [90_061_000, "1d 1h 1m 1s"],
    [0, "0ms"],
    [1_500, "1s 500ms"],
    [3_600_001, "1h 1ms"],
  ])("%i ms reads %s", (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });

  test.each([
    [999.6, "1s"],
    [250.2, "250ms"],
    [12_345, "12s"],
    [599_987, "10m"],
  ])("%f ms that were measured read about %s", (ms, text) => {
    expect(aboutDurationText(ms)).toBe(text);
  });
});
