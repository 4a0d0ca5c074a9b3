import { byCodeUnits } from "#kernel/canonical-json.ts";

/** The union of label lists, sorted by code units and without duplicates, as entries and requests carry it. */
export const joinLabels = (...lists: readonly (readonly string[])[]): readonly string[] =>
  Object.freeze([...new Set(lists.flat())].sort(byCodeUnits));
