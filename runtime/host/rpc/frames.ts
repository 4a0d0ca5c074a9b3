import { concatBytes, utf8 } from "#kernel/bytes.ts";

/*
 * Message bodies in a stream of bytes: one header line `Content-Length: <bytes>`, an empty line,
 * the body (docs/formats/host-rpc.md, "Transport"). Anything else ends the connection, because
 * nobody can know where the next message would begin.
 */

/** One body as it goes over the wire. */
export const frame = (body: Uint8Array): Uint8Array<ArrayBuffer> =>
  concatBytes(utf8(`Content-Length: ${body.length}\r\n\r\n`), body);

/** Longest header line in bytes, its end not counted. */
const HEADER_BYTES_MAX = 64;
const HEADER = /^Content-Length: (0|[1-9][0-9]{0,9})$/;
const HEADER_END = [0x0d, 0x0a, 0x0d, 0x0a] as const;

export interface FrameEvents {
  /** A whole body; called while `push` runs. */
  onBody(body: Uint8Array): void;
  /** The stream cannot be read any further. Called at most once; nothing is called after it. */
  onBroken(why: string): void;
}

/** Cuts a stream into bodies, whatever pieces it comes in. Holds at most one body and one header. */
export class FrameReader {
  private readonly events: FrameEvents;
  private readonly bodyBytesMax: () => number;
  private readonly header: number[] = [];
  private readonly pieces: Uint8Array[] = [];
  /** Bytes of the body that have not come yet; null between bodies. */
  private missing: number | null = null;
  private isBroken = false;

  /** @param bodyBytesMax asked at each header, because the opening allows less than what follows. */
  constructor(bodyBytesMax: () => number, events: FrameEvents) {
    this.bodyBytesMax = bodyBytesMax;
    this.events = events;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && !this.isBroken) {
      at = this.missing === null ? this.readHeader(chunk, at) : this.readBody(chunk, at, this.missing);
    }
  }

  /** Nothing that follows is read. */
  stop(): void {
    this.isBroken = true;
    this.pieces.length = 0;
  }

  private readHeader(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      this.header.push(chunk[at] ?? 0);
      if (HEADER_END.every((byte, index) => this.header.at(index - HEADER_END.length) === byte)) {
        this.beginBody();
        return at + 1;
      }
      if (this.header.length >= HEADER_BYTES_MAX + HEADER_END.length) {
        this.break(`a header line of more than ${HEADER_BYTES_MAX} bytes`);
        break;
      }
    }
    return chunk.length;
  }

  private beginBody(): void {
    const line = String.fromCharCode(...this.header.slice(0, -HEADER_END.length));
    this.header.length = 0;
    const [, digits] = HEADER.exec(line) ?? [];
    const length = digits === undefined ? undefined : Number(digits);
    if (length === undefined) this.break("a header that is not one `Content-Length`");
    else if (length > this.bodyBytesMax()) {
      this.break(`a body of ${length} bytes where at most ${this.bodyBytesMax()} are read`);
    } else if (length === 0) this.events.onBody(new Uint8Array());
    else this.missing = length;
  }

  private readBody(chunk: Uint8Array, from: number, missing: number): number {
    const piece = chunk.slice(from, from + missing);
    this.pieces.push(piece);
    this.missing = missing - piece.length;
    if (this.missing === 0) {
      const body = concatBytes(...this.pieces);
      this.pieces.length = 0;
      this.missing = null;
      this.events.onBody(body);
    }
    return from + piece.length;
  }

  private break(why: string): void {
    this.stop();
    this.events.onBroken(why);
  }
}
