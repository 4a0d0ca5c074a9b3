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
 * Whether a place is still within the bound of a spec; reports it once when it is not. Depths are counted
 * before anything is lowered, each operator, suffix and `else if` of a chain for what it adds at most, so
 * what passes is never deeper than the bound in the spec.
 */
export const withinDepth = (
  context: LowerContext,
  depth: number,
  depthMax: number,
  span: readonly [number, number],
): boolean => {
  if (depth <= depthMax) return true;
  context.reporter.report("WRIT065", span, `this is nested more than ${depthMax} deep`);
  return false;
};
