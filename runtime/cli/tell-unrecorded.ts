import type { Terminal } from "./command.ts";
import { tell } from "./tell.ts";

/** That the ledger has no end of a run, said below the reason. */
export const tellUnrecorded = (terminal: Terminal): void => {
  const text = "how this run ended is not on record; the next run will note that it was interrupted";
  tell(terminal, text, { lead: "  " });
};
