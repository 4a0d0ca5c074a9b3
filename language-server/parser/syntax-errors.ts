import type { Span } from "#protocol/source.ts";
import { quoted, type Reporter } from "../semantics/reporter.ts";
import type { SymbiFile } from "../generated/ast.ts";
import type { Mistake } from "./mistakes.ts";
import type { Parsed } from "./parser.ts";
import { itemAt, type Scan } from "./scan.ts";
import { partSpan, spanOf } from "./tree.ts";

/** Of one file; later ones mostly follow from the first. */
const SYNTAX_PROBLEMS_MAX = 5;

interface Place {
  readonly span: Span;
  readonly message: string;
}

/** Says in words what the scanner, the lexer and the parser could not read. */
export const reportSyntaxErrors = (reporter: Reporter, scan: Scan, parsed: Parsed): void => {
  const end = reporter.source.text.length;
  if (scan.endless !== null) {
    const { at, k } = scan.endless;
    reporter.report("WRIT079", [at, at + (k === "string" ? 1 : 2)], `the ${k} that begins here never ends`, {
      help: k === "string" ? 'Add the closing `"`.' : "Add the closing `*/`.",
    });
  } else if (scan.unpaired !== null) reportUnpaired(reporter, scan.unpaired);
  const explained = scan.endless !== null || scan.unpaired !== null;
  const places: Place[] = [];
  for (const span of parsed.strangeCharacters) {
    places.push({ span, message: `${quoted(reporter.source.slice(span))} has no meaning here` });
  }
  for (const mistake of parsed.mistakes) {
    // A file that ends too early was told about by its open bracket or string.
    if (mistake.at === null && explained) continue;
    places.push(blockWithoutBody(reporter, parsed.tree, mistake) ?? unexpected(mistake, end));
  }
  // Behind a first error the parser guesses where to go on, so only one is told about for each item.
  const explainedAt = scan.endless?.at ?? scan.unpaired?.at;
  const items = new Set(explainedAt === undefined ? [] : [itemAt(scan, explainedAt)]);
  for (const { span, message } of places.sort((left, right) => left.span[0] - right.span[0])) {
    const item = itemAt(scan, span[0]);
    if (items.has(item) || items.size >= SYNTAX_PROBLEMS_MAX) continue;
    items.add(item);
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

/** Words at the top that no block follows: what is wrong with them is their first one. */
const blockWithoutBody = (reporter: Reporter, tree: SymbiFile, { at, rule }: Mistake): Place | undefined => {
  if (rule !== "UnknownBlock" && rule !== "Opaque") return undefined;
  const before = at ?? Number.POSITIVE_INFINITY;
  const block = tree.items.findLast(
    (item) => item.$type === "UnknownBlock" && item.body === undefined && spanOf(item)[0] <= before,
  );
  if (block === undefined) return undefined;
  const span = partSpan(block, "words");
  return { span, message: `${quoted(reporter.source.slice(span))} begins nothing that is known here` };
};

const unexpected = ({ at, image, rule, expected }: Mistake, end: number): Place => {
  const where = Object.hasOwn(PLACES, rule) ? ` ${PLACES[rule]}` : "";
  const wanted = expected === null ? "" : `: expected ${WORDS[expected] ?? `\`${expected}\``}`;
  return at === null
    ? { span: [end, end], message: `the file ends${where} that is not complete${wanted}` }
    : { span: [at, at + image.length], message: `${quoted(image)} is not expected${where}${wanted}` };
};

const WORDS: Readonly<Record<string, string>> = {
  ID: "a name",
  STRING: "a text",
  EOF: "the end of the file",
};
