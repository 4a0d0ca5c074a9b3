/** The code of an operating-system error (`ENOENT`), or `unknown`. */
export const errorCode = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : "unknown";

/** How systems say that there is no room for what was to be written: on the disk, for this user, or in one file. */
const NO_ROOM: readonly string[] = ["ENOSPC", "EDQUOT", "EFBIG"];

/** Whether a write was refused for want of room, by the code of its error. */
export const isNoRoom = (code: string): boolean => NO_ROOM.includes(code);
