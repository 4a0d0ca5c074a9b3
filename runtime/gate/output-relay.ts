import type { JsonObject } from "#kernel/json.ts";
import type { RunRecorder } from "#ports/run-recorder.ts";
import type { LiveType } from "#protocol/run-event.ts";

/** Longest text of one live event, by the event page. */
const EVENT_CHARACTERS_MAX = 16_384;

export interface OutputRelay {
  send(text: string, fields: JsonObject): void;
  close(): void;
}

/**
 * Passes text on to whoever watches, in pieces that a live event may hold, up to `charactersMax`
 * in all and until it is closed. What is beyond is dropped: the whole of it is in the outcome.
 */
export const createOutputRelay = (
  recorder: RunRecorder,
  type: Extract<LiveType, "tool.progress" | "model.delta">,
  charactersMax: number,
): OutputRelay => {
  let left = charactersMax;
  return {
    send(text, fields) {
      let rest = text.slice(0, left);
      left -= rest.length;
      while (rest.length > 0) {
        const end = endOfPiece(rest);
        recorder.live(type, { ...fields, text: rest.slice(0, end).toWellFormed() });
        rest = rest.slice(end);
      }
    },
    close() {
      left = 0;
    },
  };
};

/** Never between the halves of a surrogate pair. */
const endOfPiece = (text: string): number => {
  if (text.length <= EVENT_CHARACTERS_MAX) return text.length;
  const last = text.charCodeAt(EVENT_CHARACTERS_MAX - 1);
  return last >= 0xd800 && last <= 0xdbff ? EVENT_CHARACTERS_MAX - 1 : EVENT_CHARACTERS_MAX;
};
