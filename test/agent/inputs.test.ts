import { describe, expect, test } from "vitest";
import { checkInputs, inputsFromTexts } from "#agent/inputs.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { Parameter } from "#protocol/agent-spec.ts";
import { lowered } from "./world.ts";

const parameters = (list: string): readonly Parameter[] =>
  lowered(`agent helper(${list}) { policy p { allow: read_file } }`).agents[0]?.parameters ?? [];

describe("inputs", () => {
  test.each<[type: string, value: JsonValue, fits: boolean]>([
    ["String", "x", true],
    ["String", 1, false],
    ["String", null, false],
    ["int", 7, true],
    ["int", 7.5, false],
    ["int", 2 ** 60, false],
    ["int", "7", false],
    ["float", 7.5, true],
    ["float", 7, true],
    ["float", "7.5", false],
    ["bool", false, true],
    ["bool", 0, false],
    ["Report", { any: ["thing"] }, true],
    ["Array<String>", ["a"], true],
    ["Array<String>", [], true],
    ["Array<String>", ["a", 1], false],
    ["Array<String>", "a", false],
    ["list<string>", { 0: "a" }, false],
    ["Array<int>", ["a"], true],
  ])("a %s and %j", (type, value, fits) => {
    expect(checkInputs(parameters(`a: ${type}`), { a: value }).ok).toBe(fits);
  });

  test.each<[string, JsonObject, string]>([
    ["missing", { a: "x" }, "the input `b` is missing"],
    ["unknown", { a: "x", b: 1, "c\u202e": 1 }, "the agent has no input `c\\u{202e}`"],
    ["inherited", { a: "x", ["__proto__"]: 1 }, "the agent has no input `__proto__`"],
    ["of another type", { a: "x", b: "1" }, "the input `b` is no int"],
    ["with half of a character", { a: "\ud800", b: 1 }, "the input `a` holds half of a surrogate pair"],
  ])("%s are refused", (_what, given, message) => {
    expect(checkInputs(parameters("a: String, b: int"), given)).toMatchObject({
      ok: false,
      fault: { code: "AGENT_INPUTS_INVALID", message, help: "its inputs are a: String, b: int" },
    });
  });

  test("are exactly those of the agent, in its order", () => {
    const checked = checkInputs(parameters("b: int, a: String"), { a: "x", b: 1 });
    expect(checked.ok && Object.entries(checked.value)).toEqual([
      ["b", 1],
      ["a", "x"],
    ]);
  });
});

describe("inputs from a command line", () => {
  test.each<[type: string, text: string, value: JsonValue | undefined]>([
    ["String", "12", "12"],
    ["String", '{"a":1}', '{"a":1}'],
    ["String", "", ""],
    ["int", "12", 12],
    ["int", "-3", -3],
    ["int", "1.5", undefined],
    ["int", "twelve", undefined],
    ["int", "0x10", undefined],
    ["float", "1.5", 1.5],
    ["bool", "true", true],
    ["bool", "yes", undefined],
    ["Report", '{"a":[1]}', { a: [1] }],
    ["Report", "plain words", undefined],
  ])("a %s of %j", (type, text, value) => {
    const read = inputsFromTexts(parameters(`a: ${type}`), new Map([["a", text]]));
    expect(read.ok ? read.value["a"] : undefined).toEqual(value);
  });

  test("of a name that the agent does not have are refused", () => {
    expect(inputsFromTexts(parameters("a: String"), new Map([["b", "x"]]))).toMatchObject({
      fault: { message: "the agent has no input `b`" },
    });
  });
});
