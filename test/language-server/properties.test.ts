import { readFileSync } from "node:fs";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonValue } from "#kernel/json.ts";
import { readAgentSpec } from "#protocol/agent-spec-schema.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import { mayRun, type Problem } from "#protocol/problem.ts";
import { problemKind } from "#protocol/problem-catalogue.ts";
import { caseCount } from "#test/kit/cases.ts";
import { digest, inBody, inPolicy, lower, lowerBytes, marked } from "./kit.ts";
import { PROBLEM_CASES } from "./problem-cases.ts";

// Many texts on a machine that does other things as well.

const whole = readFileSync(new URL("../fixtures/dialects/d1-reviewer.symbi", import.meta.url), "utf8");

/** Words and signs of the language, to make texts that nearly are one. */
const TOKENS = (
  '{ } ( ) [ ] < > . , ; : = ! + - * / % | & ? # \' " \\ $ @ ~ == != <= >= && || => -> :: += """ // /* */ ' +
  "agent policy metadata function with capabilities schedule webhook memory channel type allow deny require " +
  "audit let if else for in while match try catch return break continue not and or true null x shell read_file " +
  'args "a" "*" 1 30s 2hrs vault://a approval sandbox timeout \u200b'
).split(" ");
TOKENS.push("\n");

const tokens = fc.array(fc.constantFrom(...TOKENS), { maxLength: 60 }).map((parts) => parts.join(" "));

/** A sound file with a stretch cut out, doubled or replaced. */
const mutated = fc
  .tuple(fc.nat(whole.length), fc.nat(40), fc.oneof(tokens, fc.string({ maxLength: 8 }), fc.constant("")))
  .map(([start, length, by]) => whole.slice(0, start) + by + whole.slice(start + length));

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  tokens,
  tokens.map(inBody),
  tokens.map(inPolicy),
  mutated,
);

const json = (spec: AgentSpec): JsonValue => spec as unknown as JsonValue;

const sound = (source: string, problems: readonly Problem[]): void => {
  for (const { code, class: kind, severity, range, fix, related } of problems) {
    const ranges = [range, ...(related ?? []).map((one) => one.range)];
    for (const { span, line, column } of ranges) {
      expect(span[0]).toBeGreaterThanOrEqual(0);
      expect(span[1]).toBeGreaterThanOrEqual(span[0]);
      expect(span[1]).toBeLessThanOrEqual(source.length);
      expect(offsetOf(source, line, column)).toBe(span[0]);
    }
    const edits = [...(fix?.edits ?? [])].sort((left, right) => left.span[0] - right.span[0]);
    edits.forEach((edit, index) => {
      expect(edit.span[0]).toBeGreaterThanOrEqual(edits[index - 1]?.span[1] ?? 0);
      expect(edit.span[1]).toBeLessThanOrEqual(source.length);
    });
    const known = problemKind(code as Parameters<typeof problemKind>[0]);
    expect([kind, "either"]).toContain(known.class);
    if (kind === "enforcement") expect(severity).toBe("error");
  }
};

/** The offset of a line and column, counted by walking; the reader counts by search. */
const offsetOf = (source: string, line: number, column: number): number => {
  const lines = source.split(/(?<=\r\n|\r(?!\n)|\n)/);
  return lines.slice(0, line - 1).join("").length + column - 1;
};

describe("any text has an answer", () => {
  test("with problems that stand within it and a spec that its reader takes", () => {
    fc.assert(
      fc.property(text, (source) => {
        const { value, problems } = lower(source);
        const read = source.toWellFormed();
        sound(read, problems);
        if (value !== null) {
          const reading = readAgentSpec(structuredClone(value), digest);
          if (!reading.ok) throw new Error(`${reading.where}: ${reading.why}`);
          expect(canonicalJson(json(reading.value))).toBe(canonicalJson(json(value)));
          expect(value.isWhole).toBe(mayRun(problems));
        }
      }),
      { numRuns: caseCount(500) },
    );
  });

  test("and any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const { value, problems } = lowerBytes({ path: "a/b.symbi", bytes });
        if (value === null) expect(problems).toHaveLength(1);
      }),
      { numRuns: caseCount(150) },
    );
  });

  test("which is the same every time, also behind another text that broke", () => {
    fc.assert(
      fc.property(text, text, (source, other) => {
        const first = lower(source);
        lower(other);
        const second = lower(source);
        expect(second.problems).toEqual(first.problems);
        expect(canonicalJson(second.value as unknown as JsonValue)).toBe(
          canonicalJson(first.value as unknown as JsonValue),
        );
      }),
      { numRuns: caseCount(80) },
    );
  });
});

test("an answer for every case depends on the bytes alone", () => {
  for (const [source] of PROBLEM_CASES) {
    const bytes = utf8(marked(source).text);
    expect(lowerBytes({ path: "x.symbi", bytes })).toEqual(
      lowerBytes({ path: "x.symbi", bytes: bytes.slice() }),
    );
  }
});

describe("what is added to a rule never makes it say more", () => {
  const rules = [
    "allow: read_file",
    "deny: shell if context.iteration > 3",
    "require: approval(publish_file)",
  ];
  test.each(rules)("%s", (rule) => {
    fc.assert(
      fc.property(tokens, (junk) => {
        const { value, problems } = lower(`policy p { ${rule} ${junk} }`);
        const lowered = value?.policies[0]?.rules ?? [];
        const isSound = problems.every(({ class: kind }) => kind !== "enforcement");
        // Junk behind a rule is either reported or has become part of what the rule's text shows.
        if (isSound && lowered.length > 0) {
          for (const one of lowered) expect(`policy p { ${rule} ${junk} }`).toContain(one.text);
        }
      }),
      { numRuns: caseCount(80) },
    );
  });
});
