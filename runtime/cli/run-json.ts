import { canonicalJson } from "#kernel/canonical-json.ts";
import { visibleJson } from "#kernel/visible-text.ts";
import type { RunObserver } from "#host/run-observer.ts";

import type { Terminal } from "./command.ts";

/** A run as JSON lines, one for each event, for programs. Entries come once they are durable. */
export const createRunJson = (terminal: Terminal): RunObserver => ({
  entry({ type, public: fields, content, entry }) {
    const { id, runSeq, input, wallMs, position } = entry;
    const place = { log: position.log, seq: position.seq, run: runSeq, input, wallMs };
    terminal.out(
      visibleJson(canonicalJson({ durability: "entry", id, ...place, type, public: fields, content })),
    );
  },
  live(type, data) {
    terminal.out(visibleJson(canonicalJson({ durability: "live", type, data })));
  },
});
