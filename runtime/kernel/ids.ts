import { toHex } from "./bytes.ts";
import { invariant } from "./invariant.ts";

/**
 * A UUID of version 7 (RFC 9562 section 5.7) in lower-case text. The kinds differ in type only,
 * so that a run's id is never passed where an entry's is wanted.
 */
export type Id<Kind extends string> = string & { readonly kind: Kind };

export type RunId = Id<"run">;
export type EntryId = Id<"entry">;
export type LogId = Id<"log">;
export type CallId = Id<"call">;
export type ApprovalId = Id<"approval">;
export type ScopeId = Id<"scope">;
export type WorkspaceId = Id<"workspace">;

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const isId = <Kind extends string>(text: string): text is Id<Kind> => UUID_V7.test(text);

/** Largest time a UUIDv7 can carry, in Unix milliseconds. */
export const ID_TIME_MS_MAX = 2 ** 48 - 1;

/**
 * Builds an id from Unix milliseconds and 10 random bytes; the only maker besides this is the
 * `Entropy` port, which calls it.
 */
export const idFrom = <Kind extends string>(wallMs: number, random: Uint8Array): Id<Kind> => {
  invariant(random.length === 10, "an id takes 10 random bytes");
  invariant(Number.isInteger(wallMs) && wallMs >= 0 && wallMs <= ID_TIME_MS_MAX, "an id takes 48-bit time");
  const bytes = new Uint8Array(16);
  let rest = wallMs;
  for (let index = 5; index >= 0; index -= 1) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes.set(random, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = toHex(bytes);
  const text = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  return text as Id<Kind>;
};
