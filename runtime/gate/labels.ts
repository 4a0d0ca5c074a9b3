import { byCodeUnits } from "#kernel/canonical-json.ts";
import type { JsonValue } from "#kernel/json.ts";

/** Most labels of one value, and the longest name of one. */
const LABELS_MAX = 64;
const LABEL_CHARACTERS_MAX = 128;

/** Whether a value is a list of labels that an entry can carry. */
export const isLabels = (value: JsonValue | undefined): value is readonly string[] =>
  Array.isArray(value) &&
  value.length <= LABELS_MAX &&
  value.every(
    (label) => typeof label === "string" && label.length > 0 && label.length <= LABEL_CHARACTERS_MAX,
  );

/** The union of label lists, sorted by code units and without duplicates, as entries and requests carry it. */
export const joinLabels = (...lists: readonly (readonly string[])[]): readonly string[] =>
  Object.freeze([...new Set(lists.flat())].sort(byCodeUnits));
