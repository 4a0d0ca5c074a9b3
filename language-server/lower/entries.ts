import type { DataBlock, DataValue } from "#protocol/agent-spec.ts";
import type * as syntax from "../generated/ast.ts";
import { spanOf } from "../parser/tree.ts";
import { keyText, literalValue } from "../semantics/literal.ts";
import { quoted } from "../semantics/reporter.ts";
import type { LowerContext } from "./context.ts";
import { CONSTANTS } from "./scope.ts";

/**
 * The value of a `key: value` for blocks that are kept as data: references, durations and sizes as they
 * were written, each told apart from a text. Undefined (and reported) for what has no such value.
 */
export const entryValue = (
  context: LowerContext,
  node: syntax.EntryBlock | syntax.Unary | undefined,
): DataValue | undefined => {
  if (node === undefined) return undefined;
  if (node.$type === "EntryBlock") return { block: entryObject(context, node.entries) };
  const { base, prefixes, suffixes } = node;
  const text = context.source.slice(spanOf(node));
  if (base.$type === "Literal" && suffixes.length === 0) return literalJson(context, node, base.text);
  if (base.$type === "List" && suffixes.length === 0 && prefixes.length === 0) {
    const items = base.items.map((item) =>
      item.operands.length === 1 ? entryValue(context, item.operands[0]) : refuse(context, item, text),
    );
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  if (base.$type === "Record" && suffixes.length === 0 && prefixes.length === 0) {
    return { block: recordObject(context, base) };
  }
  if (base.$type === "NameExpression" && base.record === undefined && base.lambda === undefined) {
    const constant = CONSTANTS.get(base.name);
    if (constant !== undefined && suffixes.length === 0 && prefixes.length === 0) return constant;
    // `Network.Raw`, `env("X")`: kept as it was written.
    return { ref: text };
  }
  return refuse(context, node, text);
};

export const entryObject = (context: LowerContext, entries: readonly syntax.Entry[]): DataBlock =>
  objectOf(
    entries.flatMap((entry) => {
      const value = entryValue(context, entry.value);
      return value === undefined ? [] : [[keyText(entry.key), value]];
    }),
  );

const recordObject = (context: LowerContext, record: syntax.Record): DataBlock =>
  objectOf(
    record.fields.flatMap((field) => {
      const [operand, second] = field.operands;
      const value =
        operand === undefined || second !== undefined
          ? refuse(context, field, context.source.slice(spanOf(field)))
          : entryValue(context, operand);
      return value === undefined ? [] : [[keyText(field.key), value]];
    }),
  );

// Built by definition and not by assignment: a key such as `__proto__` is a key like any other.
const objectOf = (members: readonly (readonly [string, DataValue])[]): DataBlock =>
  Object.fromEntries(members);

const literalJson = (context: LowerContext, node: syntax.Unary, token: string): DataValue | undefined => {
  const literal = literalValue(token);
  const negative = node.prefixes.length === 1 && node.prefixes[0] === "-";
  const text = context.source.slice(spanOf(node));
  if (literal.k === "number" && (negative || node.prefixes.length === 0)) {
    return negative ? 0 - literal.value : literal.value;
  }
  if (node.prefixes.length > 0) return refuse(context, node, text);
  switch (literal.k) {
    case "string":
      return literal.value;
    case "secret":
      return { ref: token };
    case "duration":
      return { duration: token };
    default:
      // Sizes, months and years have no meaning to a run, and are kept as they were written.
      if (/[0-9][KMGT]?B$/.test(token)) return { size: token };
      if (/[0-9]\.?(?:months?|years?|y)$/.test(token)) return { duration: token };
      return refuse(context, node, text, literal.k === "unreadable" ? literal.why : undefined);
  }
};

const refuse = (
  context: LowerContext,
  node: syntax.Unary | syntax.Expression | syntax.Field,
  text: string,
  why?: string,
): undefined => {
  context.reporter.report(
    "WRIT071",
    spanOf(node),
    `${quoted(text)} cannot be kept here${why === undefined ? "" : `: ${why}`}`,
    {
      help: "Write a text, a number, a duration, `true`, `false`, a name, a list or a block of these.",
    },
  );
  return undefined;
};
