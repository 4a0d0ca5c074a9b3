/** Runs steps one after another and counts honestly: every step runs, whatever the ones before it did. */
import { readFileSync } from "node:fs";
import { complaint, runCommand } from "./command.ts";
import type { Step } from "./plans.ts";
import { countReport } from "./vitest-report.ts";

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

export interface RunPlanOptions {
  /** Aborted with the name of a signal as reason; the running step gets it, those after it are not started. */
  readonly stop: AbortSignal;
  /** True in continuous integration: there a test that did not run has failed. */
  readonly skippingFails: boolean;
  readonly print: (line: string) => void;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}

/** Whether the surroundings say that nobody reads what was skipped. */
export function isContinuousIntegration(variables: Readonly<Record<string, string | undefined>>): boolean {
  return (variables["CI"] ?? "") !== "";
}

export async function runPlan(steps: readonly Step[], options: RunPlanOptions): Promise<Tally> {
  const { print, stop } = options;
  const total = { passed: 0, failed: 0 };
  const failures: string[] = [];
  const startedMs = options.now();
  for (const step of steps) {
    if (stop.aborted) break;
    print(`\n── ${step.title} ${"─".repeat(Math.max(3, 74 - step.title.length))}`);
    const stepStartedMs = options.now();
    const result = await runStep(step, options);
    total.passed += result.passed;
    total.failed += result.failures.length;
    failures.push(...result.failures.map((failure) => `${step.title}: ${failure}`));
    const verdict = result.failures.length === 0 ? "ok" : "FAILED";
    print(`${verdict}  ${step.title}, ${seconds(options.now() - stepStartedMs)}`);
  }
  if (failures.length > 0) print(`\nWhat failed:\n${failures.map((line) => `  ${line}`).join("\n")}`);
  if (stop.aborted) print(`\nInterrupted by ${String(stop.reason)}; what follows is what had ended by then.`);
  print(`\n${steps.length} steps, ${seconds(options.now() - startedMs)}`);
  print(`${total.passed} passed, ${total.failed} failed`);
  return total;
}

interface StepResult {
  readonly passed: number;
  /** One line for each. */
  readonly failures: readonly string[];
}

async function runStep(step: Step, options: RunPlanOptions): Promise<StepResult> {
  const outcome = await runCommand(step.command, options.stop);
  const wrong = complaint(outcome, step.command.timeoutMs);
  if (step.reportFile === undefined) {
    return wrong === undefined ? { passed: 1, failures: [] } : { passed: 0, failures: [wrong] };
  }
  const count = countReport(readIfThere(step.reportFile), outcome.kind === "exited" && outcome.code === 0);
  const failures = [...count.failedTests, ...count.troubles];
  // A suite that was killed may have left a report in which nothing failed yet.
  if (outcome.kind !== "exited" && wrong !== undefined) failures.push(wrong);
  for (const name of count.notRun) {
    if (options.skippingFails) failures.push(`skipped, which fails here: ${name}`);
    else options.print(`skipped: ${name}`);
  }
  return { passed: count.passed, failures };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}
