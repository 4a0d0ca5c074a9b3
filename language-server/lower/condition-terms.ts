import type { ActionPattern, Expression } from "#protocol/agent-spec.ts";
import { CONDITION_ROOTS, type ConditionType } from "#protocol/agent-spec-condition.ts";
import { commonForm, type PathForm } from "#protocol/call-path.ts";
import type { KnownValues } from "#protocol/known-values.ts";
import type { Span } from "#protocol/source.ts";
import { didYouMean, listed, quoted, type ReportOptions } from "../semantics/reporter.ts";
import {
  argumentType,
  type ConditionInputs,
  contextType,
  type Found,
  inputType,
  principalType,
  resourceType,
} from "./condition-names.ts";
import type { TermType } from "./condition-types.ts";
import type { LowerContext } from "./context.ts";
import { CONSTANTS } from "./scope.ts";

/** An expression whose type is known. */
export interface Typed {
  readonly expression: Expression;
  readonly type: TermType;
  /** Which paths it can be, where it is the path of a call. */
  readonly path?: PathForm | undefined;
  /** What it can be, or hold, where that is known beforehand. */
  readonly values?: KnownValues | undefined;
}

export const ASK = "A condition asks about `args`, `principal`, `resource`, `context` and `inputs`.";

/** Finds what the names of one rule's condition stand for. */
export class ConditionTerms {
  private readonly context: LowerContext;
  private readonly inputs: ConditionInputs;
  private readonly patterns: readonly ActionPattern[];

  constructor(context: LowerContext, inputs: ConditionInputs, patterns: readonly ActionPattern[]) {
    this.context = context;
    this.inputs = inputs;
    this.patterns = patterns;
  }

  /** The value of a name with the fields behind it, or undefined with the reason reported. */
  named(name: string, path: readonly string[], nameSpan: Span, span: Span): Typed | undefined {
    const [field, ...more] = path;
    if (CONSTANTS.has(name) && field === undefined) {
      const value = CONSTANTS.get(name);
      if (typeof value === "boolean") return { expression: { k: "literal", value, span }, type: "boolean" };
      this.refuse(span, "a condition has no `null`: what is not there makes it err");
      return undefined;
    }
    if (CONDITION_ROOTS.includes(name)) {
      if (field === undefined || more.length > 0) {
        this.refuse(
          span,
          field === undefined ? `\`${name}\` alone is not a value` : "the value has no fields",
          {
            help: ASK,
          },
        );
        return undefined;
      }
      const object: Expression = { k: "name", name, span: nameSpan };
      return this.found(this.typeOf(name, field), field, { k: "member", object, name: field, span });
    }
    if (field !== undefined) {
      this.refuse(nameSpan, `nothing here is called ${quoted(name)}`, {
        help: ASK,
        ...didYouMean(this.context.reporter.nearest(name, CONDITION_ROOTS), nameSpan),
      });
      return undefined;
    }
    return this.bare(name, span);
  }

  private typeOf(root: string, field: string): Found {
    switch (root) {
      case "args":
        return argumentType(field, this.patterns, this.context.tools);
      case "principal":
        return principalType(field);
      case "resource":
        return resourceType(field, this.patterns, this.context.tools);
      case "context":
        return contextType(field);
      default:
        return inputType(field, this.inputs);
    }
  }

  /** A name that the patterns bind, else a parameter of the agent. */
  private bare(name: string, span: Span): Typed | undefined {
    const parameters = this.patterns.map(
      ({ arguments: bound }) => bound.find((one) => one.k === "bind" && one.as === name)?.parameter,
    );
    const expression: Expression = { k: "name", name, span };
    if (parameters.some((parameter) => parameter !== undefined)) return this.bound(name, expression);
    if (this.inputs.bare && this.inputs.types.has(name)) {
      return this.found(inputType(name, this.inputs), name, expression);
    }
    const known = [
      ...this.patterns.flatMap((pattern) =>
        pattern.arguments.flatMap((one) => (one.k === "bind" ? [one.as] : [])),
      ),
      ...(this.inputs.bare ? this.inputs.types.keys() : []),
    ];
    this.refuse(span, `nothing here is called ${quoted(name)}`, {
      help: `${ASK} Bind an argument by naming it in the pattern, as in \`read_file(path)\`.`,
      ...didYouMean(this.context.reporter.nearest(name, known), span),
    });
    return undefined;
  }

  private bound(name: string, expression: Expression): Typed | undefined {
    let type: ConditionType | undefined;
    const forms: (PathForm | undefined)[] = [];
    for (const pattern of this.patterns) {
      const parameter = pattern.arguments.find((one) => one.k === "bind" && one.as === name)?.parameter;
      if (parameter === undefined) {
        this.refuse(expression.span, `${quoted(name)} is not bound by ${quoted(pattern.name)}`, {
          help: "Bind the name in every pattern of the rule, or write a rule for each.",
        });
        return undefined;
      }
      const found = argumentType(parameter, [pattern], this.context.tools);
      const one = "type" in found ? found.type : undefined;
      if (type !== undefined && one !== type) {
        this.refuse(expression.span, `${quoted(name)} is of another type in ${quoted(pattern.name)}`);
        return undefined;
      }
      type = one;
      forms.push("type" in found ? found.path : undefined);
    }
    return type === undefined ? undefined : { expression, type, path: commonForm(forms) };
  }

  private found(found: Found, name: string, expression: Expression): Typed | undefined {
    if ("type" in found) return { expression, type: found.type, path: found.path, values: found.values };
    const end = expression.span[1];
    this.refuse(expression.span, `${quoted(name)} cannot be asked for: ${found.why}`, {
      help: found.known.length > 0 ? `Known here: ${listed(found.known, "and")}.` : ASK,
      ...didYouMean(this.context.reporter.nearest(name, found.known), [end - name.length, end]),
    });
    return undefined;
  }

  private refuse(span: Span, message: string, options: ReportOptions = {}): void {
    this.context.reporter.report("WRIT069", span, message, options);
  }
}
