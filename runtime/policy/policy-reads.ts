import { policyHead } from "./cedar-head.ts";
import type { CedarToken } from "./cedar-tokens.ts";
import { cedarTokens, stringValue } from "./cedar-tokens.ts";

/**
 * Which parts of a request some policies can look at. Handing a request to the engine costs more
 * than evaluating it, so what no policy can see is left out.
 *
 * Sound because Cedar has no computed names: an attribute is reached by its name, written as a word
 * or as a string, or as part of a whole record. Whoever uses a record as a value sees all of it.
 * An attribute of an entity is reached only by a condition that has the entity, as a variable or by
 * its id: the scope compares entities, and neither the context nor an attribute holds any.
 */
export interface PolicyReads {
  /** Whether any policy can see an attribute, an entity type or an action id of that name. */
  sees(name: string): boolean;
  /** Whether any policy can look at the attributes of that entity of the request. */
  reaches(entity: EntityVariable): boolean;
  /** Whether any policy can see the member `key` of the context's record `record`. */
  seesMember(record: "args" | "inputs", key: string): boolean;
}

export type EntityVariable = "principal" | "resource";

export const policyReads = (policies: readonly NamesInPolicy[]): PolicyReads => {
  // Asked several times by every decision, so what all policies name is gathered before.
  const names = new Set(policies.flatMap((policy) => [...policy.names]));
  const whole = new Set(policies.flatMap((policy) => [...policy.whole]));
  const entities = new Set(policies.flatMap((policy) => [...policy.entities]));
  const everything = whole.has("context");
  return {
    sees: (name) => everything || names.has(name),
    reaches: (entity) => everything || entities.has(entity),
    seesMember: (record, key) => everything || (names.has(record) && (whole.has(record) || names.has(key))),
  };
};

export interface NamesInPolicy {
  /** Every word and the value of every string. */
  readonly names: ReadonlySet<string>;
  /** Those that stand for a whole value: what follows does not reach into it. */
  readonly whole: ReadonlySet<string>;
  /** What its conditions have in hand. */
  readonly entities: ReadonlySet<EntityVariable>;
}

export const namesInPolicy = (policy: string): NamesInPolicy => {
  const names = new Set<string>();
  const whole = new Set<string>();
  const tokens = cedarTokens(policy);
  for (const [index, token] of tokens.entries()) {
    const name = nameOf(token);
    if (name === undefined) continue;
    if (name === ANYTHING) whole.add("context");
    names.add(name);
    if (!LOOKS_INSIDE.has(tokens[index + 1]?.text ?? "")) whole.add(name);
  }
  return { names, whole, entities: entitiesIn(tokens) };
};

/** A literal in a condition may name either entity of a request. So may a policy whose head is not understood. */
const entitiesIn = (tokens: readonly CedarToken[]): ReadonlySet<EntityVariable> => {
  const conditions = policyHead(tokens)?.clauses.flatMap((clause) => clause.tokens);
  const found = new Set((conditions ?? tokens).map(({ text }) => text));
  const isLiteral = found.has("::");
  return new Set(ENTITY_VARIABLES.filter((variable) => isLiteral || found.has(variable)));
};

const ENTITY_VARIABLES: readonly EntityVariable[] = ["principal", "resource"];

/** Stands for a string whose value only Cedar knows. */
const ANYTHING = "\u0000";

const nameOf = (token: CedarToken): string | undefined => {
  if (token.kind === "word") return token.text;
  return token.kind === "string" ? (stringValue(token) ?? ANYTHING) : undefined;
};

/** Behind a record these reach for one attribute of it. */
const LOOKS_INSIDE: ReadonlySet<string> = new Set([".", "[", "has"]);
