import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { canonicalJson } from "#kernel/canonical-json.ts";
import { isWellFormed, readJson } from "#kernel/json.ts";
import type { JsonValue } from "#kernel/json.ts";

/** Every JSON value whose strings have a UTF-8 form. */
const jsonValue = (): fc.Arbitrary<JsonValue> =>
  fc
    .jsonValue({ stringUnit: "binary" })
    .filter(
      (value) => isWellFormed(JSON.stringify(value)) && !/\\ud[89a-f]/.test(JSON.stringify(value)),
    ) as fc.Arbitrary<JsonValue>;

describe("canonical JSON (RFC 8785)", () => {
  test("the example of section 3.2.2", () => {
    const input =
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}';
    const reading = readJson(input);
    expect(reading.ok && canonicalJson(reading.value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test("keys are sorted by UTF-16 code units, the example of section 3.2.3", () => {
    const value = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\u{1f600}": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    const order = [...canonicalJson(value).matchAll(/:"([^"]*)"/g)].map((match) => match[1]);
    expect(order).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  test.each([
    [-0, "0"],
    [1e21, "1e+21"],
    [123456789012345680000, "123456789012345680000"],
    [5e-324, "5e-324"],
    [9007199254740992, "9007199254740992"],
    [0.1 + 0.2, "0.30000000000000004"],
    ["\u2028\u007f", '"\u2028\u007f"'],
    [[], "[]"],
    [{}, "{}"],
  ])("%j is %s", (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY], ["\ud800"], [{ "\udc00": 1 }]])(
    "%j is a bug of the caller",
    (value) => {
      expect(() => canonicalJson(value)).toThrow(/canonical JSON/);
    },
  );

  test("reading it back gives the value, and writing that gives the text", () => {
    fc.assert(
      fc.property(jsonValue(), (value) => {
        const text = canonicalJson(value);
        const reading = readJson(text);
        expect(reading.ok && canonicalJson(reading.value)).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("the order in which keys were set does not matter", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (object) => {
        const turned = Object.fromEntries(Object.entries(object).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(object));
      }),
    );
  });
});
