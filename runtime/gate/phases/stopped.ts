import type { EntryId } from "#kernel/ids.ts";
import type { Refusal } from "../contract.ts";
import type { Identity } from "../subject.ts";

/** An action that will not be executed, and the entry that says so. */
export type Stopped = {
  readonly identity: Identity;
  /** For the model. */
  readonly text: string;
  readonly cause: EntryId;
} & (
  | { readonly refusal: Refusal }
  /** Nothing forbids it, and it is known to fail. `code` is as entries take it. */
  | { readonly refusal: null; readonly code: string }
);
