import { afterAll, beforeAll, expect, test } from "vitest";

import type { NotesDesk } from "./notes-desk.ts";
import { createNotesDesk, RUN, TURNS } from "./notes-desk.ts";
import { startWrit } from "./writ-process.ts";

/* What a second Ctrl-C leaves behind, told to whoever pressed it. */

const STUCK_DISK = new URL("stuck-disk.ts", import.meta.url);

let desk: NotesDesk;
beforeAll(async () => {
  desk = await createNotesDesk();
  desk.model([{ ...TURNS[0], delayMs: 600_000 }]);
});
afterAll(() => desk.dispose());

test.each([
  [
    "in words",
    1,
    [],
    /^writ: left at once: a run that was going on is interrupted now\n.*`writ ps` lists it/m,
  ],
  [
    "as one line of JSON",
    2,
    ["--json"],
    /^\{"fault":\{"code":"CLI_LEFT",.*`writ run --resume <run>`.*\}\}$/m,
  ],
] as const)(
  "a second Ctrl-C leaves at once, and says what becomes of the run %s",
  { timeout: 60_000 },
  async (_how, runs, more, told) => {
    const place = { folder: desk.workspace, state: desk.state };
    const line = [...RUN, "--consent", desk.consent, ...more];
    const run = startWrit(place, line, { flags: ["--import", STUCK_DISK.href] });
    await desk.reached("model.requested", runs);
    // The disk does not answer any more: only the second one can end it.
    const stuck = run.says("the disk is stuck");
    run.child.kill("SIGINT");
    await stuck;
    run.child.kill("SIGINT");
    expect(await run.ended).toEqual([130, null]);
    expect(run.err()).toMatch(told);
  },
);
