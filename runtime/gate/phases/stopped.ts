import type { EntryId } from "#kernel/ids.ts";
import type { Refusal } from "../contract.ts";
import type { Identity } from "../subject.ts";

/** An action that will not be executed, and the entry that says so. */
export interface Stopped {
  readonly identity: Identity;
  readonly refusal: Refusal;
  /** For the model. */
  readonly text: string;
  readonly cause: EntryId;
}
