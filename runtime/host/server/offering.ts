import type { Params } from "#host/rpc/peer.ts";
import type { Client } from "./clients.ts";

type Offer = Params<"host/offer">;

/** Whom a run may ask for what only clients have. */
export interface Askable {
  /** Everybody who is there, the oldest connection first. */
  readonly clients: () => Iterable<Client>;
  /** The client that started the run; it may have left. */
  readonly starter: Client;
}

/** Those that offer it now, in the order in which they are asked: who started the run, then the oldest connection. */
export const offering = (
  { clients, starter }: Askable,
  isOffered: (offer: Offer) => boolean,
): readonly Client[] => {
  const able = [...clients()].filter(({ offers }) => isOffered(offers));
  return [...able.filter((client) => client === starter), ...able.filter((client) => client !== starter)];
};
