import { unreachable } from "#kernel/invariant.ts";
import type { Block, Expression, MatchArm, Place, PlaceStep, Statement } from "#protocol/agent-spec.ts";
import { BODY_DEPTH_MAX } from "#protocol/agent-spec-bounds.ts";
import type { Span } from "#protocol/source.ts";
import type * as syntax from "../generated/ast.ts";
import { joined, partSpan, spanBeforeComma, spanOf } from "../parser/tree.ts";
import { didYouMean, quoted } from "../semantics/reporter.ts";
import { type LowerContext, withinDepth } from "./context.ts";
import { ExpressionLowering } from "./expression.ts";
import { type BodyWorld, CONSTANTS, Scope } from "./scope.ts";

/**
 * Lowers the blocks of one agent or function. What cannot be lowered is reported and left out. `depth` is how
 * deep in the spec the block around a statement or expression stands, from 1 for the body itself.
 */
export class BodyLowering {
  private readonly context: LowerContext;
  private readonly expressions: ExpressionLowering;

  constructor(context: LowerContext, world: BodyWorld) {
    this.context = context;
    this.expressions = new ExpressionLowering(context, world, (block, scope, depth, asValue) =>
      this.block(block, scope, depth, asValue),
    );
  }

  /** The statements of several blocks as one: they share their variables. */
  blocks(nodes: readonly syntax.Block[], parameters: readonly string[]): Block | null {
    const [first] = nodes;
    const last = nodes.at(-1);
    if (first === undefined || last === undefined) return null;
    const scope = new Scope(undefined, parameters);
    const statements = nodes.flatMap((node) => this.statements(node.statements, scope, 1, false));
    return { statements, span: joined(spanOf(first), spanOf(last)) };
  }

  private block(
    node: syntax.Block | undefined,
    scope: Scope,
    depth: number,
    asValue = false,
    inner = new Scope(scope),
  ): Block | undefined {
    if (node === undefined) return undefined;
    if (!withinDepth(this.context, depth, BODY_DEPTH_MAX, spanOf(node))) return undefined;
    return { statements: this.statements(node.statements, inner, depth + 1, asValue), span: spanOf(node) };
  }

  private statements(
    nodes: readonly syntax.Statement[],
    scope: Scope,
    depth: number,
    asValue: boolean,
  ): readonly Statement[] {
    return nodes.flatMap((node, index) => {
      const lowered =
        asValue && index === nodes.length - 1 && node.$type === "If" && node.otherwise !== undefined
          ? this.value(this.expressions.conditional(node, scope, depth))
          : this.statement(node, scope, depth);
      return lowered === undefined ? [] : [lowered];
    });
  }

  private value(value: Expression | undefined): Statement | undefined {
    return value === undefined ? undefined : { k: "expression", value, span: value.span };
  }

  private statement(node: syntax.Statement, scope: Scope, depth: number): Statement | undefined {
    const span = spanOf(node);
    switch (node.$type) {
      case "Stray":
        // A `;` alone does nothing and is told about as such.
        return undefined;
      case "Let":
        return this.let(node, scope, depth);
      case "If":
        return this.if(node, scope, depth);
      case "For":
        return this.for(node, scope, depth);
      case "Match":
        return this.match(node, scope, depth);
      case "Return": {
        if (node.value === undefined) return { k: "return", value: null, span };
        const value = this.expressions.lower(node.value, scope, depth);
        return value === undefined ? undefined : { k: "return", value, span };
      }
      case "Break":
      case "Continue": {
        const k = node.$type === "Break" ? "break" : "continue";
        if (scope.inLoop) return { k, span };
        return this.notExecuted(span, `\`${k}\` outside a \`for\``, "There is no loop to leave here.");
      }
      case "ExpressionStatement":
        return this.expression(node, scope, depth);
      case "While":
        this.expressions.lower(node.condition, scope, depth);
        this.block(node.body, scope, depth + 1);
        return this.notExecuted(
          headOf(span, "while"),
          "`while`",
          "Use `for` over a list or `range(n)`, with `break`.",
        );
      case "Try":
        return this.notExecuted(
          headOf(span, "try"),
          "`try`",
          "An error ends the run; test with `if` beforehand.",
        );
      case "Block":
        return this.notExecuted([span[0], span[0] + 1], "a block of its own", "Remove the braces.");
      default:
        return unreachable(node);
    }
  }

  private let(node: syntax.Let, scope: Scope, depth: number): Statement | undefined {
    const nameSpan = partSpan(node, "name");
    const value = this.expressions.lower(node.value, scope, depth);
    if (CONSTANTS.has(node.name)) {
      return this.notExecuted(nameSpan, `a variable called ${quoted(node.name)}`, "Choose another name.");
    }
    scope.declare(node.name);
    if (node.value === undefined) {
      return this.notExecuted(spanOf(node), "a variable without a value", "Write `= null` for none.");
    }
    return value === undefined ? undefined : { k: "let", name: node.name, value, span: spanOf(node) };
  }

  private if(node: syntax.If, scope: Scope, depth: number): Statement | undefined {
    const span = spanOf(node);
    if (node.isLet || node.elseIfs.some((branch) => branch.isLet)) {
      return this.notExecuted(
        headOf(span, "if let"),
        "`if let`",
        "Bind with `let` and compare with `!= null`.",
      );
    }
    if (!withinDepth(this.context, depth + node.elseIfs.length, BODY_DEPTH_MAX, span)) return undefined;
    const branches = [node, ...node.elseIfs].map((branch, index) => ({
      condition: this.expressions.lower(branch.condition, scope, depth + index),
      then: this.block(branch.then, scope, depth + index),
      start: spanOf(branch)[0],
    }));
    let otherwise: Block | null | undefined =
      node.otherwise === undefined ? null : this.block(node.otherwise, scope, depth + branches.length - 1);
    let result: Statement | undefined;
    for (const { condition, then, start } of branches.reverse()) {
      if (condition === undefined || then === undefined || otherwise === undefined) return undefined;
      const end = otherwise?.span[1] ?? then.span[1];
      result = { k: "if", condition, then, otherwise, span: [start, end] };
      otherwise = { statements: [result], span: result.span };
    }
    return result;
  }

  private for(node: syntax.For, scope: Scope, depth: number): Statement | undefined {
    const over = this.expressions.lower(node.over, scope, depth);
    const inner = new Scope(scope, node.name === undefined ? [] : [node.name], true);
    const body = this.block(node.body, scope, depth, false, inner);
    if (over === undefined || body === undefined) return undefined;
    return { k: "for", name: node.name, over, body, span: spanOf(node) };
  }

  private match(node: syntax.Match, scope: Scope, depth: number): Statement | undefined {
    const subject = this.expressions.lower(node.subject, scope, depth);
    const arms = node.arms.map((arm) => this.arm(arm, scope, depth));
    if (subject === undefined || !arms.every((arm) => arm !== undefined)) return undefined;
    return { k: "match", subject, arms, span: spanOf(node) };
  }

  private arm(node: syntax.MatchArm, scope: Scope, depth: number): MatchArm | undefined {
    const span = spanBeforeComma(node);
    const [pattern, second] = node.patterns;
    const body = this.armBody(node.body, scope, depth);
    if (second !== undefined) {
      return this.notExecuted(spanOf(second), "a second pattern in one arm", "Write an arm for each.");
    }
    if (node.guard !== undefined) {
      return this.notExecuted(spanOf(node.guard), "a guard", "Write an `if` inside the arm.");
    }
    if (pattern === undefined || body === undefined) return undefined;
    const text = this.context.source.slice(spanOf(pattern));
    if (text === "_") return { pattern: { k: "else" }, body, span };
    if (!isLiteral(pattern)) {
      return this.notExecuted(
        spanOf(pattern),
        `the pattern ${quoted(text)}`,
        "A pattern is a text, a number, `true`, `false`, `null` or `_`.",
      );
    }
    const value = this.expressions.unary(pattern, scope, depth);
    if (value?.k !== "literal") return undefined;
    return { pattern: { k: "literal", value: value.value }, body, span };
  }

  private armBody(node: syntax.MatchArm["body"] | undefined, scope: Scope, depth: number): Block | undefined {
    if (node === undefined) return undefined;
    if (node.$type === "Block") return this.block(node, scope, depth);
    const statement = this.statement(node, new Scope(scope), depth + 1);
    return statement === undefined ? undefined : { statements: [statement], span: spanOf(node) };
  }

  private expression(node: syntax.ExpressionStatement, scope: Scope, depth: number): Statement | undefined {
    const span = spanOf(node);
    if (node.record !== undefined) return this.recordStatement(node, scope, depth);
    if (node.operator === undefined) {
      const value = this.expressions.lower(node.target, scope, depth);
      return value === undefined ? undefined : { k: "expression", value, span };
    }
    const target = this.place(node.target, scope, depth);
    const value = this.expressions.lower(node.value, scope, depth);
    if (target === undefined || value === undefined) return undefined;
    return { k: "assign", target, operator: node.operator, value, span };
  }

  /** `Report { … }` as a statement: the value of its block. */
  private recordStatement(
    node: syntax.ExpressionStatement,
    scope: Scope,
    depth: number,
  ): Statement | undefined {
    const { record, target } = node;
    const type = plainName(target);
    if (record === undefined) return undefined;
    if (type === undefined || node.operator !== undefined) {
      return this.notExecuted(spanOf(record), "a record behind an expression");
    }
    const span = joined(spanOf(target), spanOf(record));
    return this.value(this.expressions.record(record, type, span, scope, depth + 1));
  }

  private place(node: syntax.Expression | undefined, scope: Scope, depth: number): Place | undefined {
    const operand = node?.operands[0];
    const base = operand?.base;
    if (node === undefined || operand === undefined) return undefined;
    const isPlace =
      base?.$type === "NameExpression" &&
      node.operands.length === 1 &&
      operand.prefixes.length === 0 &&
      operand.suffixes.every(
        (suffix) => suffix.$type === "Index" || (suffix.$type === "Member" && suffix.access === "."),
      );
    if (!isPlace) {
      return this.notExecuted(
        spanOf(node),
        "an assignment to something else than a variable, field or element",
      );
    }
    if (!scope.has(base.name)) {
      this.reportUnassignable(base.name, spanOf(base), scope);
      return undefined;
    }
    const path = operand.suffixes.map((suffix) => this.step(suffix, scope, depth));
    if (!path.every((step) => step !== undefined)) return undefined;
    return { name: base.name, path, span: spanOf(node) };
  }

  private step(suffix: syntax.Unary["suffixes"][number], scope: Scope, depth: number): PlaceStep | undefined {
    if (suffix.$type === "Member") return { k: "member", name: suffix.name };
    if (suffix.$type !== "Index") return undefined;
    const index = this.expressions.lower(suffix.index, scope, depth);
    return index === undefined ? undefined : { k: "index", index };
  }

  private reportUnassignable(name: string, span: Span, scope: Scope): void {
    const guess = this.context.reporter.nearest(name, scope.all());
    this.context.reporter.report("WRIT070", span, `there is no variable ${quoted(name)} to assign to`, {
      help: "Make it with `let`.",
      ...didYouMean(guess, span),
    });
  }

  private notExecuted(span: Span, what: string, help?: string): undefined {
    this.context.reporter.report("WRIT072", span, `${what} is not executed by this version`, { help });
    return undefined;
  }
}

/** A statement's own word, so that not the whole of it is underlined. */
const headOf = (span: Span, word: string): Span => [span[0], Math.min(span[0] + word.length, span[1])];

const isLiteral = ({ base, prefixes, suffixes }: syntax.Unary): boolean =>
  suffixes.length === 0 &&
  prefixes.every((prefix) => prefix === "-") &&
  prefixes.length <= 1 &&
  (base?.$type === "Literal" || (base?.$type === "NameExpression" && CONSTANTS.has(base.name)));

const plainName = (node: syntax.Expression | undefined): string | undefined => {
  const [operand, second] = node?.operands ?? [];
  if (operand === undefined || second !== undefined || operand.prefixes.length > 0) return undefined;
  if (operand.suffixes.length > 0 || operand.base?.$type !== "NameExpression") return undefined;
  return operand.base.name;
};
