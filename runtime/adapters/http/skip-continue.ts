import type { Socket } from "node:net";

/** What an interim answer of HTTP/1.1 begins with, up to the first digit of its status. */
const INTERIM = "HTTP/1.1 1";
const STATUS_BYTES = INTERIM.length + 2;
const HEAD_END = "\r\n\r\n";

/**
 * Makes a connection pass over `100 Continue`, which a server may send although nobody asked for it (RFC 9110
 * section 15.2), before the client reads it: that takes one for the end of the connection. The client has to
 * write a request whole before it reads of its answer, and to read with `read()`; the contract of transports shows
 * whether it still does.
 */
export const skipContinue = (socket: Socket, headerBytesMax: number): void => {
  const filter = new ContinueFilter(headerBytesMax);
  const write = socket.write.bind(socket);
  const read = socket.read.bind(socket);
  socket.write = ((...given: Parameters<typeof write>) => {
    filter.restart();
    return write(...given);
  }) as Socket["write"];
  socket.read = (bytes?: number): unknown => {
    if (bytes !== undefined) return read(bytes);
    for (;;) {
      const chunk = read() as Buffer | null;
      if (chunk === null) return null;
      const passed = filter.pass(chunk);
      if (passed.length > 0) return passed;
    }
  };
};

/** Keeps back what may be an interim answer until it is known which. */
class ContinueFilter {
  private readonly headerBytesMax: number;
  /** Whether what comes next is the beginning of an answer. */
  private isAtStart = true;
  private held: Buffer = Buffer.alloc(0);

  constructor(headerBytesMax: number) {
    this.headerBytesMax = headerBytesMax;
  }

  /** Whatever is held back stays: then nothing but the beginning of this answer has come so far. */
  restart(): void {
    this.isAtStart = true;
  }

  pass(chunk: Buffer): Buffer {
    if (!this.isAtStart) return chunk;
    let rest = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    this.held = Buffer.alloc(0);
    const passed: Buffer[] = [];
    while (rest.length > 0) {
      const begin = rest.toString("latin1", 0, STATUS_BYTES);
      const end = rest.indexOf(HEAD_END);
      const isInterim = INTERIM.startsWith(begin.slice(0, INTERIM.length));
      if (!isInterim || (end === -1 && rest.length > this.headerBytesMax)) {
        this.isAtStart = false;
        break;
      }
      if (end === -1) {
        this.held = rest;
        return Buffer.concat(passed);
      }
      const head = rest.subarray(0, end + HEAD_END.length);
      if (begin !== `${INTERIM}00`) passed.push(head);
      rest = rest.subarray(head.length);
    }
    return passed.length === 0 ? rest : Buffer.concat([...passed, rest]);
  }
}
