import { describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { ApiAnswer } from "#protocol/api-test.ts";
import { document, planOf } from "./kit.ts";

const text = JSON.stringify({
  openapi: "3.1.0",
  paths: {
    "/things/{id}": {
      get: {
        parameters: [{ name: "id", in: "path", required: true, schema: { type: "integer", minimum: 1 } }],
        responses: {
          "200": {
            description: "",
            content: {
              "application/json": {
                schema: {
                  type: "object",
                  required: ["id", "tags"],
                  properties: {
                    id: { type: "integer" },
                    tags: { type: "array", items: { type: "string" } },
                    password: { type: "string", writeOnly: true },
                  },
                },
              },
            },
          },
          "204": { description: "" },
          "4XX": { description: "", content: { "application/problem+json": {} } },
        },
      },
    },
  },
});

const answer = (status: number, body = "", type = "application/json"): ApiAnswer => ({
  status,
  headers: type === "" ? [] : [["content-type", type]],
  body: utf8(body),
});

/** `check severity` of everything wrong with an answer to the plainest request, or to one that breaks a rule. */
const wrongWith = async (given: ApiAnswer, expectation = "accepted"): Promise<readonly string[]> => {
  const { tests } = await planOf({ "api.yaml": text });
  const testCase = tests?.plan.cases.find((each) => each.expectation === expectation);
  return (
    tests?.judge(testCase?.id ?? "", given)?.map(({ check, severity }) => `${check} ${severity}`) ?? [
      "no such case",
    ]
  );
};

const EMPTY = "body-decodes";
const sound = '{"id": 1, "tags": []}';

describe("an answer to a valid request", () => {
  test.each<[string, ApiAnswer, readonly string[]]>([
    ["as documented", answer(200, sound), []],
    [
      "with a charset and a byte order mark",
      answer(200, `\ufeff${sound}`, "application/json; charset=UTF-8"),
      [],
    ],
    ["of a charset that is not read", answer(200, "\u00ff", "application/json; charset=utf-16"), []],
    ["without content, where none is documented", answer(204, "", ""), []],
    ["404 with a problem", answer(404, "{}", "application/problem+json"), []],
    ["404 with plain JSON for a problem", answer(404, "{}"), []],
    ["500", answer(500), ["server-error failure"]],
    ["503, which a proxy may say", answer(503), ["server-error warning"]],
    ["a status that nobody documented", answer(202, sound), ["status-documented failure"]],
    ["a redirect that nobody documented", answer(302), ["status-documented failure"]],
    ["of another type", answer(200, "<p>", "text/html"), ["content-type failure"]],
    ["without a type", answer(200, sound, ""), ["content-type failure"]],
    ["empty", answer(200), ["body-decodes failure"]],
    ["no JSON", answer(200, "{"), ["body-decodes failure"]],
    ["not UTF-8", { ...answer(200), body: Uint8Array.of(0xff) }, ["body-decodes failure"]],
    ["of another shape", answer(200, '{"id": "1", "tags": []}'), ["response-schema failure"]],
    ["with one mistake many times", answer(200, '{"id": 1, "tags": [1, 2, 3]}'), ["response-schema failure"]],
    ["with two mistakes", answer(200, '{"id": "1"}'), ["response-schema failure", "response-schema failure"]],
    ["refused", answer(400, "{}"), ["valid-accepted warning"]],
    ["refused for who asks", answer(403, "{}"), []],
  ])("%s", async (_, given, expected) => {
    expect(await wrongWith(given)).toEqual(expected);
  });

  test.each<[string, readonly string[]]>([
    ["gzip", ["body-decodes warning"]],
    ["identity", []],
  ])("one that is encoded as %s: %j, for nobody looks into what is compressed", async (encoding, wrong) => {
    const { headers, ...rest } = answer(200, sound);
    expect(await wrongWith({ ...rest, headers: [...headers, ["content-encoding", encoding]] })).toEqual(
      wrong,
    );
  });

  test("an answer nested without end is not the end", async () => {
    const deep = `{"id": 1, "tags": ${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
    expect(await wrongWith(answer(200, deep))).toEqual(["response-schema failure"]);
  });
});

describe("an answer where several types or ranges are documented", () => {
  const object = (...required: readonly string[]) => ({ schema: { type: "object", required } });
  const TEXT = { "text/plain": { schema: { type: "string" } } };
  const VERSIONS = { "application/json; version=1": object("a"), "application/json;version=2": object("b") };
  const EITHER = { "*/*": object("a"), "application/json": object("b") };

  test.each<[string, JsonValue, ApiAnswer, readonly string[]]>([
    ["an empty text", TEXT, answer(200, "", "text/plain"), []],
    ["an empty text that does not say its type", TEXT, answer(200, "", ""), []],
    ["an empty file", { "application/octet-stream": {} }, answer(200, "", "application/octet-stream"), []],
    ["an empty answer beside text", { ...TEXT, ...EITHER }, answer(200, "", "application/json"), [EMPTY]],
    ["an empty page where JSON is", { "application/json": {} }, answer(200, "", "text/html"), [EMPTY]],
    ["nothing where anything is", { "*/*": object("a") }, answer(200, "", ""), [EMPTY]],
    ["an empty text where anything is", { "*/*": { schema: {} } }, answer(200, "", "text/plain"), []],
    ["JSON of any type", { "*/*": object("a") }, answer(200, "{}"), ["response-schema"]],
    ["JSON of a range", { "application/*": object("a") }, answer(200, "{}"), ["response-schema"]],
    ["text of any type", { "*/*": object("a") }, answer(200, "{}", "text/plain"), []],
    ["of the more specific type", EITHER, answer(200, '{"b": 1}'), []],
    ["of the range only", EITHER, answer(200, '{"a": 1}', "application/x+json"), []],
    ["of the second version", VERSIONS, answer(200, '{"b": 1}', "application/json; version=2"), []],
    [
      "of the first version, and not as it",
      VERSIONS,
      answer(200, '{"b": 1}', 'application/json; charset=utf-8; VERSION="1"'),
      ["response-schema"],
    ],
    ["of one version or the other", VERSIONS, answer(200, '{"b": 1}'), []],
    ["of no version that is documented", VERSIONS, answer(200, "[]", "application/json; version=3"), []],
  ])("%s", async (_, content, given, expected) => {
    const { tests } = await planOf({
      "api.yaml": document({ responses: { "200": { description: "", content } } }),
    });
    const [first] = tests?.plan.cases ?? [];
    expect(tests?.judge(first?.id ?? "", given)?.map(({ check }) => check)).toEqual(expected);
  });
});

describe("an answer to a request that breaks a rule", () => {
  test.each<[string, ApiAnswer, readonly string[]]>([
    ["refused", answer(400, "{}"), []],
    ["not found", answer(404, "{}"), []],
    ["taken", answer(200, "{}"), ["invalid-rejected failure"]],
    ["a redirect proves nothing", answer(302), ["status-documented failure"]],
    ["a crash is one failure and not two", answer(500), ["server-error failure"]],
  ])("%s", async (_, given, expected) => {
    expect(await wrongWith(given, "rejected")).toEqual(expected);
  });
});

test("a mistake in an answer is shown at the rule that it breaks", async () => {
  const { tests } = await planOf({ "api.yaml": JSON.stringify(JSON.parse(text), null, 1) });
  const [first] = tests?.plan.cases ?? [];
  const findings = tests?.judge(first?.id ?? "", answer(200, '{"id": "1", "tags": [1]}')) ?? [];
  expect(findings.map(({ place }) => place.pointer.split("/schema/")[1])).toEqual([
    "properties/id/type",
    "properties/tags/items/type",
  ]);
});

test("null where `nullable` of 3.0 has no type beside it is one warning, and other wrong values are failures", async () => {
  const owner = { nullable: true, allOf: [{ type: "object", required: ["a"] }] };
  const schema = { type: "object", required: ["owner"], properties: { owner } };
  const responses = { "200": { description: "", content: { "application/json": { schema } } } };
  const { tests } = await planOf({ "api.yaml": document({ responses }, { openapi: "3.0.3" }) });
  const [first] = tests?.plan.cases ?? [];
  const said = (body: string) =>
    tests?.judge(first?.id ?? "", answer(200, body))?.map(({ check, severity }) => `${check} ${severity}`);
  expect(said('{"owner": null}')).toEqual(["response-schema warning"]);
  expect(said('{"owner": {"a": 1}}')).toEqual([]);
  expect(said('{"owner": 1}')).toEqual(["response-schema failure"]);
  expect(JSON.stringify(tests?.plan.schemas)).toContain('"owner":{"anyOf":[{"type":"null"},');
});

test("a case that is not of the document is not judged", async () => {
  const { tests } = await planOf({ "api.yaml": text });
  expect(tests?.judge("0000000000000000", answer(200))).toBeUndefined();
  expect(tests?.smaller("0000000000000000")).toEqual([]);
});
