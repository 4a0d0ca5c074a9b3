import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Step } from "#test/run/plans.ts";
import { isContinuousIntegration, runPlan } from "#test/run/run-plan.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "writ-run-plan-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function script(title: string, source: string, timeoutMs = 15_000): Step {
  return { title, command: { argv: [process.execPath, "-e", source], timeoutMs } };
}

function suiteThatReports(report: unknown, exitCode = 0): Step {
  const reportFile = join(folder, "report.json");
  writeFileSync(reportFile, typeof report === "string" ? report : JSON.stringify(report));
  return { ...script("Tests", `process.exit(${exitCode})`), reportFile };
}

function fileReport(status: string, tests: Readonly<Record<string, string>>): unknown {
  const assertionResults = Object.entries(tests).map(([fullName, outcome]) => ({
    fullName,
    status: outcome,
  }));
  return { testResults: [{ name: "a.test.ts", status, assertionResults }] };
}

async function run(
  steps: readonly Step[],
  options: { readonly skippingFails?: boolean; readonly stop?: AbortSignal } = {},
): Promise<{ readonly last: string; readonly output: string }> {
  const lines: string[] = [];
  await runPlan(steps, {
    stop: options.stop ?? new AbortController().signal,
    skippingFails: options.skippingFails ?? false,
    print: (line) => lines.push(...line.split("\n")),
    now: () => 0,
  });
  return { last: lines.at(-1) ?? "", output: lines.join("\n") };
}

describe("checks", () => {
  test("a check that ends with code 0 has passed", async () => {
    expect((await run([script("A", "")])).last).toBe("1 passed, 0 failed");
  });

  test("a failing check is counted and named, and the ones after it still run", async () => {
    const { last, output } = await run([script("A", "process.exit(3)"), script("B", "")]);
    expect(last).toBe("1 passed, 1 failed");
    expect(output).toContain("  A: ended with code 3");
  });

  test("a check that a signal ended has failed", async () => {
    const { output } = await run([
      script("A", "process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1e3)"),
    ]);
    expect(output).toContain("  A: was ended by SIGKILL");
  });

  test("a check that does not end is ended", async () => {
    const { last, output } = await run([script("A", "setInterval(() => {}, 1000)", 300)]);
    expect(output).toContain("  A: took longer than 0.3 s");
    expect(last).toBe("0 passed, 1 failed");
  });

  test("a program that is not there has failed", async () => {
    const { output } = await run([
      { title: "A", command: { argv: ["no-such-program-at-all"], timeoutMs: 1000 } },
    ]);
    expect(output).toContain("  A: did not start: spawn no-such-program-at-all ENOENT");
  });
});

describe("suites", () => {
  const cases: readonly [what: string, report: unknown, exitCode: number, last: string][] = [
    [
      "tests are counted one by one",
      fileReport("passed", { a: "passed", b: "passed" }),
      0,
      "2 passed, 0 failed",
    ],
    ["a failed test", fileReport("failed", { a: "passed", b: "failed" }), 1, "1 passed, 1 failed"],
    ["a file that did not load", fileReport("failed", {}), 1, "0 passed, 2 failed"],
    ["hooks that failed", fileReport("failed", { a: "passed" }), 1, "1 passed, 1 failed"],
    ["an error outside all files", fileReport("passed", { a: "passed" }), 1, "1 passed, 1 failed"],
    ["no test at all", { testResults: [] }, 0, "0 passed, 1 failed"],
    ["a report that is not JSON", "{", 0, "0 passed, 1 failed"],
    ["a report of another shape", { testResults: [{}] }, 0, "0 passed, 1 failed"],
  ];
  test.each(cases)("%s", async (_what, report, exitCode, last) => {
    expect((await run([suiteThatReports(report, exitCode)])).last).toBe(last);
  });

  test("no report at all", async () => {
    const step = { ...script("Tests", ""), reportFile: join(folder, "none.json") };
    expect((await run([step])).output).toContain("  Tests: vitest left no readable report");
  });

  test("a suite that was killed has failed, whatever its report says so far", async () => {
    const step = suiteThatReports(fileReport("passed", { a: "passed" }));
    const killed = {
      ...script("Tests", "setInterval(() => {}, 1000)", 300),
      reportFile: step.reportFile ?? "",
    };
    const { output } = await run([killed]);
    expect(output).toContain("  Tests: took longer than 0.3 s");
  });

  const withSkipped = fileReport("passed", { a: "passed", "b is skipped": "skipped", "c is to do": "todo" });

  test("tests that did not run are named", async () => {
    const { last, output } = await run([suiteThatReports(withSkipped)]);
    expect(output).toContain("skipped: b is skipped\nskipped: c is to do");
    expect(last).toBe("1 passed, 0 failed");
  });

  test("tests that did not run have failed in continuous integration", async () => {
    const { last, output } = await run([suiteThatReports(withSkipped)], { skippingFails: true });
    expect(output).toContain("  Tests: skipped, which fails here: b is skipped");
    expect(last).toBe("1 passed, 2 failed");
  });
});

test.each([
  [{ CI: "true" }, true],
  [{ CI: "1" }, true],
  [{ CI: "" }, false],
  [{}, false],
])("with %o a test that did not run has failed: %s", (variables, fails) => {
  expect(isContinuousIntegration(variables)).toBe(fails);
});

describe("interrupting", () => {
  test("the running check gets the signal and is waited for, and no further one starts", async () => {
    const log = join(folder, "log");
    const note = (word: string): string => `fs.appendFileSync(${JSON.stringify(log)}, "${word} ")`;
    const patient = `process.on("SIGINT", () => setTimeout(() => { ${note("left")}; process.exit(0) }, 200));
      setInterval(() => {}, 1000); ${note("started")}`;
    const stop = new AbortController();
    const running = run([script("A", patient), script("B", note("second"))], { stop: stop.signal });
    await expect.poll(() => readIfThere(log)).toBe("started ");
    stop.abort("SIGINT");
    const { output } = await running;
    expect(readIfThere(log)).toBe("started left ");
    expect(output).toContain("Interrupted by SIGINT");
  });

  test("what a check has left running is ended with it", async () => {
    const pidFile = join(folder, "pid");
    const parent = `const child = require("node:child_process").spawn(process.execPath,
      ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
      fs.writeFileSync(${JSON.stringify(pidFile)}, String(child.pid)); process.exit(0)`;
    await run([script("A", parent)]);
    const pid = Number(readFileSync(pidFile, "utf8"));
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readIfThere(`/proc/${pid}/stat`).includes(") Z ");
  } catch {
    return false;
  }
}
