import type { Sha256 } from "#kernel/digest.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import type { SourceText } from "../parser/source-text.ts";
import type { Reporter } from "../semantics/reporter.ts";

/** What every part of lowering needs. */
export interface LowerContext {
  readonly source: SourceText;
  readonly reporter: Reporter;
  readonly tools: ReadonlyMap<string, ToolDescriptor>;
  readonly digest: (bytes: Uint8Array) => Sha256;
}

/**
 * Deepest nesting of expressions and blocks in a spec, each operator, suffix and `else if` of a
 * chain counted. Readers of a spec may so walk it by recursion.
 */
export const LOWERED_DEPTH_MAX = 256;

/** Whether a place is still within the bound; reports it once when it is not. */
export const withinDepth = (
  context: LowerContext,
  depth: number,
  span: readonly [number, number],
): boolean => {
  if (depth <= LOWERED_DEPTH_MAX) return true;
  context.reporter.report("WRIT065", span, `this is nested more than ${LOWERED_DEPTH_MAX} deep`);
  return false;
};
