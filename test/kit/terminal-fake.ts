import { abortError } from "#kernel/abort.ts";
import type { Style, Terminal } from "#cli/command.ts";

export interface TerminalFake extends Terminal {
  readonly outLines: readonly string[];
  readonly errLines: readonly string[];
  readonly prompts: readonly string[];
}

const same = (text: string): string => text;

/** No colours, so that what is said can be compared as it is. */
export const PLAIN_STYLE: Style = {
  bold: same,
  dim: same,
  red: same,
  green: same,
  yellow: same,
  blue: same,
  cyan: same,
};

/**
 * A terminal whose person answers as scripted: a line, null for the end of input, or "silent" for
 * one who only stops waiting when the question is aborted. A question beyond the script is a
 * mistake of the test.
 */
export const createTerminalFake = (
  script: readonly (string | null)[] = [],
  given: { readonly interactive?: boolean; readonly columns?: number; readonly errColumns?: number } = {},
): TerminalFake => {
  const outLines: string[] = [];
  const errLines: string[] = [];
  const prompts: string[] = [];
  const { interactive = true, columns = 80, errColumns = interactive ? columns : Infinity } = given;
  return {
    outLines,
    errLines,
    prompts,
    interactive,
    columns,
    errColumns,
    style: PLAIN_STYLE,
    out: (line) => void outLines.push(line),
    err: (line) => void errLines.push(line),
    question: (prompt, signal) =>
      new Promise((resolve, reject) => {
        if (!interactive) throw new Error("nobody can be asked here");
        const answer = script[prompts.length];
        prompts.push(prompt);
        if (signal.aborted) reject(abortError());
        else if (answer === undefined)
          reject(new Error("the test did not script an answer to this question"));
        else if (answer === "silent") {
          signal.addEventListener("abort", () => reject(abortError()), { once: true });
        } else resolve(answer);
      }),
  };
};
