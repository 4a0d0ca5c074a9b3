import { concatBytes } from "#kernel/bytes.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Regroups the bytes of a stream of server-sent events (WHATWG HTML, section 9.2) so that each piece
 * ends where an event does. So the parser behind it never looks at the same bytes twice, however the
 * network cut them, and the longest event has a bound. Lines that end with a lone carriage return are
 * passed on at the end only.
 */
export class EventSplitter {
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Bytes of the line so far, carriage returns not counted. */
  #lineBytes = 0;

  /** Bytes of the event that has not ended yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** All events that end in `chunk` as one piece, or null when none does. */
  push(chunk: Uint8Array): Uint8Array | null {
    let end = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index];
      if (byte === LINE_FEED) {
        if (this.#lineBytes === 0) end = index + 1;
        this.#lineBytes = 0;
      } else if (byte !== CARRIAGE_RETURN) this.#lineBytes += 1;
    }
    const piece = end === 0 ? null : concatBytes(...this.#pending, chunk.subarray(0, end));
    if (piece !== null) {
      this.#pending = [];
      this.#pendingBytes = 0;
    }
    const rest = chunk.subarray(end);
    if (rest.length > 0) {
      this.#pending.push(rest);
      this.#pendingBytes += rest.length;
    }
    return piece;
  }

  /** What came behind the last event that ended. */
  rest(): Uint8Array {
    return concatBytes(...this.#pending);
  }
}
