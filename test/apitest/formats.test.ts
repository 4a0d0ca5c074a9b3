import { describe, expect, test } from "vitest";

import { FORMAT_TEXTS } from "#apitest/schema/format-texts.ts";
import type { JsonObject } from "#kernel/json.ts";
import { bodyDocument, casesOf, document, planOf, queryDocument, sentAs } from "./kit.ts";

/** Each format as strict as its definition, written without a look at how texts are made. */
const STRICT: Readonly<Record<string, (text: string) => boolean>> = {
  byte: (text) => text !== "" && Buffer.from(text, "base64").toString("base64") === text,
  base64url: (text) => text !== "" && Buffer.from(text, "base64url").toString("base64url") === text,
  date: (text) => new Date(text).toISOString().slice(0, 10) === text,
  "date-time": (text) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text)),
  time: (text) => /^\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text),
  duration: (text) => /^P(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?$/.test(text) && !/[PT]$/.test(text),
  email: (text) => /^[a-z]{1,64}@[a-z]+(\.[a-z]+)+$/.test(text),
  hostname: (text) =>
    text.split(".").length > 1 && text.split(".").every((part) => /^[a-z]{1,63}$/.test(part)),
  ipv4: (text) => text.split(".").length === 4 && text.split(".").every((part) => Number(part) < 256),
  ipv6: (text) => URL.canParse(`http://[${text}]/`),
  "json-pointer": (text) => /^(\/[^/~]*)*$/.test(text),
  "relative-json-pointer": (text) => /^(0|[1-9]\d*)(\/[^/~]*)*$/.test(text),
  regex: (text) => new RegExp(text, "u").test(text),
  uri: (text) => URL.canParse(text),
  "uri-reference": (text) => URL.canParse(text, "http://a.example"),
  uuid: (text) => /^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text),
  int32: (text) => Number(text) <= 2 ** 31 - 1 && String(Number(text)) === text,
  int64: (text) => Number.isSafeInteger(Number(text)) && String(Number(text)) === text,
  char: (text) => text.length === 1,
  decimal: (text) => /^\d+$/.test(text),
};

test.each(Object.entries(STRICT))("texts of the format %s are that at every length", (format, isOne) => {
  const make = FORMAT_TEXTS.get(format);
  const texts = Array.from({ length: 200 }, (_, length) => [length, make?.(length)] as const).filter(
    ([, text]) => text !== undefined,
  );
  expect(texts).not.toEqual([]);
  for (const [length, text = ""] of texts) {
    expect([text, text.length, isOne(text)]).toEqual([text, length, true]);
  }
});

describe("a text with a format and a length", () => {
  test.each<[string, JsonObject, readonly string[]]>([
    [
      "is a true one where the format is known",
      { format: "byte", minLength: 4, maxLength: 8 },
      ["YWRh", "YWRhYWRh"],
    ],
    ["is any where the format asks for nothing", { format: "password", maxLength: 2, minLength: 2 }, []],
    ["is none where no true one is known", { format: "duration", minLength: 40 }, ["(none)"]],
  ])("%s", async (_, rules, expected) => {
    const sent = sentAs(
      await casesOf(queryDocument({ type: "string", ...rules }, { required: false })),
      "accepted",
    );
    if (expected.length === 0) expect(sent.length).toBeGreaterThan(1);
    else
      expect(sent.filter((text) => text !== "(none)")).toEqual(expected.filter((text) => text !== "(none)"));
  });

  test("of a format that nobody knows proves nothing by being refused", async () => {
    const schema = { type: "string", format: "phone", maxLength: 20 };
    const cases = await casesOf(queryDocument(schema));
    const accepted = cases.filter(({ expectation }) => expectation === "accepted");
    expect(accepted.length).toBeGreaterThan(1);
    expect(accepted.filter(({ isPlainest, rule }) => isPlainest || rule !== null)).toEqual([]);
    const listed = await casesOf(queryDocument({ ...schema, example: "+49 30 123456" }));
    expect(listed.some(({ isPlainest }) => isPlainest)).toBe(true);
  });

  test("beside another part takes away no more than what it is in", async () => {
    const cases = await casesOf(
      document({
        parameters: [
          { name: "n", in: "query", required: true, schema: { type: "integer", minimum: 3 } },
          { name: "phone", in: "query", schema: { type: "string", format: "phone", maxLength: 20 } },
        ],
      }),
    );
    expect(cases.some(({ isPlainest }) => isPlainest)).toBe(true);
    expect(
      cases.some(({ expectation, rule }) => expectation === "accepted" && rule?.keyword === "minimum"),
    ).toBe(true);
  });
});

test("a smaller case keeps what it is said to be about, and texts of a format whole", async () => {
  const schema: JsonObject = {
    type: "object",
    required: ["key"],
    properties: {
      key: { type: "string", format: "byte" },
      note: { type: "string", maxLength: 40 },
      other: { type: "string" },
    },
  };
  const { tests } = await planOf({ "api.yaml": bodyDocument(schema) });
  const onBound = tests?.plan.cases.find(
    ({ expectation, rule }) => expectation === "accepted" && rule?.keyword === "maxLength",
  );
  const { note } = JSON.parse(onBound?.request.body ?? "{}") as { readonly note?: string };
  for (const { request } of tests?.smaller(onBound?.id ?? "") ?? []) {
    expect((JSON.parse(request.body ?? "{}") as { readonly note?: string }).note).toBe(note);
  }
  const whole = tests?.plan.cases.find(({ title }) => title.endsWith("with all its parts"));
  const smaller = tests?.smaller(whole?.id ?? "") ?? [];
  expect(smaller.length).toBeGreaterThan(0);
  for (const { request } of smaller) expect(request.body).toContain('"key":"YWRh"');
});
