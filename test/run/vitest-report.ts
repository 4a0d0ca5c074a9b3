/** Counts what vitest's JSON report says, one test at a time, trusting none of its totals. */
import * as z from "zod/mini";

export interface SuiteCount {
  readonly passed: number;
  /** Full names. */
  readonly failedTests: readonly string[];
  /** Full names of tests that did not run: skipped, pending or to do. */
  readonly notRun: readonly string[];
  /** Failures that belong to no single test, such as a file that could not be loaded. */
  readonly troubles: readonly string[];
}

const Report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});
type FileReport = z.infer<typeof Report>["testResults"][number];

/**
 * @param text the report, undefined when vitest wrote none.
 * @param exitedClean whether vitest itself ended with code 0.
 */
export function countReport(text: string | undefined, exitedClean: boolean): SuiteCount {
  const files = parse(text);
  if (files === undefined) {
    return { passed: 0, failedTests: [], notRun: [], troubles: ["vitest left no readable report"] };
  }
  const tests = files.flatMap((file) => file.assertionResults);
  const named = (wanted: (status: string) => boolean): string[] =>
    tests.filter((test) => wanted(test.status)).map((test) => test.fullName);
  const passed = named((status) => status === "passed").length;
  const failedTests = named((status) => status === "failed");
  const notRun = named((status) => status !== "passed" && status !== "failed");

  const troubles = files.filter(failedAsAWhole).map((file) => `${file.name} failed outside its tests`);
  if (tests.length === 0) troubles.push("no test ran");
  if (!exitedClean && failedTests.length + troubles.length === 0) {
    troubles.push("vitest failed though no test did");
  }
  return { passed, failedTests, notRun, troubles };
}

/** A file that did not load, or whose hooks failed: vitest marks the file and no test in it. */
function failedAsAWhole(file: FileReport): boolean {
  return file.status !== "passed" && !file.assertionResults.some((test) => test.status === "failed");
}

function parse(text: string | undefined): readonly FileReport[] | undefined {
  if (text === undefined) return undefined;
  try {
    return z.safeParse(Report, JSON.parse(text)).data?.testResults;
  } catch {
    return undefined;
  }
}
