import type { LangiumParser } from "langium";

/** The part of Chevrotain's parser that says, for each decision of a rule, which way a text goes. */
interface LookaheadStrategy {
  buildLookaheadForAlternation(options: unknown): Decide;
  buildLookaheadForOptional(options: unknown): Decide;
}

type Decide = (this: unknown, ...given: unknown[]) => unknown;

/**
 * Makes a parser work out each of its decisions when a text first comes to it, instead of all of
 * them before the first text. A small file needs few, and working them out is a quarter of the
 * start. To be called before `finalize`.
 *
 * Langium does not hand out the strategy, so it is taken from inside; where it is not found, the
 * parser is only slower to start.
 */
export const decideLazily = (parser: LangiumParser): void => {
  const inner: unknown = Reflect.get(parser, "wrapper");
  if (typeof inner !== "object" || inner === null) return;
  const strategy: unknown = Reflect.get(inner, "lookaheadStrategy");
  if (!isStrategy(strategy)) return;
  const alternation = strategy.buildLookaheadForAlternation.bind(strategy);
  const optional = strategy.buildLookaheadForOptional.bind(strategy);
  strategy.buildLookaheadForAlternation = (options) => whenAsked(() => alternation(options));
  strategy.buildLookaheadForOptional = (options) => whenAsked(() => optional(options));
};

const isStrategy = (value: unknown): value is LookaheadStrategy =>
  typeof value === "object" &&
  value !== null &&
  "buildLookaheadForAlternation" in value &&
  "buildLookaheadForOptional" in value;

/** Chevrotain calls a decision as a method of its parser. */
const whenAsked = (build: () => Decide): Decide => {
  let decide: Decide | undefined;
  return function (this: unknown, ...given) {
    decide ??= build();
    return decide.apply(this, given);
  };
};
