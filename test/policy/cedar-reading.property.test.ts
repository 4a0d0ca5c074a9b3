import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compileCedar } from "#policy/cedar-file.ts";
import { checkProblems, policiesToCheck } from "#policy/policy-check.ts";
import { cedarSchema } from "#policy/schema.ts";
import type { Decider } from "#ports/decider.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { caseCount } from "#test/kit/cases.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";

const { signal } = new AbortController();
const tools = BUILTIN_TOOLS.slice(0, 2);
const schema = cedarSchema(tools, []);
let decider: Decider;
beforeAll(() => {
  decider = inProcessCedar();
});
afterAll(() => decider.close());

const read = (text: string) =>
  compileCedar({ layer: "workspace", file: "w.cedar", kind: "cedar", text }, tools);

/** Pieces of Cedar in any order, with what a person might leave out, repeat or mistype. */
const piece = fc.constantFrom(
  "permit",
  "forbid",
  "(",
  ")",
  "principal",
  "action",
  "resource",
  ",",
  ";",
  "==",
  "in",
  "is",
  "[",
  "]",
  "{",
  "}",
  'Action::"respond"',
  'Action::"tool_call"',
  'Other::Action::"respond"',
  'Agent::"a.symbi#a"',
  'AgentName::"a"',
  "Agent",
  "Tool",
  "when",
  "unless",
  "true",
  "false",
  "&&",
  "||",
  "if",
  "then",
  "else",
  "context",
  ".",
  "args",
  "has",
  "path",
  "like",
  '"a*"',
  '"\\*"',
  "@",
  "@doc",
  '("x")',
  '@id("x")',
  '@require("approval")',
  "@require",
  "// note\n",
  "//",
  "\n",
  "\r",
  "?principal",
  "\u0085",
  "\u00a0",
  "\ufeff",
  "é",
  "1",
  "-",
  "!",
  '"',
  "\\",
  "'",
  "/*",
  "*/",
  "::",
  "__cedar::x",
  '"\\u{41}"',
);
const wellFormed = fc.constantFrom(
  "permit (principal, action, resource);",
  'permit (principal in AgentName::"a", action in [Action::"respond", Action::"terminate"], resource is Run);',
  '@doc("x") forbid (principal is Agent in AgentFolder::".", action == Action::"respond", resource == Run::"r") unless { true };',
  'permit (principal is Agent in AgentName :: "a\\u{62}", action, resource in NetworkZone::"local") when { true };',
  '@require("approval") permit (principal, action, resource,) when { context has args } when { !(1 == 2) };',
  'permit(principal,action,resource)when{context["args"]has path&&context.args["path"]like"a*"};// end',
);
/** A text made of pieces, or a good one with a few of them put in or characters taken out. */
const text = fc.oneof(
  fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(" ")),
  fc
    .tuple(
      fc.array(wellFormed, { minLength: 1, maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(), piece), { maxLength: 2 }),
      fc.array(fc.nat(), { maxLength: 2 }),
    )
    .map(([policies, inserted, removed]) => {
      let changed = policies.join("\n");
      for (const [at, what] of inserted) {
        const place = at % (changed.length + 1);
        changed = changed.slice(0, place) + what + changed.slice(place);
      }
      for (const at of removed) {
        const place = at % (changed.length + 1);
        changed = changed.slice(0, place) + changed.slice(place + 1);
      }
      return changed;
    }),
  fc.string({ unit: "binary", maxLength: 200 }),
);

test("any text is read without a throw, and every place lies in it", () => {
  fc.assert(
    fc.property(text, (given) => {
      const { policies, problems, unread } = read(given);
      for (const { citation, startsAt, cedar } of policies) {
        expect(given.slice(startsAt ?? 0, (startsAt ?? 0) + cedar.length)).toBe(cedar);
        expect(citation.range?.span).toEqual([startsAt, (startsAt ?? 0) + cedar.length]);
      }
      for (const { problem } of problems) {
        expect(problem.range.span[0]).toBeLessThanOrEqual(problem.range.span[1]);
        expect(problem.range.span[1]).toBeLessThanOrEqual(given.length);
      }
      for (const { range } of unread) expect(range.span[1]).toBeLessThanOrEqual(given.length);
    }),
    { numRuns: caseCount(1_000) },
  );
});

test("what we and Cedar both take for a policy means the same to both, or is refused", async () => {
  const seen = { loaded: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(text, async (given) => {
      if (!given.isWellFormed()) return;
      const source = read(given);
      const policies = policiesToCheck([source]);
      if (Object.keys(policies).length === 0) return;
      const check = await decider.check(policies, schema, signal);
      if (!check.ok) throw new Error(check.fault.message);
      const codes = new Set(
        [...source.problems, ...checkProblems([source], check.value, [])].map(({ problem }) => problem.code),
      );
      for (const { id } of source.unread) expect(codes.has("WRIT101") || codes.has("WRIT107"), id).toBe(true);
      for (const policy of source.policies) {
        const shape = check.value.shapes[`0 ${policy.id}`];
        if (shape === undefined) expect(codes).toContain("WRIT101");
        else if (!codes.has("WRIT107")) {
          seen.loaded += 1;
          expect(shape.effect).toBe(policy.effect);
          expect(shape.principal).toBe(policy.principal);
          expect(shape.resource).toBe(policy.resource);
          expect(shape.action?.ids ?? []).toEqual(
            policy.action.k === "any"
              ? []
              : policy.action.k === "is"
                ? [policy.action.id]
                : policy.action.ids,
          );
        }
      }
      seen.refused += codes.size > 0 ? 1 : 0;
    }),
    { numRuns: caseCount(250) },
  );
  // Some 75 and 220 on average; new cases in a soak should not fall below by chance.
  expect(seen.loaded).toBeGreaterThan(10);
  expect(seen.refused).toBeGreaterThan(50);
});
