import type { Parameter, TypeDefinition, TypeReference } from "#protocol/agent-spec.ts";
import { DATA_DEPTH_MAX } from "#protocol/agent-spec-bounds.ts";
import { depthOfType } from "#protocol/agent-spec-depth.ts";
import type * as syntax from "../generated/ast.ts";
import { partSpan, spanBeforeComma, spanOf } from "../parser/tree.ts";
import { keyText } from "../semantics/literal.ts";
import { quoted } from "../semantics/reporter.ts";
import { type LowerContext, withinDepth } from "./context.ts";

/** The type of what no type was written for. */
const ANY = "any";

/** A type as written in one place; one that is nested too deep for a spec is reported. */
export const lowerType = (context: LowerContext, node: syntax.Type): TypeReference => {
  const type = typeOf(node);
  if (withinDepth(context, depthOfType(type), DATA_DEPTH_MAX, type.span)) return type;
  return { name: ANY, arguments: [], span: type.span };
};

/** `[T]`, `T?` and `A | B` are written as `Array<T>`, `Optional<T>` and `Union<A, B>`. */
const typeOf = (node: syntax.Type): TypeReference => {
  const span = spanBeforeComma(node);
  const plain: TypeReference =
    node.element === undefined
      ? { name: node.name ?? ANY, arguments: node.arguments.map(typeOf), span }
      : { name: "Array", arguments: [typeOf(node.element)], span };
  const base: TypeReference = node.optional ? { name: "Optional", arguments: [plain], span } : plain;
  const others = node.alternatives ?? [];
  return others.length === 0 ? base : { name: "Union", arguments: [base, ...others.map(typeOf)], span };
};

export const lowerParameters = (
  context: LowerContext,
  nodes: readonly syntax.Parameter[],
): readonly Parameter[] =>
  nodes.map((node) => {
    if (node.default !== undefined) {
      context.reporter.report(
        "WRIT072",
        spanOf(node.default),
        `the default of ${quoted(node.name)} is not used by this version`,
        { help: "Remove it; every parameter gets a value." },
      );
    }
    return {
      name: node.name,
      type:
        node.type === undefined
          ? { name: ANY, arguments: [], span: partSpan(node, "name") }
          : lowerType(context, node.type),
      labels: [],
      range: context.source.range(spanBeforeComma(node)),
    };
  });

export const lowerTypeDefinition = (context: LowerContext, node: syntax.TypeDefinition): TypeDefinition => ({
  name: node.name,
  fields:
    node.alias === undefined
      ? (node.struct?.fields ?? []).map((field) => ({
          name: keyText(field.name),
          type:
            field.type === undefined
              ? { name: ANY, arguments: [], span: spanOf(field) }
              : lowerType(context, field.type),
        }))
      : null,
  alias: node.alias === undefined ? null : lowerType(context, node.alias),
  range: context.source.range(spanOf(node)),
});
