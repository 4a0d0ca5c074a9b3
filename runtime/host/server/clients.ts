import type { Surface } from "#protocol/consent.ts";
import type { OpenedClient } from "#host/rpc/host-opening.ts";
import type { Params, Peer } from "#host/rpc/peer.ts";

/** A client that showed who it is, for as long as its connection stands. */
export interface Client {
  readonly kind: OpenedClient["kind"];
  readonly peer: Peer;
  /** What only it has; it may replace that at any time. */
  offers: Params<"host/offer">;
}

/** Whether a person sits there. */
export const hasPerson = ({ kind }: Pick<Client, "kind">): boolean => kind === "editor" || kind === "cli";

/** The surface that entries name for what was said at this client. */
export const surfaceOf = ({ kind }: Pick<Client, "kind">): Surface => {
  if (kind === "editor") return "editor";
  return kind === "cli" ? "terminal" : "protocol";
};

/** An offer of somebody who may not make all of it. */
export const offerOf = (client: Pick<Client, "kind">, offer: Params<"host/offer">): Params<"host/offer"> => ({
  ...offer,
  approvals: offer.approvals && hasPerson(client),
});
