import type { Parameter, TypeDefinition, TypeReference } from "#protocol/agent-spec.ts";
import type * as syntax from "../generated/ast.ts";
import { partSpan, spanOf } from "../parser/tree.ts";
import { keyText } from "../semantics/literal.ts";
import { quoted } from "../semantics/reporter.ts";
import type { LowerContext } from "./context.ts";

/** The type of what no type was written for. */
const ANY = "any";

/** `[T]`, `T?` and `A | B` are written as `Array<T>`, `Optional<T>` and `Union<A, B>`. */
export const lowerType = (node: syntax.Type): TypeReference => {
  const span = spanOf(node);
  const plain: TypeReference =
    node.element === undefined
      ? { name: node.name ?? ANY, arguments: node.arguments.map(lowerType), span }
      : { name: "Array", arguments: [lowerType(node.element)], span };
  const base: TypeReference = node.optional ? { name: "Optional", arguments: [plain], span } : plain;
  const others = node.alternatives ?? [];
  return others.length === 0 ? base : { name: "Union", arguments: [base, ...others.map(lowerType)], span };
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
          : lowerType(node.type),
      labels: [],
      range: context.source.range(spanOf(node)),
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
              : lowerType(field.type),
        }))
      : null,
  alias: node.alias === undefined ? null : lowerType(node.alias),
  range: context.source.range(spanOf(node)),
});
