import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { ModelPrice } from "#ports/language-model.ts";
import type { EndpointUrl } from "./endpoint-url.ts";
import { readEndpointUrl } from "./endpoint-url.ts";

/*
 * The user's file of model endpoints; docs/models.md describes it. It is user text, so reading it never
 * throws, and a key that is not known keeps all of it from counting: it may be a safeguard, misspelt.
 */

export interface EndpointSettings {
  readonly url: EndpointUrl;
  /** Whether a run is refused without a key; a server on this machine needs none. */
  readonly needsKey: boolean;
  /** Most tokens that one answer is asked for. */
  readonly outputTokensMax: number;
  readonly prices: ReadonlyMap<string, ModelPrice>;
}

export type ModelSettings = ReadonlyMap<string, EndpointSettings>;

/** An answer may be as long as this unless the settings say otherwise; providers refuse to be asked for more than a model has. */
export const OUTPUT_TOKENS_MAX_DEFAULT = 16_384;
const OUTPUT_TOKENS_MAX = 10_000_000;
const USD_PER_MILLION_MAX = 1_000_000;

/** Names that mean something else in front of a model. */
const RESERVED: readonly string[] = ["scripted", "replay", "client"];
const NAME = /^[a-z][a-z0-9-]{0,63}$/;

/** The settings that a text says, or the first place that is wrong and why, for people. */
export const readModelSettings = (text: string): Result<ModelSettings, string> => {
  const reading = readJson(text);
  if (!reading.ok) return failed(`is not readable as JSON: ${reading.detail}`);
  const file = fieldsOf(reading.value, "", ["endpoints"]);
  if (!file.ok) return file;
  const named = ownValue(file.value, "endpoints") ?? {};
  if (!isJsonObject(named)) return failed("`endpoints` is not an object");
  const settings = new Map<string, EndpointSettings>();
  for (const [name, value] of Object.entries(named)) {
    const place = `\`endpoints.${visibleExcerpt(name, 64)}\``;
    if (!NAME.test(name)) return failed(`${place}: a name is lower-case letters, digits and hyphens`);
    if (RESERVED.includes(name)) return failed(`${place}: this name stands for models of another kind`);
    const endpoint = readEndpoint(value, place);
    if (!endpoint.ok) return endpoint;
    settings.set(name, endpoint.value);
  }
  return ok(settings);
};

const readEndpoint = (value: JsonValue, place: string): Result<EndpointSettings, string> => {
  const read = fieldsOf(value, place, ["url", "allowPlainHttp", "needsKey", "outputTokensMax", "prices"]);
  if (!read.ok) return read;
  const [text, allowPlainHttp, needsKey, outputTokensMax, prices] = [
    ownValue(read.value, "url"),
    ownValue(read.value, "allowPlainHttp") ?? false,
    ownValue(read.value, "needsKey"),
    ownValue(read.value, "outputTokensMax") ?? OUTPUT_TOKENS_MAX_DEFAULT,
    ownValue(read.value, "prices") ?? {},
  ];
  if (typeof text !== "string") return failed(`${place} has no \`url\``);
  if (typeof allowPlainHttp !== "boolean")
    return failed(`\`allowPlainHttp\` of ${place} is not true or false`);
  const url = readEndpointUrl(text, { allowPlainHttp });
  if (!url.ok) return failed(`\`url\` of ${place} ${url.fault}`);
  if (needsKey !== undefined && typeof needsKey !== "boolean") {
    return failed(`\`needsKey\` of ${place} is not true or false`);
  }
  if (!isBetween(outputTokensMax, 1, OUTPUT_TOKENS_MAX) || !Number.isInteger(outputTokensMax)) {
    return failed(`\`outputTokensMax\` of ${place} is not a whole number from 1 to ${OUTPUT_TOKENS_MAX}`);
  }
  const table = readPrices(prices, place);
  if (!table.ok) return table;
  return ok({
    url: url.value,
    needsKey: needsKey ?? !url.value.isLoopback,
    outputTokensMax,
    prices: table.value,
  });
};

const readPrices = (value: JsonValue, place: string): Result<ReadonlyMap<string, ModelPrice>, string> => {
  if (!isJsonObject(value)) return failed(`\`prices\` of ${place} is not an object`);
  const prices = new Map<string, ModelPrice>();
  for (const [model, given] of Object.entries(value)) {
    const where = `the price of \`${visibleExcerpt(model, 64)}\` in ${place}`;
    const read = fieldsOf(given, where, ["input", "cachedInput", "output"]);
    if (!read.ok) return read;
    const input = ownValue(read.value, "input");
    const output = ownValue(read.value, "output");
    const cachedInput = ownValue(read.value, "cachedInput") ?? input;
    if (![input, output, cachedInput].every((price) => isBetween(price, 0, USD_PER_MILLION_MAX))) {
      return failed(`${where} has to say \`input\` and \`output\` in US dollars for a million tokens`);
    }
    prices.set(model, {
      inputUsdPerMillion: Number(input),
      cachedInputUsdPerMillion: Number(cachedInput),
      outputUsdPerMillion: Number(output),
    });
  }
  return ok(prices);
};

const isBetween = (value: JsonValue | undefined, min: number, max: number): value is number =>
  typeof value === "number" && value >= min && value <= max;

const fieldsOf = (value: JsonValue, place: string, known: readonly string[]): Result<JsonObject, string> => {
  if (!isJsonObject(value)) return failed(place === "" ? "is not an object" : `${place} is not an object`);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  return unknown === undefined
    ? ok(value)
    : failed(
        `has a field \`${visibleExcerpt(unknown, 64)}\`${place === "" ? "" : ` in ${place}`} that is not known; known are ${known.join(", ")}`,
      );
};
