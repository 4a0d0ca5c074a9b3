import { systemClock } from "#adapters/clock/system-clock.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import type { WorkspaceId } from "#kernel/ids.ts";

/** An id for a workspace that this user meets for the first time. */
export const newWorkspaceId = (): WorkspaceId => createSystemEntropy().id<"workspace">(systemClock.wallMs());
