import type { Around, PathForm } from "#protocol/call-path.ts";
import type { Span } from "#protocol/source.ts";

/** How a rule compares a thing with a text: the whole of it, or what its methods ask. */
export const AROUND = {
  whole: { before: false, after: false },
  starts_with: { before: false, after: true },
  ends_with: { before: true, after: false },
  contains: { before: true, after: true },
} as const satisfies Readonly<Record<string, Around>>;

export type Comparison = keyof typeof AROUND;

/** A text that is written out, which rules compare with a path of this form. */
export interface PathLiteral {
  readonly text: string;
  readonly span: Span;
  readonly form: PathForm;
  readonly compared: Comparison;
  /** Where the path stands that is compared with it, where it has a place of its own. */
  readonly subject?: Span;
}
