/** Reads from the sources of tests which promises they say they prove, without running them. */
import { parseSync } from "oxc-parser";
import type { SourceFile } from "./modules.ts";
import { isSyntaxNode, type SyntaxNode } from "./syntax-tree.ts";

/** One `verifies("id")`, by the test or group of tests that it stands in. */
export interface Citation {
  readonly id: string;
  /** Relative to the top of the repository, with `/`. */
  readonly file: string;
  /** Titles from the outermost group to the test; a computed title is given as its source text. */
  readonly titles: readonly string[];
}

export interface Reading {
  readonly citations: readonly Citation[];
  /** Citations that count for nothing, one line each: file, line, what is wrong. */
  readonly problems: readonly string[];
}

const groups: ReadonlySet<string> = new Set(["describe", "suite"]);
const cases: ReadonlySet<string> = new Set(["test", "it"]);
/** `fails` is among them: a test that has to fail shows that a promise is broken. */
const doubts: ReadonlySet<string> = new Set(["skip", "todo", "fails", "skipIf", "runIf"]);
const conditions: ReadonlySet<string> = new Set([
  "IfStatement",
  "ConditionalExpression",
  "LogicalExpression",
  "SwitchStatement",
]);

/** A call of `describe`, `test` and the like, whatever modifiers it carries. */
interface Block {
  readonly call: SyntaxNode;
  readonly isCase: boolean;
  readonly title: string;
  /** The modifier that keeps the block from running, at times or always. */
  readonly doubt: string | undefined;
}

/** Throws on a file that does not parse: its citations would be lost in silence. */
export function readCitations(file: SourceFile): Reading {
  const parsed = parseSync(file.path, file.text);
  const [error] = parsed.errors;
  if (error !== undefined) throw new Error(`${file.path} does not parse: ${error.message}`);

  const citations: Citation[] = [];
  const problems: string[] = [];
  const names = new Set(
    parsed.module.staticImports
      .filter((one) => one.moduleRequest.value.endsWith("kit/verifies.ts"))
      .flatMap((one) => one.entries.map((entry) => entry.localName.value)),
  );
  if (names.size === 0) return { citations, problems };

  walk(parsed.program, [], (node, above) => {
    const parent = above.at(-1);
    if (node.type !== "Identifier" || !names.has(String(node["name"]))) return;
    if (parent?.type.startsWith("Import") === true) return;
    const blocks = blocksAround(above, file.text);
    const objection = parent === undefined ? undefined : objectionTo(node, parent, above, blocks, file);
    if (objection !== undefined) {
      const line = file.text.slice(0, node.start).split("\n").length;
      problems.push(`${file.path}:${line}: ${objection}`);
      return;
    }
    const titles = blocks.map((block) => block.title);
    for (const id of literalsOf(parent) ?? []) citations.push({ id, file: file.path, titles });
  });
  return { citations, problems };
}

/** Why a use of `verifies` proves nothing, or undefined when it counts. */
function objectionTo(
  name: SyntaxNode,
  parent: SyntaxNode,
  above: readonly SyntaxNode[],
  blocks: readonly Block[],
  file: SourceFile,
): string | undefined {
  if (parent.type !== "CallExpression" || parent["callee"] !== name) return "verifies is not called here";
  if (literalsOf(parent) === undefined) return "verifies takes ids as string literals";
  if (!file.path.endsWith(".test.ts")) return "a citation belongs in a *.test.ts file";

  const innermost = blocks.at(-1);
  if (innermost === undefined) return "a citation belongs in a test or a describe";
  const doubtful = blocks.find((block) => block.doubt !== undefined);
  if (doubtful !== undefined) return `"${doubtful.title}" may not run: ${doubtful.doubt}`;
  const condition = above.find((node) => conditions.has(node.type));
  if (condition !== undefined) return "a citation under a condition may not run";

  const within = casesBelow(innermost.call, file.text);
  return within.length > 0 && within.every((block) => block.doubt !== undefined)
    ? `no test in "${innermost.title}" is sure to run`
    : undefined;
}

/** Outermost first. */
function blocksAround(above: readonly SyntaxNode[], text: string): Block[] {
  return above.flatMap((node, depth) => {
    const block = blockOf(node, text);
    const next = above[depth + 1];
    // The table of `test.each(table)(title, body)` is neither in that test nor a test itself.
    const isAround = argumentsOf(node).some((one) => one === next) && !isCallee(node, above[depth - 1]);
    return block !== undefined && isAround ? [block] : [];
  });
}

function casesBelow(root: SyntaxNode, text: string): Block[] {
  const found: Block[] = [];
  walk(root, [], (node, above) => {
    const block = blockOf(node, text);
    if (block === undefined || !block.isCase || isCallee(node, above.at(-1))) return;
    const doubt = [...above.slice(1), node].map((one) => blockOf(one, text)?.doubt).find(Boolean);
    found.push({ ...block, doubt });
  });
  return found;
}

function blockOf(call: SyntaxNode, text: string): Block | undefined {
  if (call.type !== "CallExpression") return undefined;
  const modifiers: string[] = [];
  let callee: unknown = call["callee"];
  while (isSyntaxNode(callee) && callee.type !== "Identifier") {
    if (callee.type === "MemberExpression") modifiers.push(nameOf(callee["property"]));
    callee = callee["object"] ?? callee["callee"] ?? callee["tag"];
  }
  const runner = nameOf(callee);
  const isCase = cases.has(runner);
  if (!isCase && !groups.has(runner)) return undefined;

  const title = argumentsOf(call)[0];
  const settings = argumentsOf(call).flatMap(settingsIn);
  const modifier = [...modifiers, ...settings].find((one) => doubts.has(one));
  const doubt = modifier ?? (isCase && skipsItself(call) ? "skip() inside" : undefined);
  return { call, isCase, title: title === undefined ? "" : titleOf(title, text), doubt };
}

/** `test("title", { skip: true }, ...)`; a value other than `false` may turn out true. */
function settingsIn(node: SyntaxNode): string[] {
  if (node.type !== "ObjectExpression" || !Array.isArray(node["properties"])) return [];
  return node["properties"].filter(isSyntaxNode).flatMap((property) => {
    const value = property["value"];
    return isSyntaxNode(value) && value["value"] === false ? [] : [nameOf(property["key"])];
  });
}

/** `({ skip }) => skip()` or `(context) => context.skip()`. */
function skipsItself(call: SyntaxNode): boolean {
  let found = false;
  for (const argument of argumentsOf(call)) {
    walk(argument, [], (node) => {
      if (node.type !== "CallExpression") return;
      const callee = node["callee"];
      if (!isSyntaxNode(callee)) return;
      const name = callee.type === "MemberExpression" ? callee["property"] : callee;
      if (nameOf(name) === "skip") found = true;
    });
  }
  return found;
}

function titleOf(node: SyntaxNode, text: string): string {
  if (typeof node["value"] === "string") return node["value"];
  const source = text.slice(node.start, Number(node["end"]));
  return node.type === "TemplateLiteral" ? source.slice(1, -1) : source;
}

/** The arguments of a call when there are some and all are string literals. */
function literalsOf(call: SyntaxNode | undefined): string[] | undefined {
  if (call === undefined) return undefined;
  const values = argumentsOf(call).map((one) => (one.type === "Literal" ? one["value"] : undefined));
  const literals = values.filter((value) => typeof value === "string");
  return literals.length > 0 && literals.length === values.length ? literals : undefined;
}

function isCallee(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  return parent !== undefined && parent["callee"] === node;
}

function argumentsOf(call: SyntaxNode): SyntaxNode[] {
  return Array.isArray(call["arguments"]) ? call["arguments"].filter(isSyntaxNode) : [];
}

function nameOf(node: unknown): string {
  return isSyntaxNode(node) && node.type === "Identifier" ? String(node["name"]) : "";
}

/** Calls `visit` for every node with those above it, outermost first. */
function walk(
  root: unknown,
  above: readonly SyntaxNode[],
  visit: (node: SyntaxNode, above: readonly SyntaxNode[]) => void,
): void {
  if (!isSyntaxNode(root)) return;
  visit(root, above);
  for (const child of Object.values(root).flat()) walk(child, [...above, root], visit);
}
