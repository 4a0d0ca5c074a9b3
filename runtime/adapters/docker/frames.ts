/** What an engine sends on the connection of a program without a terminal. */
export interface OutputFrame {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Uint8Array;
}

const HEADER_BYTES = 8;

/**
 * Takes chunks as they come and gives what is whole in them, in pieces that need not be whole frames.
 * Null for what no engine sends: a frame of another stream. (Docker Engine API, "Attach to a container":
 * one byte of stream, three of nothing, four of length, then as many bytes.)
 */
export const createFrameReader = (): { push(chunk: Uint8Array): readonly OutputFrame[] | null } => {
  const header = new Uint8Array(HEADER_BYTES);
  let headerBytes = 0;
  let left = 0;
  let stream: OutputFrame["stream"] = "stdout";
  return {
    push(chunk) {
      const frames: OutputFrame[] = [];
      for (let at = 0; at < chunk.length;) {
        if (left > 0) {
          const bytes = chunk.subarray(at, at + left);
          frames.push({ stream, bytes });
          at += bytes.length;
          left -= bytes.length;
          continue;
        }
        const part = chunk.subarray(at, at + HEADER_BYTES - headerBytes);
        header.set(part, headerBytes);
        at += part.length;
        headerBytes += part.length;
        if (headerBytes < HEADER_BYTES) break;
        headerBytes = 0;
        if (header[0] !== 1 && header[0] !== 2) return null;
        stream = header[0] === 1 ? "stdout" : "stderr";
        left = new DataView(header.buffer).getUint32(4);
      }
      return frames;
    },
  };
};
