import { isAbsolute, join, resolve } from "node:path";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createModelKeys } from "#adapters/model-files/model-keys.ts";
import type { KeyVariable } from "#adapters/model-files/model-keys.ts";
import { readUserFile } from "#adapters/model-files/user-file.ts";
import type { ScriptedOptions } from "#adapters/models-scripted/index.ts";
import { openScriptedModel } from "#adapters/models-scripted/index.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { LanguageModel } from "#ports/language-model.ts";
import type { SecretSource } from "#ports/secret-source.ts";

import type { ChosenModel } from "../models/choose-model.ts";
import {
  BUILT_IN_ENDPOINT,
  chooseModel,
  endpointNamed,
  isEndpointName,
  URL_VARIABLE,
} from "../models/choose-model.ts";
import { readEndpointUrl } from "../models/endpoint-url.ts";
import { OPENAI_ORIGIN } from "../models/openai-origin.ts";
import type { ModelSettings } from "../models/settings.ts";
import { readModelSettings } from "../models/settings.ts";
import { keyedByClient } from "../models/keyed-by-client.ts";
import type { RunHooks } from "../server/run-starter.ts";

/** What of this user and machine says which model a name means. */
export interface ModelPlace {
  /** Where the path of a script begins. */
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly stateDirectory: string;
}

/** Where a user's configuration lies, and how to call it (the XDG base directory specification). */
export const configurationFolder = (
  variables: Readonly<Record<string, string | undefined>>,
  home: string,
): { readonly folder: string; readonly shownAs: string } => {
  const said = variables["XDG_CONFIG_HOME"] ?? "";
  // The specification says that a relative path is to be ignored.
  return isAbsolute(said)
    ? { folder: join(said, "writ"), shownAs: "$XDG_CONFIG_HOME/writ" }
    : { folder: join(home, ".config", "writ"), shownAs: "~/.config/writ" };
};

/** The model that a person named, not opened: neither its script nor its key is read. */
export const modelNamed = async (
  named: string | null,
  place: Pick<ModelPlace, "variables" | "home">,
): Promise<Result<ChosenModel, Fault<string>>> => {
  const settings = isEndpointName(named) ? await settingsOf(place) : ok(NO_SETTINGS);
  return settings.ok ? chooseModel(named, settings.value, place.variables) : settings;
};

/** What the clients of a host have for one of its runs. */
export type OfferedToRun = Pick<RunHooks, "clientModel" | "keys">;

export interface RunOfModel {
  /** What its model said to it before it was interrupted, which a script passes over. */
  readonly had?: ScriptedOptions["had"];
  /** Only the run of a host has clients. */
  readonly offered?: OfferedToRun;
}

/**
 * The model that a person named, ready to be asked.
 *
 * @param run what a run brings to its model.
 */
export const openModel = async (
  named: string | null,
  place: ModelPlace,
  run: RunOfModel = {},
): Promise<Result<LanguageModel, Fault<string>>> => {
  const { had = [], offered } = run;
  const chosen = await modelNamed(named, place);
  if (!chosen.ok) return chosen;
  if (chosen.value.k === "scripted") {
    const { path } = chosen.value;
    return openScriptedModel(resolve(place.cwd, path), { name: path, clock: systemClock, had });
  }
  if (chosen.value.k === "none") return ok(noModel(chosen.value.id));
  if (chosen.value.k === "client") {
    const served = offered?.clientModel(chosen.value.id);
    return served === undefined ? failed(offered === undefined ? CLIENT_MODEL : NOT_OFFERED) : ok(served);
  }
  const { id, model, price, endpoint } = chosen.value;
  const { origin, baseUrl } = endpoint.url;
  const key = await modelKeys(place).secretFor(origin);
  if (!key.ok) return key;
  const keyHelp = howToGiveKey(origin, place);
  const isOffered = key.value === null && offered?.keys.has(origin) === true;
  if (key.value === null && endpoint.needsKey && !isOffered) {
    return failed(fault("HOST_NO_MODEL_KEY", `there is no key for ${origin}`, { help: keyHelp }));
  }
  // Most runs of a day never need this: it is the heaviest part of the house.
  const { createOpenAiModel } = await import("#adapters/models-openai/index.ts");
  const { outputTokensMax } = endpoint;
  const withKey = (own: string | null): LanguageModel =>
    createOpenAiModel(
      { id, name: model, baseUrl, key: own, keyHelp, outputTokensMax, price },
      { clock: systemClock },
    );
  return ok(
    isOffered
      ? keyedByClient(withKey, (signal) => offered.keys.read(origin, signal), origin)
      : withKey(key.value),
  );
};

/** For a run that never asks; one that does all the same gets no answer. */
const noModel = (id: string): LanguageModel => ({
  id,
  remote: false,
  async *stream() {
    yield {
      k: "failed",
      fault: fault("MODEL_REFUSED", "the run has no model to ask", { help: "name one with --model" }),
    };
  },
});

/** An endpoint that `--model <name>:<model>` may name here. */
export interface KnownEndpoint {
  readonly name: string;
  readonly origin: string;
  readonly needsKey: boolean;
  /** Whether there is a key for its origin, or why that cannot be told. Never the key. */
  readonly key: Result<boolean, Fault<string>>;
}

/** Every endpoint that this user can name, the built-in one first. Nothing is sent to any. */
export const knownEndpoints = async (
  place: Omit<ModelPlace, "cwd">,
): Promise<Result<readonly KnownEndpoint[], Fault<string>>> => {
  const settings = await settingsOf(place);
  if (!settings.ok) return settings;
  const keys = modelKeys(place);
  const known: KnownEndpoint[] = [];
  for (const name of new Set([BUILT_IN_ENDPOINT, ...settings.value.keys()])) {
    const endpoint = endpointNamed(name, settings.value, place.variables);
    if (!endpoint.ok) return endpoint;
    const { url, needsKey } = endpoint.value;
    const key = await keys.secretFor(url.origin);
    known.push({ name, origin: url.origin, needsKey, key: key.ok ? ok(key.value !== null) : key });
  }
  return ok(known);
};

const keyFile = ({ stateDirectory }: Pick<ModelPlace, "stateDirectory">): string =>
  join(stateDirectory, "model-keys.json");

const modelKeys = (place: Pick<ModelPlace, "variables" | "stateDirectory">): SecretSource =>
  createModelKeys({
    file: keyFile(place),
    variables: place.variables,
    bound: keyVariables(place.variables),
  });

const CLIENT_MODEL = fault(
  "HOST_MODEL_OF_CLIENT",
  "models of clients are there for runs of the workspace's host only",
  {
    help: "start the run with --detach while a client is there that offers the model",
  },
);
const NOT_OFFERED = fault("HOST_MODEL_NOT_OFFERED", "no client offers this model now", {
  help: "open the window that has it, and start again",
  retryable: true,
});

/**
 * The key that has to stay with this process when a host asks the named model: the environment has
 * it, and the file from which the host takes keys does not. Null where the host needs nothing.
 */
export const keyToOffer = async (
  named: string | null,
  place: ModelPlace,
): Promise<Result<{ readonly origin: string; readonly key: string } | null, Fault<string>>> => {
  const chosen = await modelNamed(named, place);
  if (!chosen.ok) return chosen;
  if (chosen.value.k !== "endpoint") return ok(null);
  const { origin } = chosen.value.endpoint.url;
  const stored = await modelKeys({ ...place, variables: {} }).secretFor(origin);
  if (!stored.ok || stored.value !== null) return stored.ok ? ok(null) : stored;
  const key = await modelKeys(place).secretFor(origin);
  if (!key.ok) return key;
  return ok(key.value === null ? null : { origin, key: key.value });
};

const NO_SETTINGS: ModelSettings = new Map();

const settingsOf = async ({
  variables,
  home,
}: Pick<ModelPlace, "variables" | "home">): Promise<Result<ModelSettings, Fault<string>>> => {
  const { folder, shownAs } = configurationFolder(variables, home);
  const shown = `\`${shownAs}/models.json\``;
  const refuse = (why: string, help: string): Result<never, Fault<string>> =>
    failed(fault("HOST_MODEL_SETTINGS", `${shown} ${why}`, { help }));
  const read = await readUserFile(join(folder, "models.json"), "settings");
  if (!read.ok) {
    const { k, why } = read.fault;
    const help = k === "exposed" ? "look through it, and then `chmod go-w` it" : "mend or remove it";
    return refuse(k === "exposed" ? `${why}, who could send your data elsewhere` : why, help);
  }
  if (read.value === null) return ok(NO_SETTINGS);
  const settings = readModelSettings(read.value);
  return settings.ok ? settings : refuse(settings.fault, "docs/models.md describes the format");
};

/** Each variable with a key is bound to one origin: the one that the environment names beside it, or OpenAI's. */
const keyVariables = (variables: ModelPlace["variables"]): readonly KeyVariable[] => {
  const said = (variables[URL_VARIABLE] ?? "").trim();
  const url = said === "" ? null : readEndpointUrl(said, { allowPlainHttp: false });
  const own = url === null ? OPENAI_ORIGIN : url.ok ? url.value.origin : null;
  return [
    ...(own === null ? [] : [{ name: "WRIT_MODEL_KEY", origin: own }]),
    { name: "OPENAI_API_KEY", origin: OPENAI_ORIGIN },
  ];
};

const howToGiveKey = (origin: string, place: ModelPlace): string => {
  const names = keyVariables(place.variables)
    .filter((variable) => variable.origin === origin)
    .map(({ name }) => name);
  const line = `write {"${origin}": "<key>"} into \`${visibleText(keyFile(place))}\` with mode 0600`;
  return names.length === 0 ? line : `set ${names.join(" or ")}, or ${line}`;
};
