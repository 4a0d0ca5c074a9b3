import { unreachable } from "#kernel/invariant.ts";
import type {
  Block,
  Expression,
  FunctionScope,
  MatchArm,
  Parameter,
  Place,
  PlaceStep,
  Statement,
} from "#protocol/agent-spec.ts";
import type { Span } from "#protocol/source.ts";
import { compileCall } from "./compile-call.ts";
import type { CompiledFunction, Instruction, PathStep } from "./instructions.ts";
import { Scopes } from "./scopes.ts";
import type { Unit } from "./unit.ts";

export interface FunctionSource {
  /** Empty for the agent's body. */
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: Block;
  readonly home: FunctionScope;
}

export const compileFunction = (unit: Unit, source: FunctionSource): CompiledFunction => {
  const entry = unit.here;
  const compiler = new FunctionCompiler(unit, source.home);
  const scopes = compiler.function(source);
  return {
    name: source.name,
    entry,
    parameters: source.parameters.map(({ name, labels }) => ({ name, labels })),
    variableCount: scopes.variableCount,
    variables: scopes.variables,
  };
};

/** Deepest nesting of statements and expressions; lowering bounds it far lower. */
const NESTING_MAX = 1_000;

interface Loop {
  readonly start: number;
  /** Operands that were there when the loop began. */
  readonly depth: number;
  /** Jumps to the loop's end, which is not known yet. */
  readonly breaks: number[];
}

/**
 * Compiles one function. `#depth` counts the operands that this function has on the stack, which
 * is the same whichever way an instruction is reached; `break` out of the middle of an expression
 * needs it.
 */
export class FunctionCompiler {
  readonly unit: Unit;
  readonly home: FunctionScope;
  readonly #scopes = new Scopes();
  readonly #loops: Loop[] = [];
  #depth = 0;
  #nesting = 0;

  constructor(unit: Unit, home: FunctionScope) {
    this.unit = unit;
    this.home = home;
  }

  function({ parameters, body }: FunctionSource): Scopes {
    this.#scopes.enter();
    for (const { name } of parameters) this.#scopes.declare(name, this.unit.here);
    this.#block(body);
    this.emit({ op: "push", value: null }, body.span, 1);
    this.emit({ op: "return" }, body.span, -1);
    this.#scopes.leave(this.unit.here);
    return this.#scopes;
  }

  /** Adds an instruction that changes the number of operands by `effect`. */
  emit(instruction: Instruction, span: Span, effect: number): number {
    this.#depth += effect;
    return this.unit.emit(instruction, span);
  }

  /** Stands for an expression that makes no sense; what follows is compiled as if it had a value. */
  malformed(message: string, span: Span): void {
    this.emit({ op: "fail", code: "BODY_MALFORMED", message }, span, 1);
  }

  /* ---- statements ---- */

  #block(block: Block): void {
    this.#scopes.enter();
    for (const statement of block.statements) this.#statement(statement);
    this.#scopes.leave(this.unit.here);
  }

  /** A block whose last statement, when it is an expression, is its value; else that is null. */
  #blockValue(block: Block): void {
    this.#scopes.enter();
    const last = block.statements.at(-1);
    const valued = last?.k === "expression" ? last : null;
    for (const statement of valued === null ? block.statements : block.statements.slice(0, -1)) {
      this.#statement(statement);
    }
    if (valued === null) {
      this.emit({ op: "push", value: null }, block.span, 1);
    } else {
      this.unit.beginStatement();
      this.expression(valued.value);
    }
    this.#scopes.leave(this.unit.here);
  }

  #statement(statement: Statement): void {
    this.unit.beginStatement();
    if (this.#nesting >= NESTING_MAX) {
      this.malformed(`statements nested more than ${NESTING_MAX} deep`, statement.span);
      this.#depth -= 1;
      return;
    }
    this.#nesting += 1;
    this.#statementWithin(statement);
    this.#nesting -= 1;
  }

  #statementWithin(statement: Statement): void {
    const { span } = statement;
    switch (statement.k) {
      case "let":
        this.expression(statement.value);
        this.emit(
          { op: "store", variable: this.#scopes.declare(statement.name, this.unit.here + 1) },
          span,
          -1,
        );
        return;
      case "assign":
        this.#assign(statement);
        return;
      case "if":
        this.#either(
          statement.condition,
          () => this.#block(statement.then),
          () => {
            if (statement.otherwise !== null) this.#block(statement.otherwise);
          },
        );
        return;
      case "match":
        this.#match(statement.subject, statement.arms, span);
        return;
      case "for":
        this.#for(statement);
        return;
      case "return":
        if (statement.value === null) this.emit({ op: "push", value: null }, span, 1);
        else this.expression(statement.value);
        this.emit({ op: "return" }, span, -1);
        return;
      case "break":
      case "continue":
        this.#leaveLoop(statement.k, span);
        return;
      case "expression":
        this.expression(statement.value);
        this.emit({ op: "drop", count: 1 }, span, -1);
        return;
      default:
        unreachable(statement);
    }
  }

  #assign({ target, operator, value, span }: Extract<Statement, { k: "assign" }>): void {
    const variable = this.#scopes.find(target.name);
    if (variable === undefined || !target.path.every(hasUsableName)) {
      this.malformed(`there is no place of this name to assign to`, span);
      this.#depth -= 1;
      return;
    }
    const indices = this.#indices(target);
    const path = target.path.map((step): PathStep =>
      step.k === "member" ? { k: "member", name: step.name } : { k: "index" },
    );
    if (operator !== "=") {
      if (path.length === 0) this.emit({ op: "load", variable }, target.span, 1);
      else this.emit({ op: "load-place", variable, path }, target.span, 1);
    }
    this.expression(value);
    if (operator !== "=") {
      this.emit({ op: "binary", operator: COMPOUND[operator] }, span, -1);
    }
    if (path.length === 0) this.emit({ op: "store", variable }, span, -1);
    else this.emit({ op: "store-place", variable, path }, span, -1 - indices);
  }

  /** Evaluates the index expressions of a place and leaves them on the stack; their number. */
  #indices(place: Place): number {
    let count = 0;
    for (const step of place.path) {
      if (step.k !== "index") continue;
      this.expression(step.index);
      count += 1;
    }
    return count;
  }

  /** The condition, then one of two continuations that leave the same number of operands. */
  #either(condition: Expression, then: () => void, otherwise: () => void): void {
    this.expression(condition);
    const { span } = condition;
    const branch = this.emit({ op: "branch", when: false, to: 0 }, span, -1);
    const before = this.#depth;
    then();
    const jump = this.emit({ op: "jump", to: 0 }, span, 0);
    const after = this.#depth;
    this.unit.patch(branch, { op: "branch", when: false, to: this.unit.here });
    this.#depth = before;
    otherwise();
    this.unit.patch(jump, { op: "jump", to: this.unit.here });
    this.#depth = after;
  }

  #match(subject: Expression, arms: readonly MatchArm[], span: Span): void {
    this.#scopes.enter();
    this.expression(subject);
    const variable = this.#scopes.reserve(1);
    this.emit({ op: "store", variable }, span, -1);
    const ends: number[] = [];
    for (const { pattern, body, span: armSpan } of inOrderTried(arms)) {
      let skip: number | null = null;
      if (pattern.k === "literal") {
        this.emit({ op: "load", variable }, armSpan, 1);
        this.#literal(pattern.value, armSpan);
        this.emit({ op: "binary", operator: "==" }, armSpan, -1);
        skip = this.emit({ op: "branch", when: false, to: 0 }, armSpan, -1);
      }
      this.#block(body);
      ends.push(this.emit({ op: "jump", to: 0 }, armSpan, 0));
      if (skip !== null) this.unit.patch(skip, { op: "branch", when: false, to: this.unit.here });
    }
    for (const end of ends) this.unit.patch(end, { op: "jump", to: this.unit.here });
    this.#scopes.leave(this.unit.here);
  }

  #for({ name, over, body, span }: Extract<Statement, { k: "for" }>): void {
    this.#scopes.enter();
    this.expression(over);
    const variable = this.#scopes.reserve(2);
    this.emit({ op: "iterate", variable }, over.span, -1);
    this.#scopes.enter();
    const item = this.#scopes.declare(name, this.unit.here);
    const start = this.emit({ op: "next", variable, item, done: 0 }, over.span, 0);
    const loop: Loop = { start, depth: this.#depth, breaks: [] };
    this.#loops.push(loop);
    this.#block(body);
    this.#loops.pop();
    this.emit({ op: "jump", to: start }, span, 0);
    this.unit.patch(start, { op: "next", variable, item, done: this.unit.here });
    for (const at of loop.breaks) this.unit.patch(at, { op: "jump", to: this.unit.here });
    this.#scopes.leave(this.unit.here);
    this.#scopes.leave(this.unit.here);
  }

  #leaveLoop(how: "break" | "continue", span: Span): void {
    const loop = this.#loops.at(-1);
    if (loop === undefined) {
      this.malformed(`\`${how}\` outside a loop`, span);
      this.#depth -= 1;
      return;
    }
    const before = this.#depth;
    const count = before - loop.depth;
    if (count > 0) this.emit({ op: "drop", count }, span, -count);
    const jump = this.emit({ op: "jump", to: loop.start }, span, 0);
    if (how === "break") loop.breaks.push(jump);
    // What stands behind is never reached, and is compiled as if it were.
    this.#depth = before;
  }

  /* ---- expressions: each leaves one operand ---- */

  expression(expression: Expression): void {
    if (this.#nesting >= NESTING_MAX) {
      this.malformed(`expressions nested more than ${NESTING_MAX} deep`, expression.span);
      return;
    }
    this.#nesting += 1;
    this.#expressionWithin(expression);
    this.#nesting -= 1;
  }

  #expressionWithin(expression: Expression): void {
    const { span } = expression;
    switch (expression.k) {
      case "literal":
        this.#literal(expression.value, span);
        return;
      case "duration":
        this.#literal(expression.ms, span);
        return;
      case "secret":
        this.emit(
          { op: "fail", code: "BODY_KIND", message: "a secret has no value here: bodies never hold one" },
          span,
          1,
        );
        return;
      case "name": {
        const variable = this.#scopes.find(expression.name);
        if (variable === undefined) {
          this.emit(
            { op: "fail", code: "BODY_MISSING", message: "there is no variable of this name" },
            span,
            1,
          );
        } else {
          this.emit({ op: "load", variable }, span, 1);
        }
        return;
      }
      case "member":
        this.expression(expression.object);
        this.emit({ op: "member", name: expression.name }, span, 0);
        return;
      case "index":
        this.expression(expression.object);
        this.expression(expression.index);
        this.emit({ op: "index" }, span, -1);
        return;
      case "unary":
        this.expression(expression.operand);
        this.emit({ op: "unary", operator: expression.operator }, span, 0);
        return;
      case "binary":
        this.#binary(expression);
        return;
      case "list":
        for (const item of expression.items) this.expression(item);
        this.emit({ op: "list", count: expression.items.length }, span, 1 - expression.items.length);
        return;
      case "record":
        this.#record(expression);
        return;
      case "conditional":
        this.#either(
          expression.condition,
          () => this.#blockValue(expression.then),
          () => this.#blockValue(expression.otherwise),
        );
        return;
      case "call":
        compileCall(this, expression);
        return;
      default:
        unreachable(expression);
    }
  }

  #literal(value: string | number | boolean | null, span: Span): void {
    const usable =
      typeof value === "string" ? value.isWellFormed() : typeof value !== "number" || Number.isFinite(value);
    if (usable) {
      this.emit({ op: "push", value: typeof value === "number" ? value + 0 : value }, span, 1);
    } else {
      this.malformed("a literal that is no value", span);
    }
  }

  #binary({ operator, left, right, span }: Extract<Expression, { k: "binary" }>): void {
    if (operator === "&&" || operator === "||") {
      // The left side's truth settles it when it equals this.
      const settled = operator === "||";
      this.expression(left);
      const branch = this.emit({ op: "branch", when: settled, to: 0 }, left.span, -1);
      this.expression(right);
      this.emit({ op: "truth" }, span, 0);
      const jump = this.emit({ op: "jump", to: 0 }, span, 0);
      this.unit.patch(branch, { op: "branch", when: settled, to: this.unit.here });
      this.emit({ op: "push", value: settled }, span, 0);
      this.unit.patch(jump, { op: "jump", to: this.unit.here });
      return;
    }
    this.expression(left);
    this.expression(right);
    this.emit({ op: "binary", operator }, span, -1);
  }

  #record({ fields, span }: Extract<Expression, { k: "record" }>): void {
    const names = fields.map((field) => field.name);
    if (new Set(names).size < names.length || names.some((name) => !name.isWellFormed())) {
      this.malformed("a record whose field names are not usable, each once", span);
      return;
    }
    for (const { value } of fields) this.expression(value);
    this.emit({ op: "record", names }, span, 1 - names.length);
  }
}

const COMPOUND = { "+=": "+", "-=": "-", "*=": "*", "/=": "/", "%=": "%" } as const;

const hasUsableName = (step: PlaceStep): boolean => step.k === "index" || step.name.isWellFormed();

/** The literal arms in order, then the first `else` arm: it runs only when no literal fits. */
const inOrderTried = (arms: readonly MatchArm[]): readonly MatchArm[] => [
  ...arms.filter((arm) => arm.pattern.k === "literal"),
  ...arms.filter((arm) => arm.pattern.k === "else").slice(0, 1),
];
