/**
 * A value, or the reason why the world refused. Used where an operation can fail through no
 * fault of ours; user text goes through `Checked` (see problem.ts in protocol) instead, and a
 * mistake of our own is an `invariant()`.
 */
export type Result<T, E> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: E };

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });

export const failed = <E>(fault: E): { readonly ok: false; readonly fault: E } => ({
  ok: false,
  fault,
});

/**
 * Why the world refused. `code` is from a closed union per room and is what callers branch on;
 * classes are never used for that because several bundles may hold the same class twice.
 * `message` says what happened and why in lower case; `help` says what to do about it.
 * Neither may hold a secret or unescaped untrusted text.
 */
export interface Fault<Code extends string> {
  readonly code: Code;
  readonly message: string;
  readonly help?: string;
  /** Whether the same call may succeed later without anyone changing anything. */
  readonly retryable: boolean;
}

export const fault = <Code extends string>(
  code: Code,
  message: string,
  options: { readonly help?: string; readonly retryable?: boolean } = {},
): Fault<Code> => ({
  code,
  message,
  retryable: options.retryable ?? false,
  ...(options.help === undefined ? {} : { help: options.help }),
});
