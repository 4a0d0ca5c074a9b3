import type { KnownValues } from "#protocol/known-values.ts";
import type { Span } from "#protocol/source.ts";
import { didYouMean, quoted } from "../semantics/reporter.ts";
import type { LowerContext } from "./context.ts";
import { AROUND, type Comparison } from "./text-comparison.ts";

/** A text that is written out, which rules compare with something of which the values are known. */
interface ValueLiteral {
  readonly text: string;
  readonly span: Span;
  readonly values: KnownValues;
  readonly compared: Comparison;
}

/** Whether a rule may compare so. A text that no value can meet is reported. */
export const mayBeValue = (
  context: LowerContext,
  { text, span, values, compared }: ValueLiteral,
): boolean => {
  if (values.may(text, AROUND[compared])) return true;
  const guess = compared === "whole" ? context.reporter.nearest(text, values.all) : undefined;
  context.reporter.report("WRIT086", span, `what this is compared with is never ${quoted(text)}`, {
    ...didYouMean(guess, span, `"${guess}"`),
    help: `It is ${values.says}.`,
  });
  return false;
};
