import { visibleText } from "#kernel/visible-text.ts";

import type { Style } from "./command.ts";
import { fit } from "./width.ts";

/** Lines of a unified diff for a terminal: untrusted text made visible, cut to the width, coloured by kind. */
export const diffLines = (diff: string, columns: number, style: Style): readonly string[] =>
  diff
    .split("\n")
    .filter((line, index, lines) => line !== "" || index < lines.length - 1)
    .map((line) => {
      const shown = fit(visibleText(line).replaceAll("\\t", "    "), columns);
      if (line.startsWith("+++") || line.startsWith("---")) return style.bold(shown);
      if (line.startsWith("@@")) return style.cyan(shown);
      if (line.startsWith("+")) return style.green(shown);
      if (line.startsWith("-")) return style.red(shown);
      return shown;
    });
