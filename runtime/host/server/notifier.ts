import type { RunId } from "#kernel/ids.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { Params } from "#host/rpc/peer.ts";
import type { Client } from "./clients.ts";

type Level = Params<"notification/show">["level"];

/** Longest notification, in characters. */
const TEXT_CHARACTERS_MAX = 300;

/**
 * Tells the people at those clients that show notifications what they may want to look at. Where
 * there are none nothing is lost: everything that is told is an entry or the state of a run.
 */
export class Notifier {
  private readonly clients: () => Iterable<Client>;

  constructor(clients: () => Iterable<Client>) {
    this.clients = clients;
  }

  /** @param isFor which clients have not heard of it in another way. */
  show(level: Level, text: string, run: RunId, isFor: (client: Client) => boolean = () => true): void {
    const shown = visibleExcerpt(text, TEXT_CHARACTERS_MAX);
    for (const client of this.clients()) {
      if (client.offers.notifications && isFor(client)) {
        client.peer.notify("notification/show", { level, text: shown, run });
      }
    }
  }
}
