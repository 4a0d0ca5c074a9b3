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

export const policyReads = (policies: readonly string[]): PolicyReads => {
  const names = new Set<string>();
  const whole = new Set<string>();
  for (const policy of policies) {
    const tokens = cedarTokens(policy);
    for (const [index, token] of tokens.entries()) {
      const name = nameOf(token);
      if (name === undefined) continue;
      if (name === ANYTHING) whole.add("context");
      names.add(name);
      if (!LOOKS_INSIDE.has(tokens[index + 1]?.text ?? "")) whole.add(name);
    }
  }
  const everything = whole.has("context");
  return {
    sees: (name) => everything || names.has(name),
    seesMember: (record, key) => everything || (names.has(record) && (whole.has(record) || names.has(key))),
  };
};

/** Stands for a string whose value only Cedar knows. */
const ANYTHING = "\u0000";

const nameOf = (token: CedarToken): string | undefined => {
  if (token.kind === "word") return token.text;
  return token.kind === "string" ? (stringValue(token) ?? ANYTHING) : undefined;
};

/** Behind a record these reach for one attribute of it. */
const LOOKS_INSIDE: ReadonlySet<string> = new Set([".", "[", "has"]);
