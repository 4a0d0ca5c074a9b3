import { systemClock } from "#adapters/clock/system-clock.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import type { WorkspaceId } from "#kernel/ids.ts";

/** An id for a workspace that this user meets for the first time. */
export const newWorkspaceId = (): WorkspaceId => createSystemEntropy().id<"workspace">(systemClock.wallMs());

/** A key under which a start that is repeated starts nothing twice. */
export const newStartKey = (): string => createSystemEntropy().id<"start">(systemClock.wallMs());
