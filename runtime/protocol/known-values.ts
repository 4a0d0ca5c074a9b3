import { SANDBOX_TIERS } from "./agent-spec.ts";
import type { Around } from "./call-path.ts";
import { FILE_CHANGES, ON_BEHALF_OF_KINDS } from "./policy-vocabulary.ts";
import { TOOL_EFFECTS, TOOL_RISKS } from "./tool-descriptors.ts";

/*
 * Attributes of which the values are known beforehand, as docs/formats/policy-vocabulary.md lists them.
 * A rule that compares one with anything else never matches, and a `deny` that never matches denies nothing.
 */

export interface KnownValues {
  /** Whether a value is the text, or begins with it, ends with it or holds it, as `around` leaves open. */
  readonly may: (text: string, around: Around) => boolean;
  /** What the values are, behind "it is ". */
  readonly says: string;
  /** All of them; empty where there are too many to list. */
  readonly all: readonly string[];
}

/** The values of `resource.<name>`, `context.<name>` or `on_behalf_of.<name>`; undefined where any text may be one. */
export const knownValues = (root: string, name: string): KnownValues | undefined =>
  KNOWN.get(`${root}.${name}`);

const oneOf = (all: readonly string[]): KnownValues => ({
  may: (text, around) => all.some((value) => isMet(value, text, around)),
  says: `one of ${all.map((value) => `\`${value}\``).join(", ")}`,
  all,
});

const isMet = (value: string, text: string, { before, after }: Around): boolean => {
  if (before && after) return value.includes(text);
  if (before) return value.endsWith(text);
  return after ? value.startsWith(text) : value === text;
};

/** Attributes of resources have these names in one type of resource only. */
const KNOWN: ReadonlyMap<string, KnownValues> = new Map([
  ["resource.change", oneOf(FILE_CHANGES)],
  ["resource.scheme", oneOf(["http", "https"])],
  ["resource.risk", oneOf(TOOL_RISKS)],
  ["resource.effects", oneOf(TOOL_EFFECTS)],
  [
    "resource.method",
    {
      may: (text, { before, after }) =>
        before || after ? /^[A-Z]{0,32}$/.test(text) : /^[A-Z]{1,32}$/.test(text),
      says: "1 to 32 letters in upper case",
      all: [],
    },
  ],
  ["context.sandbox_tier", oneOf(SANDBOX_TIERS)],
  ["on_behalf_of.kind", oneOf(ON_BEHALF_OF_KINDS)],
]);
