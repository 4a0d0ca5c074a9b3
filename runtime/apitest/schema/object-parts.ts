import type { JsonObject, JsonValue } from "#kernel/json.ts";

import type { Sample } from "./sample.ts";

/** What was found for each of some properties. */
export type Parts = ReadonlyMap<string, readonly Sample[]>;

export const NO_PARTS: JsonObject = Object.create(null) as JsonObject;

export const withPart = (object: JsonObject, name: string, value: JsonValue): JsonObject =>
  Object.assign(Object.create(null) as Record<string, JsonValue>, object, { [name]: value });

export const withParts = (
  object: JsonObject,
  parts: Parts,
  choose: (samples: readonly Sample[]) => Sample | undefined,
): JsonObject => {
  const built = Object.assign(Object.create(null) as Record<string, JsonValue>, object);
  for (const [name, samples] of parts) {
    const chosen = choose(samples);
    if (chosen !== undefined) built[name] = chosen.value;
  }
  return built;
};

export const plainestOf = ([first]: readonly Sample[]): Sample | undefined => first;
