import type { CallId } from "#kernel/ids.ts";
import type { ExecuteOptions } from "#ports/executor.ts";
import type { RunRecorder } from "#ports/run-recorder.ts";

/** Output of one call that is streamed; the whole of it is in the result. */
export const STREAMED_CHARACTERS_MAX = 256 * 1024;

/** Passes a tool's output on to whoever watches, up to a bound, until the call is over. */
export const createOutputRelay = (
  recorder: RunRecorder,
  callId: CallId,
): { readonly onOutput: ExecuteOptions["onOutput"]; close(): void } => {
  let left = STREAMED_CHARACTERS_MAX;
  return {
    onOutput(stream, text) {
      const part = text.slice(0, left).toWellFormed();
      left -= part.length;
      if (part.length > 0) recorder.live("tool.progress", { callId, stream, text: part });
    },
    close() {
      left = 0;
    },
  };
};
