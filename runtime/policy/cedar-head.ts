import type { Span } from "#protocol/source.ts";
import type { CedarToken } from "./cedar-tokens.ts";
import { cedarString } from "./cedar-literal.ts";
import { stringValue } from "./cedar-tokens.ts";

/*
 * What stands before and between the conditions of one Cedar policy. Cedar reads the policy too,
 * and the engine compares: a policy that the two read differently is refused.
 */

export interface PolicyHead {
  readonly annotations: readonly Annotation[];
  readonly effect: "permit" | "forbid";
  readonly action: ActionScope;
  /** Where that part of the scope stands, from the word `action`. */
  readonly actionSpan: Span;
  /** The other two parts of the scope as `PolicyShape` writes them, such as `principal is Agent`. */
  readonly principal: string;
  readonly resource: string;
  readonly clauses: readonly Clause[];
}

export interface Annotation {
  readonly key: string;
  /** Empty where the annotation has none. */
  readonly value: string;
  readonly span: Span;
}

/** Which actions the scope admits, as Cedar writes it; ids are those of `Action` entities. */
export type ActionScope =
  | { readonly k: "any" }
  | { readonly k: "is"; readonly id: string }
  | { readonly k: "in"; readonly ids: readonly string[] };

/** One `when` or `unless` with the tokens between its braces. */
export interface Clause {
  readonly k: "when" | "unless";
  readonly tokens: readonly CedarToken[];
}

export interface EntityLiteral {
  readonly type: string;
  /** Undefined where the id holds an escape that only Cedar reads. */
  readonly id: string | undefined;
  readonly span: Span;
  /** The token before it, such as `==`. */
  readonly before: CedarToken | undefined;
  /** Whether it is what `in` asks about, alone or in a list that is written out. */
  readonly isBehindIn: boolean;
}

/** The head of the policy that `tokens` hold, or undefined where Cedar will refuse it too. */
export const policyHead = (tokens: readonly CedarToken[]): PolicyHead | undefined => {
  // Cedar may take for white space what is none to us, and a name that is split by it would not be found.
  if (tokens.some(({ kind }) => kind === "unknown")) return undefined;
  const reader = new HeadReader(tokens);
  try {
    return reader.head();
  } catch (error) {
    if (error instanceof NotAPolicy) return undefined;
    throw error;
  }
};

/** Every `Type::"id"` of a policy, in its scope and its conditions. */
export const entityLiterals = (tokens: readonly CedarToken[]): readonly EntityLiteral[] => {
  const found: EntityLiteral[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "string" || tokens[index - 1]?.text !== "::") continue;
    let first = index - 2;
    while (tokens[first - 1]?.text === "::" && tokens[first - 2]?.kind === "word") first -= 2;
    const type = tokens
      .slice(first, index - 1)
      .map((part) => part.text)
      .join("");
    found.push({
      type,
      id: stringValue(token),
      span: [tokens[first]?.start ?? token.start, token.end],
      before: tokens[first - 1],
      isBehindIn: isBehindIn(tokens, first),
    });
  }
  return found;
};

/** Looks back from a token over the list that it may stand in. */
const isBehindIn = (tokens: readonly CedarToken[], first: number): boolean => {
  if (tokens[first - 1]?.text === "in") return true;
  for (let at = first - 1; at > 0; at -= 1) {
    const { kind, text } = tokens[at] ?? { kind: "mark", text: "" };
    if (text === "[") return tokens[at - 1]?.text === "in";
    // A list of entities holds nothing else, so whatever else there is ends the search.
    if (kind !== "string" && kind !== "word" && text !== "::" && text !== ",") return false;
  }
  return false;
};

/** Thrown and caught in this file only. */
class NotAPolicy extends Error {}

class HeadReader {
  private readonly tokens: readonly CedarToken[];
  private at = 0;

  constructor(tokens: readonly CedarToken[]) {
    this.tokens = tokens;
  }

  head(): PolicyHead {
    const annotations: Annotation[] = [];
    while (this.peek() === "@") annotations.push(this.annotation());
    const effect = this.word("permit", "forbid");
    this.take("(");
    const principal = this.otherScope("principal", ",");
    const actionStart = this.at;
    const action = this.actionScope();
    const actionSpan = this.spanFrom(actionStart);
    this.take(",");
    const resource = this.otherScope("resource", ")");
    const clauses: Clause[] = [];
    while (this.peek() !== ";") clauses.push(this.clause());
    this.take(";");
    if (this.at !== this.tokens.length) throw new NotAPolicy();
    return { annotations, effect, action, actionSpan, principal, resource, clauses };
  }

  private annotation(): Annotation {
    const start = this.take("@").start;
    const key = this.next("word");
    if (this.peek() !== "(") return { key: key.text, value: "", span: [start, key.end] };
    this.take("(");
    const value = this.string();
    return { key: key.text, value, span: [start, this.take(")").end] };
  }

  private actionScope(): ActionScope {
    this.take("action");
    switch (this.peek()) {
      case "==":
        this.take("==");
        return { k: "is", id: this.actionId() };
      case "in":
        this.take("in");
        return { k: "in", ids: this.peek() === "[" ? this.actionList() : [this.actionId()] };
      default:
        return { k: "any" };
    }
  }

  private actionList(): readonly string[] {
    const ids: string[] = [];
    this.take("[");
    while (this.peek() !== "]") {
      ids.push(this.actionId());
      if (this.peek() === ",") this.take(",");
    }
    this.take("]");
    return ids;
  }

  private actionId(): string {
    this.take("Action");
    this.take("::");
    return this.string();
  }

  /** `name …` up to `end`, of which Cedar allows a comma before `)`. */
  private otherScope(name: string, end: "," | ")"): string {
    let text = this.take(name).text;
    while (this.peek() !== end && this.peek() !== ",") {
      const token = this.tokens[this.at];
      if (token === undefined || !PRINCIPAL_OR_RESOURCE.test(token.text)) throw new NotAPolicy();
      const isWithinName = token.text === "::" || text.endsWith("::");
      text += `${isWithinName ? "" : " "}${token.kind === "string" ? cedarString(this.string()) : this.take(token.text).text}`;
    }
    if (this.peek() !== end) this.take(",");
    this.take(end);
    return text;
  }

  private clause(): Clause {
    const k = this.word("when", "unless");
    this.take("{");
    const start = this.at;
    let depth = 1;
    for (; depth > 0; this.at += 1) {
      const text = this.peek();
      if (text === undefined) throw new NotAPolicy();
      if (text === "{") depth += 1;
      if (text === "}") depth -= 1;
    }
    return { k, tokens: this.tokens.slice(start, this.at - 1) };
  }

  /** From a token up to the one that was read last. */
  private spanFrom(first: number): Span {
    return [this.tokens[first]?.start ?? 0, this.tokens[this.at - 1]?.end ?? 0];
  }

  private peek(): string | undefined {
    return this.tokens[this.at]?.text;
  }

  private take(text: string): CedarToken {
    const token = this.tokens[this.at];
    if (token?.text !== text) throw new NotAPolicy();
    this.at += 1;
    return token;
  }

  private next(kind: CedarToken["kind"]): CedarToken {
    const token = this.tokens[this.at];
    if (token?.kind !== kind) throw new NotAPolicy();
    this.at += 1;
    return token;
  }

  private string(): string {
    const value = stringValue(this.next("string"));
    if (value === undefined) throw new NotAPolicy();
    return value;
  }

  private word<Word extends string>(...words: readonly Word[]): Word {
    const token = this.next("word");
    const found = words.find((word) => word === token.text);
    if (found === undefined) throw new NotAPolicy();
    return found;
  }
}

/** `== Type::"id"`, `in Type::"id"`, `is Type`. */
const PRINCIPAL_OR_RESOURCE = /^(?:==|::|[A-Za-z_][A-Za-z0-9_]*|"[^]*")$/;
