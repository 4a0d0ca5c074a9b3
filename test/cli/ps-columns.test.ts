import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { columnsOf } from "#cli/width.ts";

import type { NotesDesk } from "./notes-desk.ts";
import { createNotesDesk } from "./notes-desk.ts";

/* What `writ ps` shows on terminals of every width. */

let desk: NotesDesk;
let run: string;

beforeAll(async () => {
  desk = await createNotesDesk();
  run = await desk.killedInProcess();
}, 120_000);
afterAll(() => desk.dispose());

describe.each([20, 26, 40, 60, 80, 120])("on %i columns", (columns) => {
  test("a run has its id, its state, its agent and its time, and no line is cut by the terminal", async () => {
    const { out, err } = await desk.writ(["ps"], { columns });
    for (const line of out) expect(columnsOf(line)).toBeLessThanOrEqual(columns);
    const shown = out.join("\n");
    expect(shown.startsWith(run.slice(-8))).toBe(true);
    expect(shown).toContain("interrupted");
    expect(shown).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d/);
    expect(out.map((line) => line.trim()).join("")).toContain("agents/notes.symb");
    // No name is broken but where its parts meet.
    if (columns >= 26) expect(shown).toContain("agents/notes.symb");
    // A command stands whole on its line, to be copied.
    expect(err).toContain(`  writ run --resume ${run.slice(-8)}`);
    expect(err).toContain(`  writ stop ${run.slice(-8)}`);
  });
});
