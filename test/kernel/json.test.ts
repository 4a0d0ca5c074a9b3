import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";

const outcome = (text: string, limits?: Parameters<typeof readJson>[1]): string => {
  const reading = readJson(text, limits);
  return reading.ok ? JSON.stringify(reading.value) : reading.reason;
};

describe("strict reading of JSON", () => {
  test.each([
    ["null", "null"],
    [' [1, 2 ,{"a" : "\\u0041"}]\n', '[1,2,{"a":"A"}]'],
    ['"\\ud83d\\ude00"', '"😀"'],
    ["-0", "0"],
    ["1e2", "100"],
    ["", "not-json"],
    ["nul", "not-json"],
    ["01", "not-json"],
    ["+1", "not-json"],
    ["1.", "not-json"],
    [".5", "not-json"],
    ["NaN", "not-json"],
    ["[1,]", "not-json"],
    ["{,}", "not-json"],
    ['{"a":1,}', "not-json"],
    ["{a:1}", "not-json"],
    ["'a'", "not-json"],
    ['"a', "not-json"],
    ['"\\x41"', "not-json"],
    ['"\u0001"', "not-json"],
    ['"\n"', "not-json"],
    ['"\\"', "not-json"],
    ['"\\u12', "not-json"],
    ['"\\u12"', "not-json"],
    ['"\\\\"', '"\\\\"'],
    ['"\\\\\\""', '"\\\\\\""'],
    ["1 2", "not-json"],
    ["[1", "not-json"],
    ["\ufeff1", "not-json"],
    ["\u00a01", "not-json"],
    ['{"a":1,"a":1}', "duplicate-key"],
    ['{"a":1,"\\u0061":2}', "duplicate-key"],
    ['"\\ud800"', "lone-surrogate"],
    ['{"\\udc00":1}', "lone-surrogate"],
    ["1e999", "unsafe-number"],
    ["-1e999", "unsafe-number"],
  ])("%j: %s", (text, expected) => {
    expect(outcome(text)).toBe(expected);
  });

  test.each([
    ["[[1]]", { depthMax: 2 }, "[[1]]"],
    ["[[[1]]]", { depthMax: 2 }, "too-deep"],
    ["[1,2]", { valuesMax: 3 }, "[1,2]"],
    ["[1,2,3]", { valuesMax: 3 }, "too-many-values"],
    ["[]", { charactersMax: 2 }, "[]"],
    ["[ ]", { charactersMax: 2 }, "too-long"],
  ])("%s within %o: %s", (text, limits, expected) => {
    expect(outcome(text, { charactersMax: 100, depthMax: 10, valuesMax: 100, ...limits })).toBe(expected);
  });

  test("a hundred thousand brackets are refused, not run out of stack on", () => {
    expect(outcome("[".repeat(100_000))).toBe("too-deep");
  });

  test.each([
    ["letters", "a"],
    ["escapes", "\\n"],
    ["escaped quotes", '\\"'],
    ["escaped backslashes", "\\\\"],
  ])("a text of sixteen million characters of %s is read, not run out of stack on", (_, unit) => {
    const length = 16 * 1024 * 1024;
    const text = `"${unit.repeat(Math.floor((length - 2) / unit.length))}"`;
    const reading = readJson(text);
    expect(reading.ok && typeof reading.value === "string" && reading.value.length).toBe(
      Math.floor((length - 2) / unit.length),
    );
  });

  test("a key that names the prototype is a key like any other", () => {
    const reading = readJson('{"__proto__":{"polluted":true},"constructor":1}');
    expect(reading.ok && isJsonObject(reading.value) && Object.keys(reading.value)).toEqual([
      "__proto__",
      "constructor",
    ]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(reading.ok && isJsonObject(reading.value) && ownValue(reading.value, "toString")).toBeUndefined();
  });

  test("what JSON.parse accepts with unique keys reads alike, what it refuses is refused", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((text) => text.slice(1)),
        ),
        (text) => {
          const reading = readJson(text);
          let parsed: unknown;
          let valid = true;
          try {
            parsed = JSON.parse(text);
          } catch {
            valid = false;
          }
          if (reading.ok) expect(reading.value).toEqual(parsed);
          else if (reading.reason === "not-json") expect(valid).toBe(false);
        },
      ),
    );
  });
});
