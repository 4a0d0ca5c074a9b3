import { utf8 } from "#kernel/bytes.ts";

type Stream = "stdout" | "stderr";

/** A program's output on its way out, within a limit for each stream. */
export interface Output {
  print(stream: Stream, text: string): void;
  /** Bytes beyond the limit, which went nowhere. */
  droppedBytes(): number;
}

/** Once a stream is full it stays so: nothing is left out in the middle. */
export const createOutput = (bytesMax: number, send: (stream: Stream, bytes: Uint8Array) => void): Output => {
  const left: Record<Stream, number> = { stdout: bytesMax, stderr: bytesMax };
  let dropped = 0;
  return {
    print(stream, text) {
      const bytes = utf8(text);
      const fits = bytes.length <= left[stream] ? bytes.length : cut(bytes, left[stream]);
      if (fits > 0) send(stream, bytes.subarray(0, fits));
      left[stream] = fits === bytes.length ? left[stream] - fits : 0;
      dropped += bytes.length - fits;
    },
    droppedBytes: () => dropped,
  };
};

/** The largest number of bytes up to `most` that ends between two characters of UTF-8. */
const cut = (bytes: Uint8Array, most: number): number => {
  let end = most;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return end;
};
