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
  /** The head or the frame that is being filled, and how far. Each byte is copied once, however small the chunks. */
  let filling = new Uint8Array(HEAD_BYTES);
  let filledBytes = 0;
  let kind: FrameKind | null = null;
  let broken = false;

  /** False when the head allows nothing. */
  const begin = (head: Uint8Array): boolean => {
    const announced = new DataView(head.buffer, head.byteOffset).getUint32(1);
    kind = FRAME_KINDS[head[0] ?? FRAME_KINDS.length] ?? null;
    // Output of no bytes says nothing, and there could be any number of such frames.
    if (kind === null || announced > left[kind]) return false;
    if (announced === 0 && (kind === "stdout" || kind === "stderr")) return false;
    left[kind] -= announced;
    filling = new Uint8Array(announced);
    return true;
  };

  return {
    push(chunk) {
      if (broken) return null;
      const frames: Frame[] = [];
      for (let at = 0; ;) {
        const taken = chunk.subarray(at, at + filling.length - filledBytes);
        filling.set(taken, filledBytes);
        filledBytes += taken.length;
        at += taken.length;
        if (filledBytes < filling.length) return frames;
        filledBytes = 0;
        if (kind === null) {
          broken = !begin(filling);
          if (broken) return null;
        } else {
          frames.push({ kind, bytes: filling });
          kind = null;
          filling = new Uint8Array(HEAD_BYTES);
        }
      }
    },
  };
};
