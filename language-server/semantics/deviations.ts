import type { AstNode } from "langium";
import type { TextEdit } from "#protocol/problem.ts";
import type { Span } from "#protocol/source.ts";
import type * as syntax from "../generated/ast.ts";
import { type Chain, partSpan, partSpans, spanOf, type TreeIndex } from "../parser/tree.ts";
import type { Reporter } from "./reporter.ts";
import { quoted } from "./reporter.ts";

/** What Writ reads all the same, and other parsers of the language do not: WRIT001 to 010 and 059. */
export const checkDeviations = (reporter: Reporter, index: TreeIndex): void => {
  const check = new DeviationCheck(reporter);
  for (const node of index.all("Stray")) check.stray(spanOf(node), ";");
  for (const node of index.all("Metadata"))
    for (const entry of node.entries) check.entry(entry, "=", "in metadata");
  for (const node of index.all("Trigger")) check.trigger(node);
  for (const node of index.all("Rule")) {
    if (node.separator === "=") check.separator(node, ":", "in a rule");
    check.terminator(node, /[,;]/);
  }
  for (const node of index.all("WithAttribute")) {
    if (node.separator !== "=") check.separator(node, "=", "in a `with`");
  }
  for (const kind of ["Capabilities", "AgentAttribute", "PolicyAttribute"] as const) {
    for (const node of index.all(kind)) check.terminator(node, /[,;]/);
  }
  for (const node of index.all("Field")) check.terminator(node, /;/);
  for (const kind of ["Expression", "Argument", "Field"] as const) {
    for (const node of index.all(kind)) check.chain(node);
  }
  for (const node of index.all("Block")) check.block(node);
  for (const node of index.all("Unary")) check.suffixes(node);
  for (const node of index.all("Literal")) check.quotes(node);
};

class DeviationCheck {
  private readonly reporter: Reporter;

  constructor(reporter: Reporter) {
    this.reporter = reporter;
  }

  trigger(node: syntax.Trigger): void {
    const { kind } = node;
    if (node.name === undefined) {
      const span: Span = [spanOf(node)[0], spanOf(node)[0] + kind.length];
      this.reporter.report("WRIT004", span, `this ${kind} has no name`, {
        fix: { title: "Give it a name", edits: [{ span: [span[1], span[1]], text: ` ${kind}_1` }] },
      });
    }
    const bare = kind === "memory" || kind === "webhook";
    for (const member of node.members) {
      if (member.$type === "Entry") this.entry(member, bare ? "" : ":", `in a ${kind}`);
    }
  }

  /** `wanted` is the sign between key and value, or nothing where there is none. */
  entry(node: syntax.Entry, wanted: "=" | ":" | "", where: string): void {
    this.terminator(node, /;/);
    if (node.value?.$type === "EntryBlock" && node.separator === undefined) {
      // `data_classification { pii: redact }`, but `search { vector_weight 0.7 }`.
      const inner = node.key === "data_classification" ? ":" : wanted === "=" ? "=" : "";
      for (const entry of node.value.entries) this.entry(entry, inner, `in \`${node.key}\``);
    } else if (node.separator === undefined ? wanted !== "" : wanted === "") {
      this.separator(node, wanted, where);
    }
  }

  separator(node: syntax.Entry | syntax.Rule | syntax.WithAttribute, wanted: string, where: string): void {
    const word = node.$type === "Rule" ? "effect" : node.$type === "Entry" ? "key" : "name";
    const end = partSpan(node, word)[1];
    const span: Span = node.separator === undefined ? [end, end] : partSpan(node, "separator");
    const edit: TextEdit = { span, text: node.separator === undefined && wanted === "=" ? " =" : wanted };
    this.reporter.report(
      "WRIT003",
      partSpan(node, word),
      `${wanted === "" ? "no sign" : `\`${wanted}\``} stands between a name and its value ${where}`,
      {
        help: wanted === "" ? `Remove the \`${node.separator}\`.` : `Write \`${wanted}\`.`,
        fix: { title: wanted === "" ? "Remove the sign" : `Write ${wanted}`, edits: [edit] },
      },
    );
  }

  terminator(node: AstNode & { readonly terminator?: string }, unwanted: RegExp): void {
    if (node.terminator !== undefined && unwanted.test(node.terminator)) {
      this.stray(partSpan(node, "terminator"), node.terminator);
    }
  }

  stray(span: Span, sign: string): void {
    this.reporter.report("WRIT002", span, `this \`${sign}\` ends nothing`, {
      fix: { title: "Remove it", edits: [{ span, text: "" }] },
    });
  }

  block(node: syntax.Block): void {
    node.statements.forEach((statement, index) => {
      if (!needsSemicolon(statement)) return;
      const next = node.statements[index + 1];
      const isValue = statement.$type === "ExpressionStatement" && statement.operator === undefined;
      // The last expression of a block may stand without, as the block's value.
      if (isValue && next === undefined) return;
      const [, end] = spanOf(statement);
      const { source } = this.reporter;
      const sameLine = next !== undefined && source.lineAt(spanOf(next)[0]) === source.lineAt(end);
      this.reporter.report(
        "WRIT001",
        [Math.max(end - 1, spanOf(statement)[0]), end],
        sameLine ? "two statements on one line need a `;` between them" : "no `;` ends this statement",
        {
          severity: sameLine ? "error" : undefined,
          fix: { title: "Add ;", edits: [{ span: [end, end], text: ";" }] },
        },
      );
    });
    for (const statement of node.statements) {
      if (statement.$type === "Return" && statement.value !== undefined) {
        this.continued(
          [spanOf(statement)[0], spanOf(statement)[0] + "return".length],
          spanOf(statement.value),
        );
      }
    }
  }

  chain(node: Chain): void {
    if (!node.operators.some((operator) => WORDS.has(operator))) return;
    const places = partSpans(node, "operators");
    node.operators.forEach((operator, index) => {
      const left = node.operands[index];
      const right = node.operands[index + 1];
      const span = places[index];
      if (left === undefined || right === undefined || span === undefined) return;
      if (operator === "and" || operator === "or") {
        const sign = operator === "and" ? "&&" : "||";
        this.reporter.report("WRIT008", span, `\`${operator}\` is written \`${sign}\``, {
          fix: { title: `Write ${sign}`, edits: [{ span, text: sign }] },
        });
      }
      if (operator === "notin") {
        this.reporter.report("WRIT008", span, "`a not in b` is written `!(a in b)`", {
          fix: {
            title: "Write !(… in …)",
            edits: [
              { span: [spanOf(left)[0], spanOf(left)[0]], text: "!(" },
              { span, text: "in" },
              { span: [spanOf(right)[1], spanOf(right)[1]], text: ")" },
            ],
          },
        });
      }
      const last = left.prefixes.length - 1;
      if ((operator === "in" || operator === "notin") && last >= 0 && left.prefixes[last] !== "-") {
        this.closeNot(left, right, last);
      }
    });
  }

  private closeNot(left: syntax.Unary, right: syntax.Unary, index: number): void {
    const prefix = partSpan(left, "prefixes", index);
    const operand = spanOf(left.base)[0];
    this.reporter.report(
      "WRIT009",
      [prefix[0], spanOf(right)[1]],
      "this negates the left side only, before `in` is asked",
      {
        fix: {
          title: "Negate the whole",
          edits: [
            { span: [prefix[0], operand], text: "!(" },
            { span: [spanOf(right)[1], spanOf(right)[1]], text: ")" },
          ],
        },
      },
    );
  }

  suffixes(node: syntax.Unary): void {
    if (node.base === undefined) return;
    let end = spanOf(node.base)[1];
    for (const suffix of node.suffixes) {
      if (suffix.$type !== "Member")
        this.continued([spanOf(node)[0], end], [spanOf(suffix)[0], spanOf(suffix)[0] + 1]);
      end = spanOf(suffix)[1];
    }
  }

  /** A bracket or value that begins a line and belongs to the line before. */
  private continued(before: Span, next: Span): void {
    const { source } = this.reporter;
    if (source.lineAt(before[1]) === source.lineAt(next[0])) return;
    const word = quoted(source.slice(before));
    this.reporter.report("WRIT059", [next[0], next[0] + 1], `this belongs to ${word} in the line before`);
  }

  quotes(node: syntax.Literal): void {
    if (!node.text.startsWith("'")) return;
    const span = spanOf(node);
    const inner = node.text.slice(1, -1).replaceAll(/["\\]/g, (sign) => `\\${sign}`);
    this.reporter.report("WRIT010", span, "a text stands in double quotes", {
      fix: { title: "Write double quotes", edits: [{ span, text: `"${inner}"` }] },
    });
  }
}

/** Operators about which there may be something to say. */
const WORDS: ReadonlySet<string> = new Set(["and", "or", "in", "notin"]);

const needsSemicolon = (statement: syntax.Statement): boolean => {
  switch (statement.$type) {
    case "Let":
    case "Return":
    case "Break":
    case "Continue":
    case "ExpressionStatement":
      return !statement.terminated;
    default:
      return false;
  }
};
