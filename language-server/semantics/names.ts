import type { AgentSpec } from "#protocol/agent-spec.ts";
import { isSpecName, NAME_LENGTH_MAX } from "#protocol/agent-spec-bounds.ts";
import { ACTION_NAMES } from "#protocol/policy-vocabulary.ts";
import type { Span } from "#protocol/source.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { partSpan, type TreeIndex } from "../parser/tree.ts";
import { keyText } from "./literal.ts";
import { quoted, type Reporter } from "./reporter.ts";

/** WRIT011 for what has a name that a spec does not carry, and WRIT073. */
export const checkNames = (
  reporter: Reporter,
  index: TreeIndex,
  spec: AgentSpec,
  tools: ReadonlyMap<string, ToolDescriptor>,
): void => {
  for (const node of NAMED.flatMap((kind) => index.all(kind))) {
    const { name } = node;
    if (name === undefined || isSpecName(name)) continue;
    const span = partSpan(node, "name");
    if (name.length > NAME_LENGTH_MAX) {
      reportLength(reporter, span, name);
      continue;
    }
    // In a bare word, other letters than ASCII are told about as such.
    if (!name.startsWith('"') && /[^ -~]/.test(name)) continue;
    const word = oneWord(keyText(name));
    reporter.report("WRIT011", span, `${quoted(name)} is not one word`, {
      fix: word === undefined ? undefined : { title: `Write ${word}`, edits: [{ span, text: word }] },
    });
  }
  checkFunctionNames(reporter, index, spec, tools);
};

const NAMED = [
  "Agent",
  "FunctionDefinition",
  "For",
  "Let",
  "Parameter",
  "Policy",
  "Trigger",
  "TypeDefinition",
] as const;

/** WRIT011 for a word that is longer than ids and records are made of. */
export const reportLength = (reporter: Reporter, span: Span, name: string): void =>
  reporter.report(
    "WRIT011",
    span,
    `a name has at most ${NAME_LENGTH_MAX} characters, and this has ${name.length}`,
    { help: "Choose a shorter name." },
  );

const oneWord = (name: string): string | undefined => {
  const word = name.replaceAll(/\W+/g, "_").replaceAll(/^_+|_+$/g, "");
  return /^[A-Za-z]\w*$/.test(word) ? word : undefined;
};

const checkFunctionNames = (
  reporter: Reporter,
  index: TreeIndex,
  spec: AgentSpec,
  tools: ReadonlyMap<string, ToolDescriptor>,
): void => {
  const ruled = namesInRules(spec);
  for (const node of index.all("FunctionDefinition")) {
    const { name } = node;
    const span = partSpan(node, "name");
    if (tools.has(name)) {
      reporter.report("WRIT073", span, `the function ${quoted(name)} has the name of a tool`);
    } else if (ruled.has(name) && ACTION_NAMES.some((action) => action === name)) {
      reporter.report(
        "WRIT073",
        span,
        `the function ${quoted(name)} has the name of an action that a rule is about`,
      );
    }
  }
};

const namesInRules = (spec: AgentSpec): ReadonlySet<string> =>
  new Set(
    [...spec.policies, ...spec.agents.flatMap((agent) => agent.policies)].flatMap((policy) =>
      policy.rules.flatMap((rule) => rule.patterns.map((pattern) => pattern.name)),
    ),
  );
