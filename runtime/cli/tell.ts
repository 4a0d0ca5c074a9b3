import type { Terminal } from "./command.ts";
import { hangingWhole } from "./hanging.ts";

/**
 * Says something beside a command's result, on standard error: a terminal gets lines that fit, with what is there
 * to be copied (commands, paths, ids, digests) whole, and a file or pipe one line. `text` is visible and without colour.
 */
export const tell = (
  terminal: Pick<Terminal, "err" | "errColumns">,
  text: string,
  { lead = "", paint = asItIs }: { readonly lead?: string; readonly paint?: (line: string) => string } = {},
): void => {
  for (const line of hangingWhole(lead, text, terminal.errColumns)) terminal.err(paint(line));
};

const asItIs = (line: string): string => line;
