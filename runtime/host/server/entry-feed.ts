import { utf8Text } from "#kernel/bytes.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import type { LiveEvent } from "#protocol/run-event.ts";

/** Whoever follows what happens; must not throw. */
export interface FeedReader {
  entry(entry: LedgerEntry, bytes: number): void;
  live(event: LiveEvent): void;
}

/** What this host commits and streams, as it happens, to everybody who follows. */
export class EntryFeed {
  private readonly readers = new Set<FeedReader>();

  /** Lines of the host's log, durable, as they stand there. */
  committed(lines: readonly Uint8Array[]): void {
    if (this.readers.size === 0) return;
    for (const line of lines) {
      const entry = JSON.parse(utf8Text(line) ?? "null") as LedgerEntry;
      for (const reader of this.readers) reader.entry(entry, line.length);
    }
  }

  publish(event: LiveEvent): void {
    for (const reader of this.readers) reader.live(event);
  }

  /** Follows until the returned function is called. */
  follow(reader: FeedReader): () => void {
    this.readers.add(reader);
    return () => void this.readers.delete(reader);
  }
}
