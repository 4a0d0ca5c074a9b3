import type { RequirementId } from "#test/requirements.ts";

/**
 * Says that the surrounding `test` or `describe` proves the named rows of the product's promises.
 *
 * It does nothing at run time: citations are read from the source by the check on promises, so a citation
 * counts only as a call with string literals, in a file that vitest collects. Cite a row where the test would
 * fail if the promise were broken, and nowhere else.
 */
export function verifies(...ids: readonly [RequirementId, ...RequirementId[]]): void {
  void ids;
}
