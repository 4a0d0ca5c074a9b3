import type { CedarToken } from "./cedar-tokens.ts";
import { cedarTokens, stringValue } from "./cedar-tokens.ts";

/**
 * Which parts of a request some policies can look at. Handing a request to the engine costs more
 * than evaluating it, so what no policy can see is left out.
 *
 * Sound because Cedar has no computed names: an attribute is reached by its name, written as a word
 * or as a string, or as part of a whole record. Whoever uses a record as a value sees all of it.
 */
export interface PolicyReads {
  /** Whether any policy can see an attribute, an entity type or an action id of that name. */
  sees(name: string): boolean;
  /** Whether any policy can see the member `key` of the context's record `record`. */
  seesMember(record: "args" | "inputs", key: string): boolean;
}

export const policyReads = (policies: readonly NamesInPolicy[]): PolicyReads => {
  const everything = policies.some(({ whole }) => whole.has("context"));
  const names = (name: string): boolean => policies.some((policy) => policy.names.has(name));
  const whole = (name: string): boolean => policies.some((policy) => policy.whole.has(name));
  return {
    sees: (name) => everything || names(name),
    seesMember: (record, key) => everything || (names(record) && (whole(record) || names(key))),
  };
};

export interface NamesInPolicy {
  /** Every word and the value of every string. */
  readonly names: ReadonlySet<string>;
  /** Those that stand for a whole value: what follows does not reach into it. */
  readonly whole: ReadonlySet<string>;
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
  return { names, whole };
};

/** Stands for a string whose value only Cedar knows. */
const ANYTHING = "\u0000";

const nameOf = (token: CedarToken): string | undefined => {
  if (token.kind === "word") return token.text;
  return token.kind === "string" ? (stringValue(token) ?? ANYTHING) : undefined;
};

/** Behind a record these reach for one attribute of it. */
const LOOKS_INSIDE: ReadonlySet<string> = new Set([".", "[", "has"]);
