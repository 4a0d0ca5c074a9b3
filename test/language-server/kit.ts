import { createHash } from "node:crypto";
import { expect } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import { type Sha256, sha256OfBytes } from "#kernel/digest.ts";
import { type LowerInput, lowerSource } from "#language/lower/lower.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import type { Checked, Problem } from "#protocol/problem.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";

export const digest = (bytes: Uint8Array): Sha256 =>
  sha256OfBytes(createHash("sha256").update(bytes).digest());

export const lowerBytes = (input: LowerInput): Checked<AgentSpec | null> =>
  lowerSource(input, { digest, tools: BUILTIN_TOOLS });

/** Lowers a text as `test.symbi`. */
export const lower = (text: string): Checked<AgentSpec | null> =>
  lowerBytes({ path: "test.symbi", bytes: utf8(text) });

/** A text with marks `«…»` taken out, and the places that they marked, outer before inner. */
export const marked = (
  text: string,
): { readonly text: string; readonly spans: readonly (readonly [number, number])[] } => {
  const spans: [number, number][] = [];
  const open: number[] = [];
  let plain = "";
  for (const character of text) {
    if (character === "«") {
      open.push(spans.length);
      spans.push([plain.length, plain.length]);
    } else if (character === "»") {
      const index = open.pop();
      const span = index === undefined ? undefined : spans[index];
      if (span === undefined) throw new Error("a mark that was not opened");
      span[1] = plain.length;
    } else plain += character;
  }
  if (open.length > 0) throw new Error("a mark that was not closed");
  return { text: plain, spans };
};

/**
 * Expects exactly these problems, each at the place that its mark names, in the order of the text.
 * Hints are left out unless the first expected code is one.
 */
export const check = (source: string, ...codes: readonly string[]): readonly Problem[] => {
  const { text, spans } = marked(source);
  const problems = lower(text).problems;
  const found = problems.filter((problem) => problem.severity !== "hint" || codes.includes(problem.code));
  const expected = codes.map((code, index) => ({
    code,
    text: slice(text, spans[index]),
    span: spans[index],
  }));
  expect(
    found.map(({ code, range }) => ({ code, text: slice(text, range.span), span: range.span })),
    found.map((problem) => `${problem.code} ${problem.message}`).join("\n"),
  ).toEqual(expected);
  return found;
};

const slice = (text: string, span: readonly [number, number] | undefined): string | undefined =>
  span === undefined ? undefined : text.slice(...span);

/** The text after the edits of a problem's fix. */
export const applyFix = (text: string, { fix }: Problem): string => {
  const edits = [...(fix?.edits ?? [])].sort((left, right) => right.span[0] - left.span[0]);
  let result = text;
  for (const { span, text: replacement } of edits) {
    result = result.slice(0, span[0]) + replacement + result.slice(span[1]);
  }
  return result;
};

/** Statements as the body of an agent with two parameters. */
export const inBody = (statements: string): string =>
  `agent a(text: String, n: int) {\n  with sandbox = "docker" {\n    ${statements}\n  }\n}`;

/** Rules as the policy of an agent with parameters of every kind. */
export const inPolicy = (rules: string): string =>
  `agent a(file: String, count: int, dry: bool, weight: float, names: Array<String>) {\n  policy p {\n    ${rules}\n  }\n}`;

/** Attributes behind the `with` of an agent. */
export const inWith = (attributes: string): string => `agent a {\n  with ${attributes} { }\n}`;

/** The only agent of a text. */
export const agentOf = (text: string): AgentSpec["agents"][number] => {
  const agent = lower(text).value?.agents[0];
  if (agent === undefined) throw new Error("no agent was lowered");
  return agent;
};
