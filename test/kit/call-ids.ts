import { randomBytes } from "node:crypto";

import { idFrom } from "#kernel/ids.ts";
import type { CallId } from "#kernel/ids.ts";

/** The id of a call that no other test has. */
export const anyCallId = (): CallId => idFrom<"call">(Date.now(), randomBytes(10));
