import { connectToHost } from "#adapters/host-socket/connect.ts";
import type { HostPlace } from "#adapters/host-socket/place.ts";
import { recordedPlace } from "#adapters/host-socket/place-record.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";

import type { HostSurroundings } from "./host.ts";
import { meetingPlace } from "./host.ts";

/**
 * Where this workspace's host listens: where these surroundings say, else where one was started that has
 * others; where nobody listens at either, the first, for a host to be started there.
 */
export const placeOfHost = async (
  surroundings: Pick<HostSurroundings, "workspace" | "stateDirectory" | "variables">,
): Promise<ReturnType<typeof meetingPlace>> => {
  const own = meetingPlace(surroundings);
  const recorded = await recordedPlace(surroundings.stateDirectory, surroundings.workspace.id);
  if (recorded === null || (own.ok && own.value.socket === recorded.socket)) return own;
  if (own.ok && (await isListening(own.value))) return own;
  return (await isListening(recorded)) ? ok(recorded) : own;
};

const isListening = async (place: HostPlace): Promise<boolean> => {
  const wire: Result<{ end(): void }, unknown> = await connectToHost(place);
  if (wire.ok) wire.value.end();
  return wire.ok;
};
