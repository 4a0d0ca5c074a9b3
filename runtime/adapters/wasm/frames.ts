import { concatBytes } from "#kernel/bytes.ts";

/*
 * How the sandbox process speaks: frames of one byte kind, four bytes length (most significant
 * first) and that many bytes. The reader assumes the worst of whoever writes them.
 */

export const FRAME_KINDS = ["started", "stdout", "stderr", "answer"] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

export interface Frame {
  readonly kind: FrameKind;
  readonly bytes: Uint8Array;
}

const HEAD_BYTES = 5;

export const encodeFrame = (kind: FrameKind, ...parts: readonly Uint8Array[]): Uint8Array => {
  const head = new Uint8Array(HEAD_BYTES);
  head[0] = FRAME_KINDS.indexOf(kind);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  new DataView(head.buffer).setUint32(1, length);
  return concatBytes(head, ...parts);
};

export interface FrameReader {
  /**
   * The frames that these bytes complete, or null when they cannot be the start of an allowed one.
   * After null nothing more is read.
   */
  push(chunk: Uint8Array): readonly Frame[] | null;
}

/** @param budgetBytes all frames of a kind together; a frame that announces more is refused before it is read. */
export const createFrameReader = (budgetBytes: Readonly<Record<FrameKind, number>>): FrameReader => {
  const left: Record<FrameKind, number> = { ...budgetBytes };
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let wantedBytes = HEAD_BYTES;
  let kind: FrameKind | null = null;

  const take = (): Uint8Array => {
    const bytes = concatBytes(...pending);
    pending = bytes.length > wantedBytes ? [bytes.subarray(wantedBytes)] : [];
    pendingBytes = bytes.length - Math.min(bytes.length, wantedBytes);
    return bytes.subarray(0, wantedBytes);
  };

  /** False when the head allows nothing. */
  const begin = (head: Uint8Array): boolean => {
    const announced = new DataView(head.buffer, head.byteOffset).getUint32(1);
    kind = FRAME_KINDS[head[0] ?? FRAME_KINDS.length] ?? null;
    // Output of no bytes says nothing, and there could be any number of such frames.
    if (kind === null || announced > left[kind]) return false;
    if (announced === 0 && (kind === "stdout" || kind === "stderr")) return false;
    left[kind] -= announced;
    wantedBytes = announced;
    return true;
  };

  let broken = false;
  return {
    push(chunk) {
      if (broken) return null;
      pending.push(chunk);
      pendingBytes += chunk.length;
      const frames: Frame[] = [];
      while (pendingBytes >= wantedBytes) {
        const bytes = take();
        if (kind === null) {
          broken = !begin(bytes);
          if (broken) return null;
        } else {
          frames.push({ kind, bytes });
          kind = null;
          wantedBytes = HEAD_BYTES;
        }
      }
      return frames;
    },
  };
};
