import { describe, expect, test } from "vitest";
import type { Terminal } from "#cli/command.ts";

/** A terminal whose person gives these answers, one to a question: a line, or null for the end of input. */
export interface TerminalUnderTest {
  readonly terminal: Terminal;
  readonly outText: () => string;
  readonly errText: () => string;
}

/** The behaviour that every Terminal has towards a command. */
export const terminalContract = (
  name: string,
  create: (answers: readonly (string | null)[]) => TerminalUnderTest,
): void => {
  describe(`${name} as a Terminal`, () => {
    const calm = (): AbortSignal => new AbortController().signal;

    test("says lines in their order, results apart from what went wrong", () => {
      const { terminal, outText, errText } = create([]);
      terminal.out("first");
      terminal.err("wrong");
      terminal.out("");
      terminal.out("second");
      expect([outText(), errText()]).toEqual(["first\n\nsecond\n", "wrong\n"]);
    });

    test("has columns to wrap at and styles that keep the text", () => {
      const { terminal } = create([]);
      expect(terminal.columns).toBeGreaterThanOrEqual(40);
      expect(terminal.errColumns).toBe(terminal.columns);
      for (const style of Object.values(terminal.style)) expect(style("text")).toContain("text");
    });

    test("gives back what a person typed, question by question", async () => {
      const { terminal } = create(["yes", "", "no thanks"]);
      expect(terminal.interactive).toBe(true);
      const answers: (string | null)[] = [];
      for (const prompt of ["One?", "Two?", "Three?"]) answers.push(await terminal.question(prompt, calm()));
      expect(answers).toEqual(["yes", "", "no thanks"]);
    });

    test("gives null at the end of input", async () => {
      const { terminal } = create([null]);
      expect(await terminal.question("One?", calm())).toBeNull();
    });

    test("stops asking with an AbortError", async () => {
      const { terminal } = create(["yes"]);
      await expect(terminal.question("One?", AbortSignal.abort())).rejects.toMatchObject({
        name: "AbortError",
      });
    });
  });
};
