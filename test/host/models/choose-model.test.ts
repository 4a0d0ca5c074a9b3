import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseModel } from "#host/models/choose-model.ts";
import { readEndpointUrl } from "#host/models/endpoint-url.ts";
import type { ModelSettings } from "#host/models/settings.ts";
import { readModelSettings } from "#host/models/settings.ts";
import type { JsonValue } from "#kernel/json.ts";
import { modelOfEntityId, entityId } from "#protocol/entity-id.ts";

const settingsOf = (endpoints: JsonValue): ModelSettings => {
  const read = readModelSettings(JSON.stringify({ endpoints }));
  if (!read.ok) throw new Error(read.fault);
  return read.value;
};
const NONE: ModelSettings = new Map();

describe("the URL of an endpoint", () => {
  test.each([
    ["https://models.example.com/v1", "https://models.example.com/v1"],
    ["https://models.example.com/v1///", "https://models.example.com/v1"],
    ["HTTPS://Models.Example.COM:443/v1", "https://models.example.com/v1"],
    ["http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"],
    ["http://127.1:11434/v1", "http://127.0.0.1:11434/v1"],
    ["http://localhost:1234", "http://localhost:1234"],
    ["http://[::1]:8080/v1", "http://[::1]:8080/v1"],
  ])("%s is %s", (text, baseUrl) => {
    expect(readEndpointUrl(text, { allowPlainHttp: false })).toMatchObject({ ok: true, value: { baseUrl } });
  });

  test.each([
    ["models", "is no URL"],
    ["", "is no URL"],
    ["file:///etc/passwd", "is neither https nor http"],
    ["ftp://models.example.com", "is neither https nor http"],
    ["http://models.example.com/v1", "without encryption"],
    ["http://127.0.0.1.example.com/v1", "without encryption"],
    ["http://localhost.example.com/v1", "without encryption"],
    ["http://128.0.0.1/v1", "without encryption"],
    ["http://[::2]/v1", "without encryption"],
    ["https://ada:secret@models.example.com/v1", "a name or a password"],
    ["https://models.example.com/v1?key=x", "behind its path"],
    ["https://models.example.com/v1#x", "behind its path"],
    ["https://models.example.com/@v1", "an `@`"],
    [`https://models.example.com/${"v".repeat(200)}`, "more than 200 characters"],
  ])("%s is refused: %s", (text, why) => {
    expect(readEndpointUrl(text, { allowPlainHttp: false })).toMatchObject({
      ok: false,
      fault: expect.stringContaining(why) as string,
    });
  });

  test("may be plain where the settings say so", () => {
    expect(readEndpointUrl("http://models.lan/v1", { allowPlainHttp: true })).toMatchObject({
      ok: true,
      value: { isLoopback: false },
    });
  });
});

describe("the name of a model", () => {
  const settings = settingsOf({
    work: { url: "https://models.example.com/v1", prices: { tiny: { input: 1, output: 2 } } },
    openai: { url: "https://gateway.example.com/v1", outputTokensMax: 99 },
  });
  test.each<[string, ModelSettings, Record<string, string>, string]>([
    ["openai:gpt-4o", NONE, {}, "openai:gpt-4o@https://api.openai.com/v1"],
    [
      "openai:llama3.2",
      NONE,
      { WRIT_MODEL_URL: "http://127.0.0.1:11434/v1" },
      "openai:llama3.2@http://127.0.0.1:11434/v1",
    ],
    ["openai:gpt-4o", settings, {}, "openai:gpt-4o@https://gateway.example.com/v1"],
    [
      "openai:m",
      settings,
      { WRIT_MODEL_URL: "https://other.example.com/" },
      "openai:m@https://other.example.com",
    ],
    [
      "work:tiny",
      settings,
      { WRIT_MODEL_URL: "https://other.example.com/" },
      "work:tiny@https://models.example.com/v1",
    ],
    ["openai:@cf/meta/llama:8b", NONE, {}, "openai:@cf/meta/llama:8b@https://api.openai.com/v1"],
    ["scripted:model.json", settings, {}, "scripted:model.json"],
  ])("%s", (named, known, variables, id) => {
    const chosen = chooseModel(named, known, variables);
    expect(chosen).toMatchObject({ ok: true, value: { id, remote: !named.startsWith("scripted") } });
    expect(modelOfEntityId(entityId(id))).toBeDefined();
  });

  test.each<[string | null, string]>([
    ["gpt-4o", "HOST_UNKNOWN_MODEL"],
    [":gpt-4o", "HOST_UNKNOWN_MODEL"],
    ["openai:", "HOST_UNKNOWN_MODEL"],
    ["openai:two words", "HOST_UNKNOWN_MODEL"],
    ["openai:\u202egpt", "HOST_UNKNOWN_MODEL"],
    [`openai:${"x".repeat(201)}`, "HOST_UNKNOWN_MODEL"],
    ["home:tiny", "HOST_UNKNOWN_MODEL"],
    ["__proto__:tiny", "HOST_UNKNOWN_MODEL"],
  ])("%j is none: %s", (named, code) => {
    expect(chooseModel(named, settings, {})).toMatchObject({ ok: false, fault: { code } });
  });

  test("two models at two URLs never share an id", () => {
    const part = fc.stringMatching(/^[!-~]{1,20}$/);
    const ids = new Map<string, string>();
    fc.assert(
      fc.property(part, fc.webUrl({ validSchemes: ["https"] }), (model, url) => {
        const chosen = chooseModel(`openai:${model}`, NONE, { WRIT_MODEL_URL: url });
        if (!chosen.ok || chosen.value.k !== "endpoint") return;
        const key = `${model} ${chosen.value.endpoint.url.baseUrl}`;
        expect(ids.get(chosen.value.id) ?? key).toBe(key);
        ids.set(chosen.value.id, key);
      }),
    );
    expect(ids.size).toBeGreaterThan(0);
  });

  test("needs a key unless it is on this machine or the settings say so", () => {
    const needsKey = (url: string, more: object = {}): boolean | undefined =>
      settingsOf({ a: { url, ...more } }).get("a")?.needsKey;
    expect(needsKey("https://models.example.com")).toBe(true);
    expect(needsKey("https://models.example.com", { needsKey: false })).toBe(false);
    expect(needsKey("http://127.0.0.1:1")).toBe(false);
    expect(needsKey("http://127.0.0.1:1", { needsKey: true })).toBe(true);
  });
});

describe("the price of a model", () => {
  const priceOf = (named: string, settings: ModelSettings, variables = {}): unknown => {
    const chosen = chooseModel(named, settings, variables);
    return chosen.ok && chosen.value.k === "endpoint" ? chosen.value.price : undefined;
  };
  const own = settingsOf({
    work: { url: "https://models.example.com", prices: { tiny: { input: 1, output: 2 } } },
    openai: {
      url: "https://api.openai.com/v1",
      prices: { "gpt-4o": { input: 9, cachedInput: 0, output: 8 } },
    },
  });
  test("is the one that the user said", () => {
    const mine = { inputUsdPerMillion: 9, cachedInputUsdPerMillion: 0, outputUsdPerMillion: 8 };
    expect(priceOf("openai:gpt-4o", own)).toEqual(mine);
  });
  test("of cached input is that of input where nothing else is said", () => {
    const mine = { inputUsdPerMillion: 1, cachedInputUsdPerMillion: 1, outputUsdPerMillion: 2 };
    expect(priceOf("work:tiny", own)).toEqual(mine);
  });
  test("is not known for another model, another date of one, or another place", () => {
    expect(priceOf("openai:gpt-4o", NONE)).toBeNull();
    expect(priceOf("openai:gpt-99", NONE)).toBeNull();
    expect(priceOf("openai:gpt-4o-2099-01-01", NONE)).toBeNull();
    expect(priceOf("openai:constructor", NONE)).toBeNull();
    expect(priceOf("work:gpt-4o", own)).toBeNull();
    expect(priceOf("openai:gpt-4o", own, { WRIT_MODEL_URL: "http://127.0.0.1:1" })).toBeNull();
  });
});

describe("settings", () => {
  test.each<[string, RegExp]>([
    ["", /not readable as JSON/],
    ["[]", /is not an object/],
    ['{"endpoint":{}}', /a field `endpoint` that is not known/],
    ['{"endpoints":[]}', /`endpoints` is not an object/],
    ['{"endpoints":{"a":{},"a":{}}}', /not readable as JSON/],
    ['{"endpoints":{"A":{"url":"https://a.example"}}}', /a name is lower-case/],
    ['{"endpoints":{"scripted":{"url":"https://a.example"}}}', /another kind/],
    ['{"endpoints":{"client":{"url":"https://a.example"}}}', /another kind/],
    ['{"endpoints":{"a":"https://a.example"}}', /`endpoints.a` is not an object/],
    ['{"endpoints":{"a":{}}}', /has no `url`/],
    ['{"endpoints":{"a":{"url":"http://a.example"}}}', /without encryption/],
    ['{"endpoints":{"a":{"url":"https://a.example","allowPlainHttp":"yes"}}}', /not true or false/],
    ['{"endpoints":{"a":{"url":"https://a.example","key":"sk-1"}}}', /a field `key`/],
    ['{"endpoints":{"a":{"url":"https://a.example","outputTokensMax":0}}}', /whole number from 1/],
    ['{"endpoints":{"a":{"url":"https://a.example","outputTokensMax":1.5}}}', /whole number from 1/],
    ['{"endpoints":{"a":{"url":"https://a.example","prices":{"m":{"input":1}}}}}', /has to say/],
    ['{"endpoints":{"a":{"url":"https://a.example","prices":{"m":{"input":-1,"output":1}}}}}', /has to say/],
    ['{"endpoints":{"a":{"url":"https://a.example","prices":{"m":{"input":"1","output":1}}}}}', /has to say/],
  ])("%s are refused", (text, why) => {
    expect(readModelSettings(text)).toMatchObject({ ok: false, fault: expect.stringMatching(why) as string });
  });

  test("of any text are read or refused, without an exception", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(typeof readModelSettings(text).ok).toBe("boolean");
      }),
    );
  });
});
