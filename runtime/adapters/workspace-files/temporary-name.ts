import type { CallId } from "#kernel/ids.ts";

/*
 * A file is published by writing it beside its place and renaming it there. Whoever is killed in
 * between leaves it behind, so these names are known and never taken for the user's own, and each
 * tells the call that left it.
 */
const FORM = /^\.writ-[0-9a-f]{32}\.tmp$/;

export const temporaryName = (call: CallId): string => `.writ-${call.replaceAll("-", "")}.tmp`;

export const isTemporaryName = (path: string): boolean => FORM.test(path.slice(path.lastIndexOf("/") + 1));
