import { byCodeUnits } from "#kernel/canonical-json.ts";

/**
 * Data-flow labels: sorted, without duplicates. What is derived from several things carries the
 * labels of all of them.
 */
export type Labels = readonly string[];

export const NO_LABELS: Labels = [];

export const joinLabels = (left: Labels, right: Labels): Labels => {
  if (right.length === 0 || left === right) return left;
  if (left.length === 0) return right;
  if (right.every((label) => left.includes(label))) return left;
  return labelsOf([...left, ...right]);
};

/** The labels among strings in any order. */
export const labelsOf = (labels: Iterable<string>): Labels => [...new Set(labels)].sort(byCodeUnits);
