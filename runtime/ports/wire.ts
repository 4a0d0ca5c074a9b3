/**
 * One connection between two processes of this machine, as bytes in order. Who is at the other end
 * is not promised: that is what the opening of the protocol above finds out.
 */
export interface Wire {
  /** Takes the bytes at once; they arrive later or the connection ends. Does nothing after an end. */
  send(bytes: Uint8Array): void;
  /** Nothing more is sent or heard; what was sent before still goes out. Safe to call twice. */
  end(): void;
  /** Called once, by whoever has the wire; nothing that came before is lost. */
  listen(events: WireEvents): void;
}

export interface WireEvents {
  onBytes(chunk: Uint8Array): void;
  /** Called once, also after an end of our own. */
  onClosed(): void;
}

/** What a peer may leave unread before its connection is ended, in bytes. */
export const WIRE_UNREAD_BYTES_MAX = 8 * 1024 * 1024;
