import type { AstNode } from "langium";
import type { Dialect } from "#protocol/agent-spec.ts";
import type { Span } from "#protocol/source.ts";
import type { Agent, Section, SymbiFile, UnknownBlock } from "../generated/ast.ts";
import { isOutermost, type Scan } from "../parser/scan.ts";
import type { SourceText } from "../parser/source-text.ts";
import { partSpan, spanOf, TreeIndex } from "../parser/tree.ts";
import { quoted, type Reporter } from "./reporter.ts";

/** Which dialect a text is written in, and the places that show it. */
export interface DialectFinding {
  readonly name: Dialect;
  /** Empty for D1. */
  readonly evidence: readonly Evidence[];
}

export interface DialectInput {
  readonly source: SourceText;
  readonly tree: SymbiFile;
  readonly scan: Scan;
  readonly isBroken: boolean;
  readonly isGivenUp: boolean;
}

interface Evidence {
  readonly span: Span;
  /** What stands there, without article. */
  readonly what: string;
}

/** Places that are shown beside the first. */
const RELATED_MAX = 4;

/**
 * Recognises the dialects found in the wild by what only they write. The first that shows itself
 * wins, from the one that shares least with D1 to the one that shares most.
 */
export const detectDialect = ({ source, tree, scan, isBroken, isGivenUp }: DialectInput): DialectFinding => {
  const index = new TreeIndex(tree);
  // Where the parser lost its way it finds blocks at the top that are inside others.
  const blocks = tree.items.filter(
    (item): item is UnknownBlock => item.$type === "UnknownBlock" && isOutermost(scan, spanOf(item)[0]),
  );
  const detectors: readonly (readonly [Dialect, () => readonly Evidence[]])[] = [
    ["D3", () => linePolicies(source)],
    ["D2", () => readEvalPrint(tree, blocks)],
    ["D6", () => profiles(blocks)],
    ["D7", () => templates(source, blocks, index)],
    ["D5", () => nestedBlocks(source, index)],
    ["D4", () => prose(index)],
    // An empty tree tells nothing when a remark or text took all of the file, or when it was given up.
    ["unknown", () => (isBroken ? noAgentFile(source, tree, isGivenUp || scan.endless !== null) : [])],
  ];
  for (const [name, detect] of detectors) {
    const evidence = detect();
    if (evidence.length > 0) return { name, evidence };
  }
  return { name: "D1", evidence: [] };
};

const NAMES: Readonly<Record<Dialect, string>> = {
  D1: "the agent language",
  D2: "the dialect of the interactive shell (D2)",
  D3: "the line format of policies that ends with `end` (D3)",
  D4: "the dialect with rules in prose (D4)",
  D5: "the dialect with blocks nested in agents and policies (D5)",
  D6: "the profile dialect with `with` and `capabilities` at the top (D6)",
  D7: "the dialect of project templates (D7)",
  unknown: "no agent file",
};

const HELP: Readonly<Record<Dialect, string>> = {
  D1: "",
  D2: "Write `agent name(parameter: String) { … }` with a `policy` and a `with` block; types behind `type`.",
  D3: "Write `policy name { allow: …  deny: … }` with braces.",
  D4: "Write each rule as `allow: NAME if CONDITION`, what it asks for as `require: approval(NAME)`, and calls without `::`.",
  D5: "Give schedules, webhooks and memories a name at the top of the file, and write rules as `allow: NAME if CONDITION`.",
  D6: 'Write `agent name { capabilities = [...]  with sandbox = "docker", timeout = 60.seconds { … } }`.',
  D7: "Write an agent with a `policy` block and a `with` block.",
  unknown: "An agent file holds blocks such as `metadata { … }`, `policy p { … }` and `agent a { … }`.",
};

export const reportDialect = (reporter: Reporter, { name, evidence }: DialectFinding): void => {
  const [first, ...others] = evidence;
  if (first === undefined) return;
  const message =
    name === "unknown"
      ? `this does not look like an agent file: ${first.what}`
      : `this looks like ${NAMES[name]}: ${first.what}; this version runs D1 only`;
  const related = others.slice(0, RELATED_MAX).map(({ span, what }) => ({ span, message: `also ${what}` }));
  reporter.report("WRIT067", first.span, message, { help: HELP[name], related });
};

const at = (node: AstNode, what: string, property?: string): Evidence => ({
  span: property === undefined ? spanOf(node) : partSpan(node, property),
  what,
});

const linePolicies = (source: SourceText): readonly Evidence[] => {
  // Each remark ends with its line, so that there is one way only to divide the text into them.
  const head = /^(?:\s|(?:#|\/\/)[^\r\n]*[\r\n])*policy[ \t]+[\w-]+[ \t]*(?=[\r\n]|$)/.exec(source.text);
  if (head === null || !/^[ \t]*end[ \t]*$/m.test(source.text)) return [];
  const start = head[0].lastIndexOf("policy");
  return [{ span: [start, head[0].length], what: "a policy without braces" }];
};

const SHELL_BLOCKS: readonly string[] = ["behavior", "struct"];
const SHELL_ATTRIBUTES: readonly string[] = ["name", "version", "author", "description"];
const SHELL_SECTIONS: readonly string[] = ["resources", "security", "policies"];

const readEvalPrint = (tree: SymbiFile, blocks: readonly UnknownBlock[]): readonly Evidence[] => [
  ...blocks
    .filter((block) => SHELL_BLOCKS.includes(block.words[0] ?? ""))
    .map((block) => at(block, `a \`${block.words[0]}\` block`, "words")),
  ...tree.items
    .filter((item): item is Agent => item.$type === "Agent" && isShellAgent(item))
    .map((agent) => at(agent, "an agent of attributes only", "name")),
];

const isShellAgent = (agent: Agent): boolean =>
  agent.items.length > 0 &&
  agent.items.every(
    (item) =>
      (item.$type === "AgentAttribute" && item.separator === ":" && SHELL_ATTRIBUTES.includes(item.key)) ||
      (item.$type === "Section" && item.words.length === 1 && SHELL_SECTIONS.includes(item.words[0] ?? "")),
  );

const profiles = (blocks: readonly UnknownBlock[]): readonly Evidence[] =>
  blocks
    .filter((block) => block.words[0] === "with" || block.words[0] === "capabilities")
    .map((block) => at(block, `\`${block.words[0]}\` outside an agent`, "words"));

const TEMPLATE_BLOCK = /^(?:on_(?:http_post|prompt|query)|router)$/;

const templates = (
  source: SourceText,
  unknown: readonly UnknownBlock[],
  index: TreeIndex,
): readonly Evidence[] => {
  const blocks = unknown
    .filter((block) => TEMPLATE_BLOCK.test(block.words[0] ?? ""))
    .map((block) => at(block, `a block ${quoted(block.words[0] ?? "")}`, "words"));
  const inside = index
    .all("Section")
    .flatMap((section) =>
      TEMPLATE_BLOCK.test(section.words[0] ?? "") || isRuleBlock(section)
        ? [at(section, `a block ${quoted(section.words.join(" "))}`, "words")]
        : [],
    );
  const prompt = /\bprompt:[ \t]*\|[ \t]*(?=[\r\n])/.exec(source.text);
  const scalar: Evidence[] =
    prompt === null
      ? []
      : [{ span: [prompt.index, prompt.index + prompt[0].length], what: "a text behind `prompt: |`" }];
  return [...blocks, ...inside, ...scalar];
};

/** `allow http.fetch { … }`: a rule that is a block. */
const isRuleBlock = (section: Section): boolean =>
  section.$container?.$type === "Policy" && /^(?:allow|deny|require|audit)$/.test(section.words[0] ?? "");

const NESTED_IN_AGENT = /^(?:schedule|webhook|memory|channel|constraints|executor)$/;

const nestedBlocks = (source: SourceText, index: TreeIndex): readonly Evidence[] =>
  index.all("Section").flatMap((section) =>
    section.$container?.$type === "Policy" || NESTED_IN_AGENT.test(section.words[0] ?? "")
      ? [
          {
            span: [spanOf(section)[0], partSpan(section, "words", section.words.length - 1)[1]] as const,
            what: `a block ${quoted(source.slice(partSpan(section, "words")))} inside ${
              section.$container?.$type === "Policy" ? "a policy" : "an agent"
            }`,
          },
        ]
      : [],
  );

const prose = (index: TreeIndex): readonly Evidence[] => [
  ...index.all("Qualifier").map((node) => at(node, "words behind a rule that are no condition")),
  ...index
    .all("Member")
    .filter((node) => node.access === "::")
    .map((node) => at(node, "a path with `::`")),
];

const noAgentFile = (source: SourceText, tree: SymbiFile, mayBeMore: boolean): readonly Evidence[] => {
  const isMarkdown = /^[ \t]*```/m.test(source.text);
  const isKnown =
    tree.items.length === 0
      ? mayBeMore
      : tree.items.some((item) => item.$type !== "UnknownBlock" && item.$type !== "Stray");
  if (isKnown && !isMarkdown) return [];
  const end = source.text.search(/[\r\n]|$/);
  return [
    { span: [0, end], what: isMarkdown ? "it is written as Markdown" : "no block of one could be read" },
  ];
};
