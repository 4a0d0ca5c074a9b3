/**
 * `npm test`, `npm run check` and `npm run soak`.
 *
 * The last line is `N passed, N failed`, alone: each check is one, each test of the suite is one. It ends
 * with code 0 only if nothing failed, and with 128 + n when signal n interrupted it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { planNamed } from "./plans.ts";
import { isContinuousIntegration, runPlan } from "./run-plan.ts";

const scratch = mkdtempSync(join(tmpdir(), "writ-test-"));
const stop = new AbortController();
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
// npm passes on the Ctrl-C that the terminal has sent us already; only the first signal says why we stop.
for (const signal of signals) process.on(signal, () => stop.abort(signal));

// A signal to npm alone ends npm and its shell, and nobody tells us: then our parent is another one.
const PARENT_CHECK_MS = 500;
const parent = process.ppid;
const orphaned = (): void => {
  if (process.ppid !== parent) stop.abort("SIGTERM");
};
setInterval(orphaned, PARENT_CHECK_MS).unref();

try {
  const tally = await runPlan(planNamed(process.argv[2] ?? "", scratch), {
    stop: stop.signal,
    skippingFails: isContinuousIntegration(process.env),
    print: (line) => console.log(line),
    now: () => performance.now(),
  });
  process.exitCode = tally.failed === 0 ? 0 : 1;
  const interruptedBy = signals.find((signal) => signal === stop.signal.reason);
  if (interruptedBy !== undefined) process.exitCode = 128 + constants.signals[interruptedBy];
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
