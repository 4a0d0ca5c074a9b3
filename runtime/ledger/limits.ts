/** Limits of the writer that are no part of the format. */

/** Entries and bytes (lines and sealed content) that wait at a time; what comes on top is refused. */
export const PENDING_ENTRIES_MAX = 16_384;
export const PENDING_BYTES_MAX = 64 * 1024 * 1024;

/** Entries and bytes of one commit, unless a single entry is larger. */
export const GROUP_ENTRIES_MAX = 1_024;
export const GROUP_BYTES_MAX = 8 * 1024 * 1024;

/** Where the next group begins a new segment. */
export const SEGMENT_LINES_BYTES_MAX = 16 * 1024 * 1024;
export const SEGMENT_CONTENT_BYTES_MAX = 256 * 1024 * 1024;

/** Lines of a log behind which closing retires it: opening reads them all, and should stay fast. */
export const LOG_BYTES_MAX = 32 * 1024 * 1024;

/** Scopes that are open at a time. */
export const SCOPES_MAX = 10_000;

/** How often a busy writer looks what other logs have grown to. */
export const PEERS_EVERY_MS = 60_000;

/** While more waits, the anchor follows every so many commits only; it always follows the last. */
export const ANCHOR_COMMITS_MAX = 64;

/** Lines of a log that was begun and not written to: it may have died before it had an anchor. */
export const OPENING_LINES = 3;
