import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { ModelPrice } from "#ports/language-model.ts";
import { NO_MODEL } from "#protocol/consent.ts";
import { readEndpointUrl } from "./endpoint-url.ts";
import { OPENAI_ORIGIN } from "./openai-origin.ts";
import type { EndpointSettings, ModelSettings } from "./settings.ts";
import { OUTPUT_TOKENS_MAX_DEFAULT } from "./settings.ts";

/** The endpoint that needs no settings, and the variable that says another URL for it. */
export const BUILT_IN_ENDPOINT = "openai";
export const URL_VARIABLE = "WRIT_MODEL_URL";
const OPENAI_URL = `${OPENAI_ORIGIN}/v1`;

const SCRIPTED = "scripted:";
/** What the ids of models begin with that clients of a host serve. */
const CLIENT = "client:";
const MODEL_NAME = /^[\x21-\x7e]{1,200}$/;

/** A model that a person named, before anything of it was opened. */
export type ChosenModel =
  | { readonly k: "none"; readonly id: string; readonly remote: false }
  | { readonly k: "scripted"; readonly id: string; readonly remote: false; readonly path: string }
  /** What a client does with what it gets, nobody here knows. */
  | { readonly k: "client"; readonly id: string; readonly remote: true }
  | {
      readonly k: "endpoint";
      /** `<endpoint>:<model>@<url>`: where the data goes is part of what is agreed to and recorded. */
      readonly id: string;
      /** What answers on this machine may pass on what it gets, so nothing that has a URL counts as local. */
      readonly remote: true;
      readonly endpoint: EndpointSettings;
      readonly model: string;
      readonly price: ModelPrice | null;
    };

export type ModelChoiceFault = Fault<"HOST_UNKNOWN_MODEL" | "HOST_MODEL_URL">;

/** Whether the name is of a model behind an endpoint, for which the settings have to be read. */
export const isEndpointName = (named: string | null): named is string =>
  named !== null && !named.startsWith(SCRIPTED) && !named.startsWith(CLIENT);

/**
 * The model that a person named. Which endpoint a name means is for the user's own settings and
 * environment to say, the environment first; nothing of a workspace is asked.
 */
export const chooseModel = (
  named: string | null,
  settings: ModelSettings,
  variables: Readonly<Record<string, string | undefined>>,
): Result<ChosenModel, ModelChoiceFault> => {
  if (named === null) {
    return ok({ k: "none", id: NO_MODEL, remote: false });
  }
  if (named.startsWith(SCRIPTED)) {
    return ok({ k: "scripted", id: named, remote: false, path: named.slice(SCRIPTED.length) });
  }
  const colon = named.indexOf(":");
  const [name, model] = [named.slice(0, Math.max(0, colon)), named.slice(colon + 1)];
  if (colon < 1 || !MODEL_NAME.test(model)) {
    return failed(
      fault("HOST_UNKNOWN_MODEL", "a model is named with what provides it", { help: `it is ${FORMS}` }),
    );
  }
  if (named.startsWith(CLIENT)) return ok({ k: "client", id: named, remote: true });
  const endpoint = endpointNamed(name, settings, variables);
  if (!endpoint.ok) return endpoint;
  const { url, prices } = endpoint.value;
  return ok({
    k: "endpoint",
    id: `${name}:${model}@${url.baseUrl}`,
    remote: true,
    endpoint: endpoint.value,
    model,
    price: prices.get(model) ?? null,
  });
};

/** Why an agent that asks a model does not run without one. */
export const unlessModel = (
  model: { readonly id: string },
  isAsked: boolean,
): Fault<"HOST_NO_MODEL"> | null =>
  model.id === NO_MODEL && isAsked
    ? fault("HOST_NO_MODEL", "no model is chosen", { help: `name one with --model: ${FORMS}` })
    : null;

/** The name by which a person chose the model of this id, or null for none: where it answers is for the settings to say again. */
export const modelNameOf = (id: string): string | null => {
  if (id === NO_MODEL) return null;
  const at = isEndpointName(id) ? id.lastIndexOf("@http") : -1;
  return at < 0 ? id : id.slice(0, at);
};

const FORMS =
  "`scripted:<file>`, `openai:<model>`, or `<endpoint>:<model>` with an endpoint of your settings";

/** The endpoint that a name means here: the built-in one, or one of the settings. */
export const endpointNamed = (
  name: string,
  settings: ModelSettings,
  variables: Readonly<Record<string, string | undefined>>,
): Result<EndpointSettings, ModelChoiceFault> => {
  const own = settings.get(name);
  if (name !== BUILT_IN_ENDPOINT) {
    return own === undefined
      ? failed(
          fault("HOST_UNKNOWN_MODEL", "no endpoint of that name is known", {
            help: `known are ${[...new Set(["scripted", BUILT_IN_ENDPOINT, ...settings.keys()])].join(", ")}; your settings can name more, see docs/models.md`,
          }),
        )
      : ok(own);
  }
  const said = (variables[URL_VARIABLE] ?? "").trim();
  if (said === "" && own !== undefined) return ok(own);
  const url = readEndpointUrl(said === "" ? OPENAI_URL : said, { allowPlainHttp: false });
  if (!url.ok) {
    return failed(
      fault("HOST_MODEL_URL", `${URL_VARIABLE} ${url.fault}`, {
        help: "it is like https://models.example.com/v1, or like http://127.0.0.1:11434/v1 on this machine",
      }),
    );
  }
  return ok({
    url: url.value,
    needsKey: !url.value.isLoopback,
    outputTokensMax: own?.outputTokensMax ?? OUTPUT_TOKENS_MAX_DEFAULT,
    // Prices of another place say nothing about this one.
    prices: own?.url.origin === url.value.origin ? own.prices : new Map(),
  });
};
