import type { ExecOptions, ExecResult } from "#ports/sandbox.ts";
import { createOutput } from "#sandbox/output.ts";

import type { OutputFrame } from "./frames.ts";

/** A program's outputs, within the limit for each. */
export interface ProgramOutput {
  /** False when so much came that it is not worth dropping any more. */
  take(frame: OutputFrame): boolean;
  end(): Pick<ExecResult, "stdout" | "stderr" | "droppedBytes">;
}

/** What an engine may carry of one program, which is far more than anybody keeps. */
const FLOOD_BYTES_MAX = 128 * 1024 * 1024;

export const createProgramOutput = (bytesMax: number, onOutput: ExecOptions["onOutput"]): ProgramOutput => {
  const texts = { stdout: "", stderr: "" };
  const decoders = {
    stdout: new TextDecoder("utf-8", { ignoreBOM: true }),
    stderr: new TextDecoder("utf-8", { ignoreBOM: true }),
  };
  const kept = new TextDecoder("utf-8", { ignoreBOM: true });
  const output = createOutput(bytesMax, (stream, bytes) => {
    const text = kept.decode(bytes);
    texts[stream] += text;
    onOutput?.(stream, text);
  });
  let carriedBytes = 0;
  return {
    take({ stream, bytes }) {
      carriedBytes += bytes.length;
      if (carriedBytes > FLOOD_BYTES_MAX) return false;
      output.print(stream, decoders[stream].decode(bytes, { stream: true }));
      return true;
    },
    end() {
      for (const stream of ["stdout", "stderr"] as const) output.print(stream, decoders[stream].decode());
      return { ...texts, droppedBytes: output.droppedBytes() };
    },
  };
};
