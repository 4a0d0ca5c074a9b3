/** Bytes as they come, up to a limit. */
export interface BoundedBytes {
  /** False when it is full; what came last is then dropped. */
  add(bytes: Uint8Array): boolean;
  isFull(): boolean;
  all(): Uint8Array;
}

export const createBoundedBytes = (bytesMax: number): BoundedBytes => {
  const parts: Uint8Array[] = [];
  let size = 0;
  let full = false;
  return {
    add(bytes) {
      full ||= size + bytes.length > bytesMax;
      if (full) return false;
      parts.push(bytes);
      size += bytes.length;
      return true;
    },
    isFull: () => full,
    all() {
      const bytes = new Uint8Array(size);
      let at = 0;
      for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
      }
      return bytes;
    },
  };
};
