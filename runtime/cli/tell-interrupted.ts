import type { InterruptedRun } from "#host/interrupted-runs.ts";

import { plural, shortId } from "./audit-text.ts";
import type { Terminal } from "./command.ts";
import { tell } from "./tell.ts";

const INTERRUPTED_SHOWN_MAX = 3;

/** Which runs of before were found not to have ended, told once: from now on that is on record. */
export const tellInterrupted = (runs: readonly InterruptedRun[], terminal: Terminal): void => {
  const lines = runs
    .slice(0, INTERRUPTED_SHOWN_MAX)
    .flatMap(({ run, of }) => [
      `run ${run} was interrupted before it ended;`,
      of === "agent"
        ? `\`writ run --resume ${shortId(run)}\` goes on with it`
        : `\`writ audit show ${shortId(run)}\` shows which tests it sent`,
    ]);
  const more = runs.length - INTERRUPTED_SHOWN_MAX;
  if (more > 0) lines.push(`and ${plural(more, "more run")}: \`writ audit list --type run.interrupted\``);
  for (const line of lines) tell(terminal, line);
};
