import { describe, expect, test } from "vitest";

import type { JsonObject } from "#kernel/json.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { readToolArguments } from "#tools/tool-arguments.ts";

const descriptor: ToolDescriptor = {
  name: "tool",
  action: "tool_call",
  summary: "A tool of a test.",
  parameters: [
    { name: "path", type: "string", required: true, summary: "", bytesMax: 8 },
    { name: "count", type: "integer", required: false, summary: "" },
    { name: "deep", type: "boolean", required: false, summary: "" },
    { name: "names", type: "string-list", required: false, summary: "", bytesMax: 8 },
  ],
  effects: [],
  risk: "low",
  tiers: ["wasm"],
  idempotent: true,
};
const USAGE = "; it is called as tool(path: string, count?: integer, deep?: boolean, names?: string-list)";

const reads = (name: string, given: JsonObject, expected: JsonObject): void => {
  test(`reads ${name}`, () => {
    expect(readToolArguments(descriptor, given)).toEqual({ ok: true, value: expected });
  });
};

const refuses = (name: string, given: JsonObject, why: string): void => {
  test(`refuses ${name}`, () => {
    expect(readToolArguments(descriptor, given)).toMatchObject({
      ok: false,
      fault: { code: "TOOL_ARGUMENTS_INVALID", message: why + USAGE },
    });
  });
};

describe("arguments", () => {
  reads("what is required", { path: "a" }, { path: "a" });
  reads(
    "everything",
    { path: "a", count: -1, deep: false, names: ["b", ""] },
    { path: "a", count: -1, deep: false, names: ["b", ""] },
  );
  reads("null for what is optional as left out", { path: "a", count: null, deep: null }, { path: "a" });
  reads("a text of just enough bytes", { path: "éééé" }, { path: "éééé" });
  reads("an empty text", { path: "" }, { path: "" });

  refuses("nothing", {}, "`path` is missing");
  refuses("null for what is required", { path: null }, "`path` is missing");
  refuses("another name", { path: "a", file: "b" }, "there is no argument `file`");
  refuses(
    "a name of the prototype",
    JSON.parse('{"path":"a","__proto__":1}'),
    "there is no argument `__proto__`",
  );
  refuses("a name that hides something", { path: "a", "\u001b[2J": 1 }, "there is no argument `\\e[2J`");
  refuses("a number for a text", { path: 1 }, "`path` is not a string");
  refuses("a list for a text", { path: ["a"] }, "`path` is not a string");
  refuses("too many characters", { path: "123456789" }, "`path` has more than 8 bytes");
  refuses("too many bytes in few characters", { path: "ééééé" }, "`path` has more than 8 bytes");
  refuses("half a surrogate pair", { path: "\ud800" }, "`path` holds half of a surrogate pair");
  refuses("a fraction", { path: "a", count: 1.5 }, "`count` is not an integer");
  refuses("a number beyond exact integers", { path: "a", count: 2 ** 53 }, "`count` is not an integer");
  refuses("a number as text", { path: "a", count: "1" }, "`count` is not an integer");
  refuses("a word for a truth", { path: "a", deep: "true" }, "`deep` is neither true nor false");
  refuses("a text for a list", { path: "a", names: "b" }, "`names` is not a list of strings");
  refuses("a list of more than texts", { path: "a", names: ["b", 1] }, "`names` is not a list of strings");
  refuses(
    "a list of too many bytes",
    { path: "a", names: ["12345", "6789"] },
    "`names` has more than 8 bytes",
  );
  refuses(
    "a list of too many items",
    { path: "a", names: Array.from({ length: 1001 }, () => "") },
    "`names` has more than 1000 items",
  );
  refuses("an object for anything", { path: {} }, "`path` is not a string");

  test("says everything that is wrong at once", () => {
    expect(readToolArguments(descriptor, { file: "a", count: "x" })).toMatchObject({
      fault: {
        message: `there is no argument \`file\`, \`path\` is missing, \`count\` is not an integer${USAGE}`,
      },
    });
  });
});
