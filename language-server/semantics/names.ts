import type { AgentSpec } from "#protocol/agent-spec.ts";
import { ACTION_NAMES } from "#protocol/policy-vocabulary.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { partSpan, type TreeIndex } from "../parser/tree.ts";
import { keyText } from "./literal.ts";
import { quoted, type Reporter } from "./reporter.ts";

/** Longest name of a block: ids and records are made of it. */
const NAME_LENGTH_MAX = 128;

/** WRIT011 for blocks whose name is not one word, and WRIT073. */
export const checkNames = (
  reporter: Reporter,
  index: TreeIndex,
  spec: AgentSpec,
  tools: ReadonlyMap<string, ToolDescriptor>,
): void => {
  for (const node of [...index.all("Agent"), ...index.all("Policy"), ...index.all("Trigger")]) {
    const { name } = node;
    if (name === undefined) continue;
    const span = partSpan(node, "name");
    if (name.length > NAME_LENGTH_MAX) {
      reporter.report(
        "WRIT011",
        span,
        `a name has at most ${NAME_LENGTH_MAX} characters, and this has ${name.length}`,
        {
          help: "Choose a shorter name.",
        },
      );
      continue;
    }
    // Other letters than ASCII are told about as such.
    if (/^\w+$/.test(name) || /[^ -~]/.test(name)) continue;
    const word = oneWord(keyText(name));
    reporter.report("WRIT011", span, `${quoted(name)} is not one word`, {
      fix: word === undefined ? undefined : { title: `Write ${word}`, edits: [{ span, text: word }] },
    });
  }
  checkFunctionNames(reporter, index, spec, tools);
};

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
