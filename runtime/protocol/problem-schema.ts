import * as z from "zod/mini";

import type { Problem, ProblemCode } from "./problem.ts";

/* The reader of problems that come from another thread or process. */

const offset = z.number().check(z.int(), z.nonnegative());
const position = offset.check(z.positive());
const span = z.readonly(z.tuple([offset, offset])).check(z.refine(([start, end]) => start <= end));
const range = z.strictObject({
  span,
  line: position,
  column: position,
  endLine: position,
  endColumn: position,
});

const problem = z.strictObject({
  code: z.custom<ProblemCode>((value) => typeof value === "string" && /^WRIT[0-9]{3}$/.test(value)),
  class: z.enum(["enforcement", "quality"]),
  severity: z.enum(["error", "warning", "information", "hint"]),
  message: z.string(),
  range,
  help: z.exactOptional(z.string()),
  fix: z.exactOptional(
    z.strictObject({ title: z.string(), edits: z.array(z.strictObject({ span, text: z.string() })) }),
  ),
  related: z.exactOptional(z.array(z.strictObject({ message: z.string(), range }))),
});

/** The problems, or undefined when the value is anything else. Never throws. */
export const readProblems = (value: unknown): readonly Problem[] | undefined => {
  const result = z.array(problem).safeParse(value);
  return result.success ? result.data : undefined;
};
