import type { Span } from "#protocol/source.ts";
import { quoted, type Reporter } from "../semantics/reporter.ts";
import type { SyntaxTree } from "./parser.ts";
import type { Scan } from "./scan.ts";

/** Later ones mostly follow from the first. */
const SYNTAX_PROBLEMS_MAX = 20;

type ParserError = SyntaxTree["parserErrors"][number];

/** Says in words what the scanner, the lexer and the parser could not read. */
export const reportSyntaxErrors = (reporter: Reporter, scan: Scan, tree: SyntaxTree): void => {
  const end = reporter.source.text.length;
  if (scan.endless !== null) {
    const { at, k } = scan.endless;
    reporter.report("WRIT079", [at, at + (k === "string" ? 1 : 2)], `the ${k} that begins here never ends`, {
      help: k === "string" ? 'Add the closing `"`.' : "Add the closing `*/`.",
    });
  } else if (scan.unpaired !== null) reportUnpaired(reporter, scan.unpaired);
  const explained = scan.endless !== null || scan.unpaired !== null;
  const places: { readonly span: Span; readonly message: string; readonly help?: string }[] = [];
  for (const error of tree.lexerErrors) {
    const span: Span = [error.offset, error.offset + error.length];
    places.push({ span, message: `${quoted(reporter.source.slice(span))} has no meaning here` });
  }
  for (const error of tree.parserErrors) {
    const atEnd = Number.isNaN(error.token.startOffset) || error.token.tokenType.name === "EOF";
    // A file that ends too early was told about by its open bracket or string.
    if (atEnd && explained) continue;
    const span: Span = atEnd
      ? [end, end]
      : [error.token.startOffset, error.token.startOffset + error.token.image.length];
    places.push({ span, message: unexpected(error, atEnd) });
  }
  const lines = new Set<number>();
  for (const { span, message } of places.sort((left, right) => left.span[0] - right.span[0])) {
    const line = reporter.source.lineAt(span[0]);
    if (lines.has(line) || lines.size >= SYNTAX_PROBLEMS_MAX) continue;
    lines.add(line);
    reporter.report("WRIT079", span, message);
  }
};

const reportUnpaired = (reporter: Reporter, unpaired: NonNullable<Scan["unpaired"]>): void => {
  const span: Span = [unpaired.at, unpaired.at + 1];
  if (unpaired.k === "never-closed") {
    return reporter.report("WRIT079", span, `\`${unpaired.bracket}\` is never closed`, {
      help: "Add the closing bracket where it belongs.",
    });
  }
  reporter.report(
    "WRIT079",
    span,
    unpaired.open === null
      ? `\`${unpaired.bracket}\` closes nothing`
      : `\`${unpaired.bracket}\` does not close the bracket that is open here`,
    {
      help: "Remove it, or close what is open first.",
      ...(unpaired.open === null
        ? {}
        : { related: [{ message: "this is open", span: [unpaired.open, unpaired.open + 1] }] }),
    },
  );
};

/** What each rule of the grammar reads, for people. */
const PLACES: Readonly<Record<string, string>> = {
  SymbiFile: "at the top of the file",
  Item: "at the top of the file",
  Metadata: "in metadata",
  Entry: "in a `key: value`",
  EntryBlock: "in a block of `key: value`",
  Agent: "in an agent",
  AgentItem: "in an agent",
  Parameter: "in a parameter",
  Capabilities: "in capabilities",
  With: "in a `with`",
  WithAttribute: "in an attribute of `with`",
  Policy: "in a policy",
  PolicyMember: "in a policy",
  Rule: "in a rule",
  Trigger: "in this block",
  TypeDefinition: "in a type",
  Struct: "in a type",
  StructField: "in a field of a type",
  Type: "in a type",
  FunctionDefinition: "in a function",
  UnknownBlock: "at the top of the file",
  Block: "in a block",
  Statement: "in a block",
  Let: "in a `let`",
  If: "in an `if`",
  For: "in a `for`",
  Match: "in a `match`",
  MatchArm: "in an arm of `match`",
  Record: "in a record",
  Field: "in a field of a record",
  List: "in a list",
  Call: "in the arguments of a call",
  Group: "in brackets",
};

const unexpected = (error: ParserError, atEnd: boolean): string => {
  const rule = error.context.ruleStack.at(-1)?.replace(/[^A-Za-z]/g, "") ?? "";
  const where = Object.hasOwn(PLACES, rule) ? ` ${PLACES[rule]}` : "";
  const expected = /Expecting (?:keyword|token of type) '([^']{1,12})'/.exec(error.message)?.[1];
  const wanted = expected === undefined ? "" : `: expected ${WORDS[expected] ?? `\`${expected}\``}`;
  return atEnd
    ? `the file ends${where} that is not complete${wanted}`
    : `${quoted(error.token.image)} is not expected${where}${wanted}`;
};

const WORDS: Readonly<Record<string, string>> = {
  ID: "a name",
  STRING: "a text",
  EOF: "the end of the file",
};
