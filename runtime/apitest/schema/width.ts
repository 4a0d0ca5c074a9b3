import { isJsonObject, type JsonValue } from "#kernel/json.ts";

import { pointerTo } from "../load/pointer.ts";
import type { Sample } from "./sample.ts";

/** Every place of a value that a schema may speak of, the items of a list being one place. */
export const placesIn = (value: JsonValue): ReadonlySet<string> => {
  const places = new Set<string>();
  const walk = (each: JsonValue, at: string): void => {
    if (at !== "") places.add(at);
    if (Array.isArray(each)) for (const item of each as readonly JsonValue[]) walk(item, `${at}/*`);
    else if (isJsonObject(each)) {
      for (const [name, member] of Object.entries(each)) walk(member, pointerTo(at, name));
    }
  };
  walk(value, "");
  return places;
};

/** How much is filled in a value; of a list its widest item counts. */
const widthOf = (value: JsonValue): number => {
  if (Array.isArray(value)) return 1 + Math.max(0, ...(value as readonly JsonValue[]).map(widthOf));
  if (!isJsonObject(value)) return 1;
  return Object.values(value).reduce<number>((width, member) => width + widthOf(member), 1);
};

/** The sample in which most is filled, up to a width; the first of several, and the first where all are wider. */
export const widestOf = (samples: readonly Sample[], widthMax = Infinity): Sample | undefined => {
  let [widest] = samples;
  let most = 0;
  for (const sample of samples) {
    const width = widthOf(sample.value);
    if (width <= most || width > widthMax) continue;
    widest = sample;
    most = width;
  }
  return widest;
};
