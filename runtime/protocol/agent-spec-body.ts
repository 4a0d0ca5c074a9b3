import type { Argument, Block, CallTarget, Expression, Parameter, Statement } from "./agent-spec.ts";
import { isSpecName } from "./agent-spec-bounds.ts";
import { type Mistake, type Path, repeated } from "./agent-spec-json.ts";
import { type Inside, insideExpression, insideStatement } from "./agent-spec-tree.ts";
import { BUILTINS, REASON_PARAMETERS } from "./builtins.ts";

/** The functions that a body may call, by name. */
export interface BodyPlace {
  /** The agent's; none for a top-level function. */
  readonly own: ReadonlyMap<string, readonly Parameter[]>;
  readonly shared: ReadonlyMap<string, readonly Parameter[]>;
}

/** The first thing of a body that lowering would not have made: of leaving loops, of fields and of calls. */
export const bodyMistake = (body: Block, path: Path, place: BodyPlace): Mistake | undefined => {
  const check = new BodyCheck(place);
  const why = check.block(body, false);
  return why === undefined ? undefined : [[...path, ...check.path], why];
};

class BodyCheck {
  /** Where the check stands; after it found something, where that is. */
  readonly path: (string | number)[] = [];
  private readonly place: BodyPlace;

  constructor(place: BodyPlace) {
    this.place = place;
  }

  block({ statements }: Block, inLoop: boolean): string | undefined {
    for (const [index, statement] of statements.entries()) {
      const why = this.at(["statements", index], () => this.statement(statement, inLoop));
      if (why !== undefined) return why;
    }
    return undefined;
  }

  private statement(statement: Statement, inLoop: boolean): string | undefined {
    if ((statement.k === "let" || statement.k === "for") && !isSpecName(statement.name)) {
      return this.at(["name"], () => "not one word of ASCII letters, digits and `_`");
    }
    if ((statement.k === "break" || statement.k === "continue") && !inLoop) {
      return `\`${statement.k}\` outside a \`for\``;
    }
    return this.inside(insideStatement(statement), inLoop, inLoop || statement.k === "for");
  }

  private expression(expression: Expression, inLoop: boolean): string | undefined {
    if (expression.k === "record") {
      const index = repeated(expression.fields.map(({ name }) => name.normalize("NFC")));
      if (index !== -1) return this.at(["fields", index, "name"], () => "the field stands twice");
    }
    if (expression.k === "call") {
      const { target, arguments: given } = expression;
      const why =
        this.at(["target"], () => this.target(target)) ??
        this.at(["arguments"], () => misfit(given, this.parametersOf(target)));
      if (why !== undefined) return why;
    }
    return this.inside(insideExpression(expression), inLoop, inLoop);
  }

  private inside(
    { expressions, blocks }: Inside,
    inLoop: boolean,
    inLoopBlocks: boolean,
  ): string | undefined {
    for (const [path, expression] of expressions) {
      const why = this.at(path, () => this.expression(expression, inLoop));
      if (why !== undefined) return why;
    }
    for (const [path, block] of blocks) {
      const why = this.at(path, () => this.block(block, inLoopBlocks));
      if (why !== undefined) return why;
    }
    return undefined;
  }

  private target(target: CallTarget): string | undefined {
    if (target.k !== "function") return undefined;
    const functions = target.scope === "agent" ? this.place.own : this.place.shared;
    return functions.has(target.name) ? undefined : "there is no such function";
  }

  private parametersOf(target: CallTarget): Parameters {
    switch (target.k) {
      case "function": {
        const functions = target.scope === "agent" ? this.place.own : this.place.shared;
        const names = (functions.get(target.name) ?? []).map(({ name }) => name);
        return { names, required: names };
      }
      case "builtin":
      case "method": {
        const [min = 0, max = 0] = BUILTINS.find(({ name }) => name === target.name)?.arity ?? [];
        return { min, max };
      }
      case "reason":
        return { names: REASON_PARAMETERS, required: ["user"] };
      default:
        return "of-a-tool";
    }
  }

  /** Keeps the way when something was found there. */
  private at(path: Path, look: () => string | undefined): string | undefined {
    const { length } = this.path;
    this.path.push(...path);
    const why = look();
    if (why === undefined) this.path.length = length;
    return why;
  }
}

/** Names, a number of positional ones, or what only the table of tools knows. */
type Parameters =
  | { readonly names: readonly string[]; readonly required: readonly string[] }
  | { readonly min: number; readonly max: number }
  | "of-a-tool";

/** Why arguments are not those of a call, or undefined when they are. */
const misfit = (given: readonly Argument[], parameters: Parameters): string | undefined => {
  if (parameters === "of-a-tool") {
    const named = given.flatMap(({ name }) => name ?? []);
    return repeated(named) === -1 ? undefined : "a parameter is given twice";
  }
  if ("min" in parameters) {
    const { min, max } = parameters;
    if (given.some(({ name }) => name !== null)) return "the arguments have names";
    return given.length >= min && given.length <= max ? undefined : `${min} to ${max} arguments are taken`;
  }
  let next = 0;
  const names = given.map(({ name }) => name ?? parameters.names[next++] ?? "");
  if (repeated(names) !== -1 || names.some((name) => !parameters.names.includes(name))) {
    return "an argument that is for no parameter, or given twice";
  }
  return parameters.required.every((name) => names.includes(name)) ? undefined : "an argument is left out";
};
