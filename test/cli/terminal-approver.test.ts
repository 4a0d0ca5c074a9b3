import { describe, expect, test } from "vitest";
import { columnsOf } from "#cli/width.ts";
import { createTerminalApprover } from "#cli/terminal-approver.ts";
import type { ApprovalQuestion } from "#ports/approver.ts";
import { approverContract, questionOf } from "#test/contracts/approver.ts";
import { createApproverFake } from "#test/kit/approver-fake.ts";
import { approvalBy, digestOf, stepUp } from "#test/kit/decisions.ts";
import { expectGolden } from "#test/kit/golden.ts";
import type { TerminalFake } from "#test/kit/terminal-fake.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";

const approverAt = (terminal: TerminalFake, user = "ada") => createTerminalApprover({ terminal, user });
const calm = (): AbortSignal => new AbortController().signal;

approverContract("the terminal", {
  agreeing: (user) => approverAt(createTerminalFake(["yes", "yes"]), user),
  refusing: (user) => approverAt(createTerminalFake(["no"]), user),
  silent: () => approverAt(createTerminalFake(["silent"])),
  deserted: () => approverAt(createTerminalFake([], { interactive: false })),
});

approverContract("the fake", {
  agreeing: (by) => createApproverFake(() => ({ k: "approves", by })),
  refusing: (by) => createApproverFake([{ k: "refused", by, surface: "terminal", reason: null }]),
  silent: () => createApproverFake([{ k: "silent" }]),
  deserted: () => createApproverFake([{ k: "unavailable", why: "nobody" }]),
});

describe("what a person types", () => {
  test.each<[string | null, "approved" | "refused" | "unavailable"]>([
    ["yes", "approved"],
    ["  yes ", "approved"],
    ["cccc-cccc", "approved"],
    ["y", "refused"],
    ["YES", "refused"],
    ["yes please", "refused"],
    ["cccc", "refused"],
    ["cccccccc", "refused"],
    ["no", "refused"],
    ["", "refused"],
    ["\u0000yes", "refused"],
    // The terminal was closed, or Ctrl-D: nobody said no.
    [null, "unavailable"],
  ])("%j is %s", async (typed, expected) => {
    const answer = await approverAt(createTerminalFake([typed])).ask(questionOf(), calm());
    expect(answer.k).toBe(expected);
  });

  test("is kept as the reason when it is no yes, escaped", async () => {
    const answer = await approverAt(createTerminalFake(["never\u001b[2J"])).ask(questionOf(), calm());
    expect(answer).toMatchObject({ k: "refused", reason: "never\\e[2J" });
  });
});

describe("whoever may not answer is not asked:", () => {
  test.each<[string, ApprovalQuestion["who"]]>([
    ["one whom the rule does not name", { approvers: ["grace"], except: [] }],
    ["one whom it excludes", { approvers: [], except: ["ada"] }],
    ["one who is named and excluded", { approvers: ["ada"], except: ["ada"] }],
  ])("%s", async (_, who) => {
    const terminal = createTerminalFake();
    expect(await approverAt(terminal).ask(questionOf({ who }), calm())).toMatchObject({ k: "unavailable" });
    expect(terminal.prompts).toEqual([]);
  });
});

test("questions wait for each other, and one that is aborted frees the next", async () => {
  const terminal = createTerminalFake(["silent", "yes"]);
  const approver = approverAt(terminal);
  const first = new AbortController();
  const asking = approver.ask(questionOf(), first.signal);
  const next = approver.ask(questionOf({ fingerprint: digestOf("d") }), calm());
  await new Promise((resolve) => setImmediate(resolve));
  expect(terminal.prompts).toHaveLength(1);
  first.abort();
  await expect(asking).rejects.toMatchObject({ name: "AbortError" });
  expect(await next).toMatchObject({ k: "approved", fingerprint: digestOf("d") });
});

describe("on the screen", () => {
  const shown = async (changes: Partial<ApprovalQuestion>, columns = 60): Promise<readonly string[]> => {
    const terminal = createTerminalFake(["no"], { columns });
    await approverAt(terminal).ask(questionOf(changes), calm());
    return [...terminal.errLines, ...terminal.prompts];
  };

  test("stands who wants what, by which rule, and what would change", async () => {
    const preview = "--- notes.txt\n+++ notes.txt\n@@ -1,2 +1,2 @@\n keep\n-old\n+  new\n";
    const lines = await shown({ preview, arguments: { path: "notes.txt", mode: { lines: 3 } } });
    expectGolden(new URL("goldens/approval.txt", import.meta.url), `${lines.join("\n")}\n`);
  });

  test("nothing in an argument looks like our own words or moves the cursor", async () => {
    const hostile = "a\n  rule  policies/all.cedar:1:1 (ok): permit\r\u001b[1A\u202eevil\u2028yes\nType yes";
    const lines = await shown({ arguments: { code: hostile } });
    const inside = lines.slice(lines.indexOf("  code:") + 1, -1);
    expect(inside.every((line) => /^ {2}[│┆] /.test(line))).toBe(true);
    expect(lines.join("")).not.toMatch(/[\u0000-\u001f\u202e\u2028]/);
    expect(lines.filter((line) => line.startsWith("  rule "))).toHaveLength(1);
  });

  test.each([20, 24, 32, 38, 60])("nothing in it leaves its bar at %i columns", async (columns) => {
    const hostile = `${"x".repeat(19)}approved by root ${"漢".repeat(40)}`;
    const lines = await shown({ preview: `+${hostile}\n`, arguments: { code: hostile } }, columns);
    const untrusted = lines.filter((line) => /x{5}|approved|漢/.test(line));
    expect(untrusted.length).toBeGreaterThan(3);
    expect(untrusted.every((line) => /^ {2}[│┆] /.test(line))).toBe(true);
    expect(Math.max(...untrusted.map(columnsOf))).toBeLessThanOrEqual(columns);
  });

  test("names from outside are escaped too", async () => {
    const [citation] = stepUp(approvalBy()).obligations.map((obligation) => obligation.rule);
    if (citation === undefined) throw new Error("an approval has a rule");
    const rule = { ...citation, file: "a\u001b[2J.symbi", rule: "r\u202e", text: "require\n\tapproval" };
    const decision = stepUp({ ...approvalBy(), rule });
    const lines = await shown({
      decision,
      tool: "t\u0007",
      principal: "Agent::\u200b",
      arguments: { "k\u001b": 1 },
    });
    expect(lines.join("")).not.toMatch(/[\u0000-\u001f\u200b\u202e]/);
    expect(lines.join("\n")).toContain("a\\e[2J.symbi:3:5 (r\\u{202e}): require approval");
  });

  test("long lines are folded, never cut, and keep their spaces", async () => {
    const code = `    indented ${"wide 字 ".repeat(40)}end`;
    const lines = await shown({ arguments: { code } }, 40);
    const inside = lines.filter((line) => /^ {2}[│┆] /.test(line)).map((line) => line.slice(4));
    expect(inside.join("")).toBe(code);
  });

  test("what is too long to show is said to be missing", async () => {
    const lines = await shown({ arguments: { code: "x".repeat(8_001) }, preview: "y".repeat(64_002) });
    expect(lines.filter((line) => line.includes("NOT shown"))).toEqual([
      "  … 1 more characters are NOT shown",
      "  … 2 more characters are NOT shown",
    ]);
  });
});
