import { concatBytes } from "#kernel/bytes.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const COLON = 0x3a;
const DATA = [0x64, 0x61, 0x74, 0x61];
const EVENT = [0x65, 0x76, 0x65, 0x6e, 0x74];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Regroups the bytes of a stream of server-sent events (WHATWG HTML, section 9.2) so that each piece is
 * one event that holds data. What stands around the data is left out here and only counted: comments,
 * which keep a connection alive, fields that this protocol does not use, and events without data. So the
 * parser behind it never looks at the same bytes twice, however the network cut them, and both the
 * longest event and all that says nothing have a bound. Lines that end with a lone carriage return are
 * passed on at the end only.
 */
export class EventSplitter {
  /** Whole lines of the event that has not ended yet. */
  #lines: Uint8Array[] = [];
  #linesBytes = 0;
  #hasData = false;
  /** The pieces of the line that has not ended yet. */
  #line: Uint8Array[] = [];
  #lineBytes = 0;
  #isFirstLine = true;
  #emptyBytes = 0;

  /** Bytes of the event that has not ended yet. */
  get pendingBytes(): number {
    return this.#linesBytes + this.#lineBytes;
  }

  /** Bytes so far that hold nothing of an answer. */
  get emptyBytes(): number {
    const isComment = this.#line[0]?.[0] === COLON;
    return this.#emptyBytes + (isComment ? this.#lineBytes : 0);
  }

  /** The events that end in `chunk`, one piece each. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const events: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED) + 1; end > 0; end = chunk.indexOf(LINE_FEED, start) + 1) {
      const event = this.#take(concatBytes(...this.#line, chunk.subarray(start, end)));
      if (event !== null) events.push(event);
      this.#line = [];
      this.#lineBytes = 0;
      start = end;
    }
    if (start < chunk.length) {
      this.#line.push(chunk.subarray(start));
      this.#lineBytes += chunk.length - start;
    }
    return events;
  }

  /** What came behind the last event that ended. */
  rest(): Uint8Array {
    return concatBytes(...this.#lines, ...this.#line);
  }

  /** The event that ends with a line, or null. */
  #take(given: Uint8Array): Uint8Array | null {
    const line = this.#isFirstLine && beginsWith(given, BYTE_ORDER_MARK) ? given.subarray(3) : given;
    this.#isFirstLine = false;
    const isBlank = line.every((byte) => byte === LINE_FEED || byte === CARRIAGE_RETURN);
    const isData = isField(line, DATA);
    if (isBlank && this.#hasData) {
      const event = concatBytes(...this.#lines, line);
      this.#begin();
      return event;
    }
    if (isData || isField(line, EVENT)) {
      this.#lines.push(line);
      this.#linesBytes += line.length;
      this.#hasData ||= isData;
      return null;
    }
    this.#emptyBytes += line.length;
    if (isBlank) {
      this.#emptyBytes += this.#linesBytes;
      this.#begin();
    }
    return null;
  }

  #begin(): void {
    this.#lines = [];
    this.#linesBytes = 0;
    this.#hasData = false;
  }
}

const beginsWith = (line: Uint8Array, start: readonly number[]): boolean =>
  start.every((byte, index) => line[index] === byte);

/** Whether a whole line is of the field of this name; a name alone has an empty value. */
const isField = (line: Uint8Array, name: readonly number[]): boolean => {
  const next = line[name.length];
  return beginsWith(line, name) && (next === COLON || next === CARRIAGE_RETURN || next === LINE_FEED);
};
