/*
 * A file is published by writing it beside its place and renaming it there. Whoever is killed in
 * between leaves it behind, so these names are known and never taken for the user's own.
 */
const FORM = /^\.writ-[0-9a-f]{32}\.tmp$/;

/** @param hex 32 hexadecimal digits that nobody could guess. */
export const temporaryName = (hex: string): string => `.writ-${hex}.tmp`;

export const isTemporaryName = (path: string): boolean => FORM.test(path.slice(path.lastIndexOf("/") + 1));
