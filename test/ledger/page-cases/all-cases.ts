import { anchorCases } from "./anchor-cases.ts";
import { formCases, orderCases } from "./line-cases.ts";
import { endCases, keyCases, segmentCases } from "./log-cases.ts";
import { noteCases } from "./note-cases.ts";
import type { PageCase } from "./page-case.ts";
import { textCases } from "./text-cases.ts";

/** Every case by what it is about. */
export const pageCases: Readonly<Record<string, readonly PageCase[]>> = {
  "the text of a line": textCases,
  "the form of an entry": formCases,
  "the order of the rows": orderCases,
  "keys and clocks": keyCases,
  "how a log ends": endCases,
  "segments and sealed parts": segmentCases,
  "anchors and what others saw": anchorCases,
  "the text of an anchor": noteCases,
};
